import ProxyCore
import Synchronization
import XCTest

/// Two thousand callers that do odd things, and an upstream that does too, beside one caller who notices nothing of it.
final class StormTests: ProxyTestCase {
    private static let connections = 1200
    private static let threads = 6

    func testAWellBehavedCallerNoticesNothing() throws {
        let seed = UInt64.random(in: 0 ... .max)
        let upstream = try ScriptedUpstream { try OddUpstream.serve($0) }
        let proxy = try openProxy(
            upstream, #""limits": {"body_bytes": 100000}, "timeouts": {"request_head_seconds": 1}"#, workers: 2)
        let address = proxy.server.address
        let next = Counter()
        let storm = try (0..<Self.threads).map { _ in
            try Thread.start(name: "storm") {
                while true {
                    let number = next.take()
                    guard number < Self.connections else { return }
                    var caller = OddCaller(seed: seed &+ UInt64(number))
                    // What becomes of it is its own business.
                    try? caller.call(address)
                }
            }
        }
        var calls = 0
        while next.value < Self.connections || calls < 200 {
            try behave(proxy, call: calls, "seed \(seed)")
            calls += 1
        }
        for thread in storm { thread.join() }
        try assertQuiet(proxy)
        upstream.stop()
        XCTAssertFalse(upstream.requests.contains { $0.head.contains("smuggled") && $0.target == "/smuggled" })
    }

    private func behave(_ proxy: ProxyFixture, call: Int, _ seed: String) throws {
        let client = try proxy.client()
        for number in 0..<3 {
            let target = "/good/\(call)/\(number)"
            try client.send(RequestText.of("GET", target))
            let answer = try client.response()
            XCTAssertEqual(answer.status, 200, seed)
            XCTAssertEqual(answer.text, target, seed)
        }
        client.close()
    }

    private final class Counter: Sendable {
        private let count = Atomic<Int>(0)

        func take() -> Int { count.wrappingAdd(1, ordering: .relaxed).oldValue }
        var value: Int { count.load(ordering: .relaxed) }
    }
}

/// Answers as the target says; in good order for `/good`.
private enum OddUpstream {
    static func serve(_ talk: ScriptedConversation) throws {
        while let request = try talk.nextHead() {
            switch request.target {
            case "/early": return try talk.answer("413 Content Too Large")
            case "/gone": return
            case "/reset": return talk.reset()
            default: break
            }
            _ = try talk.body(of: request)
            switch request.target {
            case "/half": return try talk.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
            case "/nonsense": return try talk.send("HELLO\r\n\r\n")
            case "/stray": try talk.answer("200 OK", body: "ok\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad")
            case "/excess":
                // In one piece: what comes later than the next request's head nobody can tell from its answer.
                let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
                try talk.send(answer + "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad")
            case "/close":
                try talk.answer()
                return
            case "/long": try talk.answer(body: String(repeating: "x", count: 300_000))
            case "/chunks":
                try talk.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX: 1\r\n\r\n")
            case "/hints": try talk.send("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n")
            default: try talk.answer(body: request.target)
            }
        }
    }
}

/// One connection of somebody who may do anything.
private struct OddCaller {
    private var random: SeededRandom
    private static let targets = [
        "/early", "/gone", "/reset", "/half", "/nonsense", "/stray", "/excess", "/close", "/long", "/chunks", "/hints",
        "/plain", "/plain",
    ]

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    mutating func call(_ address: SocketAddress) throws {
        let connection = RawConnection(
            try Socket.connect(to: address), cancel: try WakeUp(), waitMax: .milliseconds(200))
        let text = (0...random.next(upTo: 4)).map { _ in request() }.joined()
        var bytes = Array(text.utf8)
        if random.next(upTo: 4) == 0 { bytes = Array(bytes.prefix(random.next(upTo: bytes.count))) }
        if random.next(upTo: 6) == 0, !bytes.isEmpty {
            bytes[random.next(upTo: bytes.count)] = UInt8(random.next(upTo: 256))
        }
        while !bytes.isEmpty {
            let count = random.next(upTo: 3) == 0 ? 1 + random.next(upTo: bytes.count) : bytes.count
            try connection.send(Array(bytes.prefix(count)))
            bytes.removeFirst(count)
        }
        try leave(connection)
    }

    private mutating func request() -> String {
        let target = Self.targets[random.next(upTo: Self.targets.count)]
        let version = random.next(upTo: 8) == 0 ? "1.0" : "1.1"
        let fields = random.next(upTo: 6) == 0 ? "Connection: close\r\n" : ""
        let head = "\(target) HTTP/\(version)\r\nHost: a\r\n\(fields)"
        let body = String(repeating: "b", count: random.next(upTo: 4) == 0 ? 60_000 : random.next(upTo: 40))
        switch random.next(upTo: 8) {
        case 0: return "POST \(head)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
        case 1 where !body.isEmpty:
            let size = String(body.utf8.count, radix: 16)
            return "PUT \(head)Transfer-Encoding: chunked\r\n\r\n\(size)\r\n\(body)\r\n0\r\n\r\n"
        case 2: return "POST \(head)Transfer-Encoding: chunked\r\n\r\nzz\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
        case 3: return "POST \(head)Content-Length: 200000\r\n\r\n\(body)"
        case 4: return "POST \(head)Content-Length: 3\r\nExpect: 100-continue\r\n\r\nabc"
        case 5: return "HEAD \(head)\r\n"
        case _: return "GET \(head)\r\n"
        }
    }

    private mutating func leave(_ connection: RawConnection) throws {
        switch random.next(upTo: 5) {
        case 0: connection.reset()
        case 1: connection.close()
        case 2:
            _ = try connection.receive()
            connection.reset()
        case 3:
            connection.endSending()
            _ = try connection.readToEnd()
        case _: _ = try connection.readToEnd()
        }
    }
}
