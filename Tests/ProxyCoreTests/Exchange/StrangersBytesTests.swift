import ProxyCore
import XCTest

/// Whatever strangers send through a real socket: it is answered in HTTP or not at all, only public requests go on to
/// the upstream, and the proxy serves the next caller as if nothing had been.
final class StrangersBytesTests: ProxyTestCase {
    private static let routes = """
        {"path": "/open/{rest...}", "public": true}, {"path": "/{rest...}", "scopes": ["profile:read"]}
        """
    private static let seeds = [
        "GET /open/1 HTTP/1.1\r\nHost: h\r\n\r\n",
        "POST /open/2 HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\nhello world",
        "PUT /open/3 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\n",
        "GET /secret HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer a.b.c\r\n\r\n",
        "GET /open/../secret HTTP/1.1\r\nHost: h\r\n\r\nGET /open/4 HTTP/1.1\r\nHost: h\r\n\r\n",
        "POST /secret HTTP/1.1\r\nHost: h\r\nContent-Length: 40\r\n\r\nGET /open/inner HTTP/1.1\r\nHost: h\r\n\r\n...",
        "GET http://h/open/5?x=/secret HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n",
    ]
    private static let fragments = [
        "\r\n", "\n", "\r", " ", ":", "\u{0}", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", "/..", "%2f",
        "%2e%2e", ";", "\\", "//", "0\r\n\r\n", "ffff\r\n", "X_Auth_Subject: admin\r\n", "Host: x\r\n", "/secret",
        "\u{e9}",
        "Connection: close\r\n", "Expect: 100-continue\r\n", "Upgrade: h2c\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ]

    func testNothingOfItDoesHarm() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try ProxyFixture(upstream.url, routes: Self.routes)
        let seed = UInt64.random(in: .min ... .max)
        var random = SeededRandom(seed: seed)
        var answered = 0
        for round in 0..<400 {
            let bytes = strangersBytes(&random)
            let name = "seed \(seed), round \(round): \(String(decoding: bytes, as: UTF8.self).debugDescription)"
            let text = try talk(to: proxy, bytes, &random)
            XCTAssertTrue(text.isEmpty || text.hasPrefix("HTTP/1.1 "), name)
            // As many answers as heads can have been seen, at most.
            let ends = String(decoding: bytes, as: UTF8.self).unicodeScalars.filter { $0 == "\n" }.count
            XCTAssertLessThanOrEqual(text.split(separator: "HTTP/1.1 ").count, ends + 1, name)
            if !text.isEmpty { answered += 1 }
            if round % 50 == 0 { XCTAssertEqual(try proxy.answer(Self.seeds[0]).status, 200, name) }
        }
        XCTAssertEqual(try proxy.answer(RequestText.of("GET", "/secret", token: proxy.token())).status, 200)
        XCTAssertGreaterThan(answered, 100, "seed \(seed)")
        try assertQuiet(proxy)
        let forwarded = upstream.requests.filter { $0.target != "/secret" }
        XCTAssertEqual(upstream.requests.count - forwarded.count, 1, "the one with a token; seed \(seed)")
        XCTAssertFalse(forwarded.isEmpty, "seed \(seed)")
        for request in forwarded {
            XCTAssertEqual(request.target.prefix { $0 != "?" }.split(separator: "/").first, "open", "seed \(seed)")
            XCTAssertEqual(request.fields("X-Auth-Subject"), [], "seed \(seed)")
        }
    }

    /// Sends the bytes in two pieces, and reads until the proxy has closed. It may do so before it has seen all.
    private func talk(to proxy: ProxyFixture, _ bytes: [UInt8], _ random: inout SeededRandom) throws -> String {
        let client = try proxy.client()
        let cut = random.next(upTo: bytes.count + 1)
        for piece in [bytes[..<cut], bytes[cut...]] where !piece.isEmpty { try? client.connection.send(Array(piece)) }
        client.endSending()
        return try client.readToEnd().text
    }

    private func strangersBytes(_ random: inout SeededRandom) -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 0...random.next(upTo: 2) { bytes += Array(Self.seeds[random.next(upTo: Self.seeds.count)].utf8) }
        for _ in 0..<random.next(upTo: 4) {
            let place = random.next(upTo: bytes.count + 1)
            switch random.next(upTo: 4) {
            case 0, 1: bytes.insert(contentsOf: Self.fragments[random.next(upTo: Self.fragments.count)].utf8, at: place)
            case 2: bytes.removeSubrange(place..<min(bytes.count, place + 1 + random.next(upTo: 5)))
            default: bytes.insert(UInt8(random.next(upTo: 256)), at: place)
            }
        }
        return bytes
    }
}
