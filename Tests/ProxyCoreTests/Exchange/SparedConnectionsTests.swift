import ProxyCore
import XCTest

/// Which connections go when all places are taken, over sockets.
final class SparedConnectionsTests: ProxyTestCase {
    private func limits(_ connections: Int, min seconds: Double = 0.001) -> String {
        "\"limits\": {\"connections\": \(connections)}, \"timeouts\": {\"keep_alive_min_seconds\": \(seconds)}"
    }

    private func served(_ proxy: ProxyFixture) throws -> RawClient {
        let client = try proxy.client()
        try ask(client)
        return client
    }

    private func ask(_ client: RawClient) throws {
        try client.send(RequestText.of("GET", "/"))
        XCTAssertEqual(try client.response().status, 200)
    }

    /// Who has asked for nothing goes first, then who has been idle for longest.
    func testTheLongestIdleMakesRoom() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try openProxy(upstream, limits(3) + ", \"admin\": \"127.0.0.1:0\"")
        let (first, second) = (try served(proxy), try served(proxy))
        let silent = try proxy.client()
        // The proxy has seen it once it has answered somebody who came later on the same listener.
        try first.connection.pause(.milliseconds(20))
        try ask(first)
        try first.connection.pause(.milliseconds(20))
        let third = try served(proxy)
        try silent.assertClosed()
        try first.connection.pause(.milliseconds(20))
        let fourth = try served(proxy)
        try second.assertClosed()
        for client in [first, third, fourth] { try ask(client) }
        let admin = try AdminClient(proxy)
        _ = try admin.awaitMetrics(["scopeproxy_connections_evicted_total": 2, "scopeproxy_connections": 3])
        let told = try proxy.log.entries.await("the warning") { $0.event == "connections_exhausted" }
        XCTAssertEqual(told.number("connections"), 3)
        for client in [first, third, fourth] { client.close() }
        try assertQuiet(proxy)
    }

    func testAFloodOfSilentConnectionsKeepsNobodyOut() throws {
        for workers in [1, 2] {
            let upstream = try ScriptedUpstream()
            // Time enough to send a request after the connection has been accepted, also on a busy machine.
            let proxy = try openProxy(upstream, limits(50, min: 0.1), workers: workers)
            var flood: [RawClient] = []
            for round in 0..<5 {
                for _ in 0..<60 { flood.append(try proxy.client()) }
                let client = try served(proxy)
                try ask(client)
                client.close()
                XCTAssertLessThanOrEqual(proxy.server.budget.connections, 50, "round \(round)")
            }
            XCTAssertEqual(upstream.requests.count, 10)
            for client in flood { client.close() }
            try assertQuiet(proxy)
        }
    }

    /// A request under way, a head that has begun to come, and what has just been answered stay.
    func testBusyConnectionsStay() throws {
        let release = try WakeUp()
        let upstream = try ScriptedUpstream { talk in
            while let request = try talk.nextRequest() {
                if request.target == "/held" {
                    let patience = Patience(until: .never, cancel: try WakeUp()).atMost(.seconds(20))
                    try patience.awaitSignal(of: release)
                }
                try talk.answer()
            }
        }
        let proxy = try openProxy(upstream, limits(3, min: 3600))
        let (held, begun, kept) = (try proxy.client(), try proxy.client(), try served(proxy))
        try held.send(RequestText.of("GET", "/held"))
        try begun.send("GET / HTTP/1.1\r\nHost: a\r\n")
        for _ in 0..<4000 where !upstream.requests.contains(where: { $0.target == "/held" }) {
            try kept.connection.pause(.milliseconds(5))
        }
        let waiting = try proxy.client()
        try waiting.send(RequestText.of("GET", "/waited"))
        // Several times as long as the listener rests.
        for _ in 0..<30 { try kept.connection.pause(.milliseconds(10)) }
        XCTAssertFalse(upstream.requests.contains { $0.target == "/waited" })
        release.signal()
        XCTAssertEqual(try held.response().status, 200)
        try begun.send("\r\n")
        XCTAssertEqual(try begun.response().status, 200)
        try ask(kept)
        kept.close()
        XCTAssertEqual(try waiting.response().status, 200)
        for client in [held, begun, waiting] { client.close() }
        try assertQuiet(proxy)
    }

    /// What has been sent on a connection that is to go is answered first.
    func testARequestThatComesAtThatMomentIsAnswered() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try openProxy(upstream, limits(4))
        for _ in 0..<50 {
            let clients = try (0..<4).map { _ in try served(proxy) }
            // It would be the first to go, but its request is here before the one that wants a place.
            try clients[0].send(RequestText.of("GET", "/"))
            let new = try proxy.client()
            try new.send(RequestText.of("GET", "/"))
            XCTAssertEqual(try clients[0].response().status, 200)
            XCTAssertEqual(try new.response().status, 200)
            try clients[1].assertClosed()
            for client in clients + [new] { client.close() }
        }
        try assertQuiet(proxy)
    }
}
