import Glibc
import ProxyCore
import XCTest

/// A process that has no descriptor left neither spins nor gives up: it goes on when there are some again.
final class DescriptorShortageTests: ProxyTestCase {
    func testAcceptingRestsAndResumes() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try openProxy(upstream)
        // The connection to the upstream stands, so that none is needed later.
        XCTAssertEqual(try proxy.answer(RequestText.of("GET", "/")).status, 200)
        let shortage = try DescriptorShortage()
        // What one client takes; none is left for the proxy's end of it.
        shortage.giveBack(2)
        let client = try proxy.client()
        try client.send(RequestText.of("GET", "/"))
        let entry = try proxy.log.entries.await("accept_failed") { $0.event == "accept_failed" }
        XCTAssertEqual(entry["error"], "accept: Too many open files")
        XCTAssertEqual(client.connection.pending, [])
        shortage.end()
        XCTAssertEqual(try client.response().status, 200)
        XCTAssertEqual(try proxy.answer(RequestText.of("GET", "/")).status, 200)
        client.close()
        try assertQuiet(proxy)
    }

    /// Enough to accept, none for a connection to the upstream.
    func testNoDescriptorForTheUpstream() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try ProxyFixture(
            upstream.url,
            routes: #"{"path": "/", "public": true}, {"path": "/closed", "scopes": ["profile:read"]}"#)
        let client = try proxy.client()
        try client.send(RequestText.of("GET", "/closed"))
        XCTAssertEqual(try client.response().status, 401)
        let shortage = try DescriptorShortage()
        try client.send(RequestText.of("GET", "/"))
        let answer = try client.response()
        XCTAssertEqual(answer.status, 502)
        XCTAssertEqual(answer.code, "upstream_unreachable")
        shortage.end()
        try client.send(RequestText.of("GET", "/"))
        XCTAssertEqual(try client.response().status, 200)
        client.close()
        try assertQuiet(proxy)
    }
}

/// Holds every descriptor that the process may still have, until its end or `end`.
final class DescriptorShortage {
    private var held: [Int32] = []
    private var before = rlimit()

    init() throws {
        let count = try OpenDescriptors.count()
        XCTAssertEqual(unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &before), 0)
        var lowered = before
        lowered.rlim_cur = min(before.rlim_cur, rlim_t(count + 64))
        XCTAssertEqual(unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &lowered), 0)
        while true {
            let copy = dup(2)
            guard copy >= 0 else { break }
            held.append(copy)
        }
        XCTAssertEqual(errno, EMFILE)
    }

    func giveBack(_ count: Int) {
        for _ in 0..<count { if let descriptor = held.popLast() { close(descriptor) } }
    }

    deinit { end() }

    func end() {
        giveBack(held.count)
        XCTAssertEqual(unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &before), 0)
    }
}
