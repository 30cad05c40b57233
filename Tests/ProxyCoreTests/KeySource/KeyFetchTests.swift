import ProxyCore
import XCTest

private let ok = "HTTP/1.1 200 OK\r\n"
private let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

final class KeyFetchTests: XCTestCase {
    private typealias Outcome = Result<KeyFetch.Document, KeyFetchFailure>

    func testTheRequestIsOneThatAnyServerTakes() throws {
        let server = try ScriptedServer { _ in [.send(ok + "Content-Length: 2\r\n\r\n{}")] }
        defer { server.stop() }
        XCTAssertEqual(bytes(try fetch("http://localhost:\(server.port)/a/keys?x=1")), "{}")
        let request = try XCTUnwrap(server.requests.first)
        XCTAssertTrue(request.head.hasPrefix("GET /a/keys?x=1 HTTP/1.1\r\n"))
        XCTAssertEqual(request.field("Host"), "localhost:\(server.port)")
        XCTAssertEqual(request.field("Accept"), "application/jwk-set+json, application/json")
        XCTAssertEqual(request.field("User-Agent"), "scopeproxy/test")
        XCTAssertEqual(request.field("Connection"), "close")
        XCTAssertEqual(server.requests.count, 1)
    }

    func testEveryFramingOfADocument() throws {
        let table: [(String, Freshness)] = [
            (ok + "Content-Length: 4\r\n\r\n{1}\n", .unstated),
            (chunked + "1\r\n{\r\n3;x=y\r\n1}\n\r\n0\r\nX: y\r\n\r\n", .unstated),
            (ok + "\r\n{1}\n", .unstated),
            ("HTTP/1.0 200 OK\r\nCache-Control: max-age=5\r\n\r\n{1}\n", .seconds(5)),
            ("HTTP/1.1 103 Early\r\nX: y\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n{1}\n", .unstated),
            (ok + "Content-Encoding: identity\r\nContent-Length: 4\r\n\r\n{1}\n", .unstated),
            (ok + "Cache-Control: public\r\ncache-control: max-age=50\r\nAge: 20\r\n\r\n{1}\n", .seconds(30)),
            (ok + "Cache-Control: no-store\r\n\r\n{1}\n", .stale),
        ]
        for (response, freshness) in table {
            let document = try answer([.send(response), .close]).get()
            XCTAssertEqual(String(decoding: document.bytes, as: UTF8.self), "{1}\n", response)
            XCTAssertEqual(document.freshness, freshness, response)
        }
        let dripped = try answer([.drip(table[1].0, every: .milliseconds(0))])
        XCTAssertEqual(bytes(dripped), "{1}\n")
    }

    func testEveryWayToFailHasItsCause() throws {
        let chunk = "8000\r\n" + String(repeating: " ", count: 0x8000) + "\r\n"
        let interim = "HTTP/1.1 100 Continue\r\n\r\n"
        let table: [([ScriptedServer.Step], String)] = [
            ([.send("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")], "status"),
            ([.send("HTTP/1.1 503 Busy\r\n\r\n"), .hang], "status"),
            ([.send("HTTP/1.1 204 No Content\r\n\r\n")], "status"),
            ([.send("HTTP/1.1 304 Not Modified\r\n\r\n")], "status"),
            ([.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n")], "status"),
            ([.send(String(repeating: interim, count: 9)), .hang], "status"),
            ([.send("SSH-2.0-OpenSSH_9.2\r\n"), .hang], "bad_response"),
            ([.send("HTTP/2 200\r\n\r\n"), .hang], "bad_response"),
            ([.send("HTTP/1.1 200 OK\nContent-Length: 2\n\n{}"), .hang], "bad_response"),
            ([.send(ok + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"), .hang], "bad_response"),
            ([.send(chunked + "nonsense\r\n"), .hang], "bad_response"),
            ([.send(ok + "X: " + String(repeating: "y", count: 40_000)), .hang], "bad_response"),
            ([.close], "closed_early"),
            ([.send(ok + "Content-Le"), .close], "closed_early"),
            ([.send(ok + "Content-Length: 3\r\n\r\n{}"), .close], "closed_early"),
            ([.send(chunked + "2\r\n{}\r\n"), .close], "closed_early"),
            ([.send(ok + "Content-Length: 3\r\n\r\n{}"), .reset], "connection_lost"),
            ([.send(ok + "Content-Length: 1048577\r\n\r\n"), .hang], "too_large"),
            ([.send(chunked + String(repeating: chunk, count: 33)), .hang], "too_large"),
            ([.send(ok + "\r\n" + String(repeating: " ", count: 1_048_577)), .close], "too_large"),
            ([.send(ok + "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}")], "content_encoding"),
            ([.send("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n")], "redirect"),
        ]
        for (steps, cause) in table {
            let outcome = try answer(steps)
            XCTAssertEqual(failure(outcome)?.cause.description, cause, "\(steps)".prefix(200).description)
        }
    }

    func testAServerThatHangsOrDripsRunsOutOfTime() throws {
        let head = ok + "Content-Length: 2\r\n\r\n{"
        for steps: [ScriptedServer.Step] in [
            [.hang], [.send("HTTP/1.1"), .hang], [.send(head), .hang],
            [.drip(String(repeating: head, count: 100), every: .milliseconds(5))],
        ] {
            XCTAssertEqual(failure(try answer(steps, timeout: .milliseconds(60))), .timeout, "\(steps)")
        }
    }

    func testRedirectsAreFollowedOnTheSameServerOnly() throws {
        let other = try ScriptedServer { _ in [.send(ok + "Content-Length: 2\r\n\r\n{}")] }
        defer { other.stop() }
        let shut = try ScriptedUpstream { _ in }
        let server = try ScriptedServer { request in
            let target =
                switch request.target {
                case "/once": "/here/../keys"
                case "/relative/a": "../moved?x=1#f"
                case "/moved?x=1": "keys"
                case "/up": "https://127.0.0.1:\(shut.port)/keys"
                case "/script": "javascript:alert(1)"
                case "/port": "http://127.0.0.1:\(other.port)/keys"
                case "/name": "http://localhost/keys"
                case "/user": "http://a@127.0.0.1/keys"
                case "/split": "/a\r\nLocation: /b"
                case "/loop": "/loop"
                case _: ""
                }
            if target.isEmpty { return [.send(ok + "Content-Length: 2\r\n\r\n[]")] }
            return [.send("HTTP/1.1 307 There\r\nLocation: \(target)\r\nContent-Length: 0\r\n\r\n")]
        }
        defer { server.stop() }
        let base = "http://127.0.0.1:\(server.port)"
        XCTAssertEqual(bytes(try fetch(base + "/once")), "[]")
        XCTAssertEqual(server.requests.map(\.target), ["/once", "/keys"])
        XCTAssertEqual(bytes(try fetch(base + "/relative/a")), "[]")
        XCTAssertEqual(server.requests.map(\.target).suffix(3), ["/relative/a", "/moved?x=1", "/keys"])
        let elsewhere = { KeyFetchFailure.redirect(.elsewhere(origin: $0)) }
        XCTAssertEqual(failure(try fetch(base + "/port")), elsewhere("http://127.0.0.1:\(other.port)"))
        XCTAssertEqual(failure(try fetch(base + "/name")), elsewhere("http://localhost"))
        XCTAssertEqual(failure(try fetch(base + "/user")), .redirect(.malformedTarget))
        XCTAssertEqual(failure(try fetch(base + "/script")), .redirect(.malformedTarget))
        XCTAssertEqual(failure(try fetch(base + "/split")), .redirect(.noTarget))
        XCTAssertEqual(other.connections, 0)
        let before = server.requests.count
        XCTAssertEqual(failure(try fetch(base + "/loop")), .redirect(.tooMany))
        XCTAssertEqual(server.requests.count - before, 6)
        // From http to https is a step up, on whatever port; that nobody speaks TLS there is another matter.
        let up = failure(try fetch(base + "/up"))
        XCTAssertNotEqual(up?.cause.description, "redirect")
        XCTAssertEqual(shut.connections, 1)
    }

    func testAnAddressThatGrowsWithEveryRedirectIsNotFollowedForLong() throws {
        let server = try ScriptedServer { _ in
            let reference = String(repeating: "x", count: 2500) + "/y"
            return [.send("HTTP/1.1 307 There\r\nLocation: \(reference)\r\nContent-Length: 0\r\n\r\n")]
        }
        defer { server.stop() }
        XCTAssertEqual(failure(try fetch("http://127.0.0.1:\(server.port)/")), .redirect(.malformedTarget))
        XCTAssertEqual(server.requests.count, 4)
        let long = try answer([
            .send("HTTP/1.1 307 There\r\nLocation: /\(String(repeating: "x", count: 30_000))\r\n\r\n"), .close,
        ])
        XCTAssertEqual(failure(long), .redirect(.malformedTarget))
    }

    func testEveryStatusOfARedirectIsOne() throws {
        for status in [301, 302, 303, 307, 308] {
            let server = try ScriptedServer { request in
                if request.target == "/b" { return [.send(ok + "Content-Length: 2\r\n\r\n{}")] }
                return [.send("HTTP/1.1 \(status) There\r\nLocation: b\r\n\r\n"), .close]
            }
            defer { server.stop() }
            XCTAssertEqual(bytes(try fetch("http://127.0.0.1:\(server.port)/a")), "{}", "\(status)")
        }
        for status in [300, 304, 305, 306] {
            let outcome = try answer([.send("HTTP/1.1 \(status) There\r\nLocation: b\r\n\r\n"), .close])
            XCTAssertEqual(failure(outcome), .status(status))
        }
    }

    func testNobodyThere() throws {
        let server = try ScriptedServer { _ in [] }
        server.stop()
        XCTAssertEqual(failure(try fetch("http://127.0.0.1:\(server.port)/"))?.cause.description, "connect")
        XCTAssertEqual(failure(try fetch("http://no-such-host.invalid/"))?.cause.description, "resolve")
    }

    func testAFetchCanBeBrokenOff() throws {
        let cancel = try WakeUp()
        let server = try ScriptedServer { _ in
            cancel.signal()
            return [.hang]
        }
        defer { server.stop() }
        let location = try KeyLocation("http://127.0.0.1:\(server.port)/")
        let fetch = KeyFetch(.keySet, from: location, .test)
        XCTAssertThrowsError(try fetch.run(Patience(until: .never, cancel: cancel))) { error in
            XCTAssertEqual(error as? KeyFetchFailure, .cancelled)
        }
    }

    private func answer(_ steps: [ScriptedServer.Step], timeout: Interval = .seconds(20)) throws -> Outcome {
        let server = try ScriptedServer { _ in steps }
        defer { server.stop() }
        return try fetch("http://127.0.0.1:\(server.port)/", timeout: timeout)
    }

    private func fetch(_ url: String, timeout: Interval = .seconds(20)) throws -> Outcome {
        let fetch = KeyFetch(.keySet, from: try KeyLocation(url), .test)
        let patience = Patience(until: .never, cancel: try WakeUp()).atMost(timeout)
        return Outcome { () throws(KeyFetchFailure) in try fetch.run(patience) }
    }

    private func bytes(_ outcome: Outcome) -> String? {
        guard case .success(let document) = outcome else { return nil }
        return String(decoding: document.bytes, as: UTF8.self)
    }

    private func failure(_ outcome: Outcome) -> KeyFetchFailure? {
        guard case .failure(let failure) = outcome else { return nil }
        return failure
    }
}
