import Foundation
import ProxyCore
import XCTest

/// Tests of running proxies: each has to give back every descriptor that it opened.
class ProxyTestCase: XCTestCase {
    private var descriptorsBefore: [String] = []

    override func setUpWithError() throws { descriptorsBefore = try OpenDescriptors.list() }

    override func tearDownWithError() throws {
        var left = try OpenDescriptors.list()
        // What a thread holds at its very end, it gives back a moment after it has told of that.
        for _ in 0..<400 where left.count > descriptorsBefore.count {
            try Self.pause()
            left = try OpenDescriptors.list()
        }
        XCTAssertLessThanOrEqual(
            left.count, descriptorsBefore.count,
            "descriptors were left open; before: \(descriptorsBefore), now: \(left)")
    }

    /// Keeps no descriptor open beyond itself.
    private static func pause() throws {
        try Patience(until: .never, cancel: try WakeUp()).atMost(.milliseconds(5)).awaitDeadline()
    }

    /// A proxy that lets everybody through, with further members of the configuration and of its one route.
    func openProxy(
        _ upstream: ScriptedUpstream, _ more: String = "", route: String = "", workers: Int = 1
    ) throws -> ProxyFixture {
        try openProxy(upstream.url, more, route: route, workers: workers)
    }

    func openProxy(
        _ upstream: String, _ more: String = "", route: String = "", workers: Int = 1
    ) throws -> ProxyFixture {
        let route = #"{"path": "/{rest...}", "public": true\#(route.isEmpty ? "" : ", " + route)}"#
        return try ProxyFixture(upstream, routes: route, more, workers: workers)
    }

    /// Drains the proxy, which ends only when every connection has: what it still waits for is a leak.
    func assertQuiet(_ proxy: ProxyFixture, file: StaticString = #filePath, line: UInt = #line) throws {
        proxy.server.drain()
        try proxy.awaitEnd(file: file, line: line)
        XCTAssertEqual(proxy.server.budget.connections, 0, file: file, line: line)
    }
}

extension ScriptedUpstream {
    /// Waits until something has come on connection `number`.
    func awaitBytes(_ number: Int) throws {
        let patience = Patience(until: .never, cancel: try WakeUp())
        for _ in 0..<4000 {
            if number < received.count, !received[number].isEmpty { return }
            try patience.atMost(.milliseconds(5)).awaitDeadline()
        }
        XCTFail("nothing came on connection \(number)")
    }
}

/// What this process holds open.
enum OpenDescriptors {
    static func count() throws -> Int { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count }

    /// What each of them is open on, but for what others open when they first need it, which may be in any test:
    /// libdispatch its timers, of which we have none, and a sanitizer the pipes to its symbolizer.
    static func list() throws -> [String] {
        let numbers = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").sorted()
        // One that is closed by now, as the list's own is, was not left open.
        let targets: [String] = numbers.compactMap { number in
            let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(number)")
            return target.map { "\(number) \($0)" }
        }
        let foreign = symbolizersFiles()
        return targets.filter { target in
            !target.hasSuffix("[timerfd]") && !foreign.contains { target.hasSuffix(" " + $0) }
        }
    }

    /// The pipes that a child process which names places in the code for a sanitizer has in common with this one.
    private static func symbolizersFiles() -> Set<String> {
        let files = FileManager.default
        var found: Set<String> = []
        for task in (try? files.contentsOfDirectory(atPath: "/proc/self/task")) ?? [] {
            let children = try? String(contentsOfFile: "/proc/self/task/\(task)/children", encoding: .utf8)
            for child in (children ?? "").split(whereSeparator: \.isWhitespace) {
                let name = try? String(contentsOfFile: "/proc/\(child)/comm", encoding: .utf8)
                guard name?.contains("symbolizer") ?? false else { continue }
                for number in (try? files.contentsOfDirectory(atPath: "/proc/\(child)/fd")) ?? [] {
                    let target = try? files.destinationOfSymbolicLink(atPath: "/proc/\(child)/fd/\(number)")
                    if let target, target.hasPrefix("pipe:") { found.insert(target) }
                }
            }
        }
        return found
    }
}
