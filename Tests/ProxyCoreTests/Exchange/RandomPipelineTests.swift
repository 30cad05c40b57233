import ProxyCore
import XCTest

/// Many requests over one connection, drawn at random and cut at random: each gets its own answer, in its turn.
final class RandomPipelineTests: XCTestCase {
    private static let routes = """
        {"path": "/open/{rest...}", "public": true}, {"path": "/a/{x}", "scopes": ["profile:read"]},
        {"path": "/closed", "scopes": ["nobody"]}
        """

    /// A request, and what has to come of it.
    private struct Row {
        let text: String
        let status: Int
        /// The body of the answer, or the code in it.
        let answer: String
        /// What the upstream gets, nil for nothing.
        let target: String?
    }

    private var upstream: ScriptedUpstream!
    private var proxy: ProxyFixture!

    override func setUpWithError() throws {
        upstream = try ScriptedUpstream { talk in
            while let request = try talk.nextRequest() {
                let body = request.method == "HEAD" ? "" : "\(request.target):\(request.text)"
                try talk.send("HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
            }
        }
        proxy = try ProxyFixture(upstream.url, routes: Self.routes)
    }

    override func tearDown() {
        proxy = nil
        upstream = nil
    }

    func testAnswersComeInOrderHoweverTheBytesAreCut() throws {
        let token = proxy.token()
        var forwarded: [String] = []
        for seed in [UInt64](1...12) + [UInt64.random(in: .min ... .max)] {
            var random = SeededRandom(seed: seed)
            let rows = (0..<(10 + random.next(upTo: 50))).map { row($0, token, &random) }
            let client = try proxy.client()
            try client.send(pieces: pieces(Array(rows.map(\.text).joined().utf8), &random))
            for (index, row) in rows.enumerated() {
                let response = try client.response(to: String(row.text.prefix { $0 != " " }))
                let name = "seed \(seed), request \(index): \(row.text.prefix(60).debugDescription)"
                XCTAssertEqual(response.status, row.status, name)
                XCTAssertEqual(response.code ?? response.text, row.answer, name)
                if response.status != row.status { return }
            }
            client.endSending()
            try client.assertClosed()
            forwarded += rows.compactMap(\.target)
        }
        XCTAssertEqual(upstream.requests.map(\.target), forwarded, "the upstream gets what is permitted, in order")
    }

    private func row(_ number: Int, _ token: String, _ random: inout SeededRandom) -> Row {
        let size = random.next(upTo: 4) == 0 ? random.next(upTo: 3000) : random.next(upTo: 10)
        let body = String(repeating: "b", count: size)
        switch random.next(upTo: 9) {
        case 0: return forwarded("GET", "/open/\(number)", "", "")
        case 1: return forwarded("HEAD", "/a/\(number)", token, "")
        case 2: return forwarded("POST", "/a/\(number)?q=\(number)", token, body)
        case 3:
            let target = "/open/chunks/\(number)"
            let chunk = size == 0 ? "" : String(size, radix: 16) + "\r\n" + body + "\r\n"
            let text = RequestText.of("POST", target, "Transfer-Encoding: chunked") + chunk + "0\r\n\r\n"
            return Row(text: text, status: 200, answer: "\(target):\(body)", target: target)
        case 4: return refused(RequestText.of("GET", "/a/\(number)"), 401, "missing_token")
        case 5: return refused(RequestText.of("GET", "/closed", token: token), 403, "insufficient_scope")
        case 6: return refused(RequestText.of("GET", "/nowhere/\(number)", token: token), 404, "no_route")
        case 7: return refused(RequestText.of("GET", "/open/../closed", token: token), 400, "ambiguous_path")
        default:
            let text = RequestText.of("GET", "/a/\(number)", token: "no.good.token")
            return refused("\r\n" + text, 401, "invalid_token")
        }
    }

    private func forwarded(_ method: String, _ target: String, _ token: String, _ body: String) -> Row {
        let text = RequestText.of(
            method, target, token: token.isEmpty ? nil : token, "X-Padding: \(target)",
            body: method == "POST" ? body : nil)
        return Row(text: text, status: 200, answer: method == "HEAD" ? "" : "\(target):\(body)", target: target)
    }

    private func refused(_ text: String, _ status: Int, _ code: String) -> Row {
        Row(text: text, status: status, answer: code, target: nil)
    }

    /// The bytes in pieces of very different sizes.
    private func pieces(_ bytes: [UInt8], _ random: inout SeededRandom) -> [[UInt8]] {
        var pieces: [[UInt8]] = []
        var start = 0
        while start < bytes.count {
            let longest = [3, 40, 700, 20_000][random.next(upTo: 4)]
            let end = min(bytes.count, start + 1 + random.next(upTo: longest))
            pieces.append(Array(bytes[start..<end]))
            start = end
        }
        return pieces
    }
}
