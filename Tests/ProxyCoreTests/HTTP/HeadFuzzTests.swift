import ProxyCore
import XCTest

/// Heads that were right once, damaged at random: whatever they become, the parsers do not crash, do not read past the
/// end (the bytes lie in guarded memory), and answer the same however the bytes are cut.
final class HeadFuzzTests: XCTestCase {
    private let requests = [
        "GET /a/b?c=d HTTP/1.1\r\nHost: example.com:80\r\nConnection: keep-alive, X-A\r\nX-A: b\r\n\r\n",
        "\r\nPOST / HTTP/1.1\r\nhost: h\r\nContent-Length: 12\r\nExpect: 100-continue\r\n\r\nhello world!",
        "PUT http://h/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "PATCH /%2e%2e//;a HTTP/1.0\r\nAuthorization: Bearer a.b.c\r\nConnection: close\r\nX: \t\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: [::1]:8080\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    ]
    private let responses = [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nDate: x\r\n\r\nhello",
        "HTTP/1.0 404 \r\nConnection: keep-alive\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
        "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\nA:\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n",
    ]
    private let fragments = [
        "\r\n", "\n", "\r", " ", "\t", ":", ",", "\u{0}", "\r\n ", "Host: h\r\n", "Content-Length: 5\r\n", "#", "?",
        "_", "Transfer-Encoding: chunked\r\n", "Content_Length: 1\r\n", " HTTP/1.1", "\u{e9}", "0", "/", "\r\n\r\n",
        "close", "99999999999999999999", "http://", "@", "[", "%",
    ]
    /// Small, so that the mutations reach them.
    private let limits = HeadLimits(headBytes: 150, fields: 5, targetBytes: 20)

    func testDamagedRequests() { fuzz(RequestFeeder(), requests, seed: 0xD00D_1E5) }

    func testDamagedResponses() { fuzz(ResponseFeeder(), responses, seed: 0xFEED_5EED) }

    private func fuzz(_ feeder: some HeadFeeder, _ heads: [String], seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var counts = [0, 0, 0]
        for round in 0..<10_000 {
            var bytes = Array(heads[random.next(upTo: heads.count)].utf8)
            for _ in 0...random.next(upTo: 4) { damage(&bytes, &random) }
            let outcome = feeder.whole(bytes, limits: limits)
            let cuts = (0..<3).map { _ in random.next(upTo: bytes.count + 1) }.sorted()
            let parts = feeder.inPieces(bytes, cuts: cuts, limits: limits)
            let name = "seed \(seed), round \(round), cuts \(cuts): \(bytes)"
            guard parts == outcome else { return XCTFail("\(outcome) or \(parts): \(name)") }
            switch outcome {
            case .incomplete: counts[0] += 1
            case .complete(let count, _):
                counts[1] += 1
                XCTAssertLessThanOrEqual(count, min(bytes.count, limits.headBytes), name)
            case .refused(let error):
                counts[2] += 1
                // A refusal stands, whatever comes next.
                let more = feeder.whole(bytes + random.bytes(3), limits: limits)
                XCTAssertEqual(more, .refused(error), name)
            }
        }
        // The mutations are worth something only if they lead everywhere.
        XCTAssertTrue(counts.allSatisfy { $0 > 200 }, "incomplete, complete, refused: \(counts)")
    }

    private func damage(_ bytes: inout [UInt8], _ random: inout SeededRandom) {
        let place = random.next(upTo: bytes.count + 1)
        switch random.next(upTo: 5) {
        case 0: bytes.insert(contentsOf: Array(fragments[random.next(upTo: fragments.count)].utf8), at: place)
        case 1: bytes.removeSubrange(place..<min(bytes.count, place + 1 + random.next(upTo: 3)))
        case 2 where place < bytes.count: bytes[place] = UInt8(random.next(upTo: 256))
        case 3: bytes.removeSubrange(place...)
        case _ where place < bytes.count: bytes[place] ^= 1 << UInt8(random.next(upTo: 8))
        case _: break
        }
    }

    /// The same for chunked bodies: crash-free, and the same answer however cut.
    func testDamagedBodies() {
        let seed: UInt64 = 0xB0D1E5
        var random = SeededRandom(seed: seed)
        let feeder = BodyFeeder()
        let bodies = [
            "5\r\nhello\r\n0\r\n\r\n",
            "a;x=\"y\"\r\n0123456789\r\n1 ;b\r\nc\r\n000\r\nA: b\r\nC: d\r\n\r\nrest",
        ]
        var counts = [0, 0, 0]
        for round in 0..<5000 {
            var bytes = Array(bodies[random.next(upTo: bodies.count)].utf8)
            for _ in 0...random.next(upTo: 3) { damage(&bytes, &random) }
            let cuts = (0..<3).map { _ in random.next(upTo: bytes.count + 1) }.sorted()
            let whole = feeder.read(bytes, cuts: [], limits: limits)
            let parts = feeder.read(bytes, cuts: cuts, limits: limits)
            guard whole == parts else { return XCTFail("seed \(seed), round \(round), \(cuts): \(whole) or \(parts)") }
            switch whole {
            case .incomplete: counts[0] += 1
            case .complete: counts[1] += 1
            case .refused: counts[2] += 1
            }
        }
        XCTAssertTrue(counts.allSatisfy { $0 > 200 }, "incomplete, complete, refused: \(counts)")
    }
}
