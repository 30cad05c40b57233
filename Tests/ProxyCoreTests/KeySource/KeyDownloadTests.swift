import ProxyCore
import Synchronization
import XCTest

private let first = "/.well-known/oauth-authorization-server"
private let second = "/.well-known/openid-configuration"
private let html = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>"
private let missing = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"

final class KeyDownloadTests: XCTestCase {
    func testTheKeysAreWhereTheMetadataSays() throws {
        let server = try server([
            "\(first)/t": { .metadata($0, "/t/", keys: "/jwks") }, "/jwks": { _ in .keys("a") },
        ])
        defer { server.stop() }
        let result = try download(server, "/t/").get()
        XCTAssertEqual(String(decoding: result.document.bytes, as: UTF8.self), KeySetText.with("a"))
        XCTAssertEqual(result.location.target, "/jwks")
        XCTAssertEqual(server.requests.map(\.target), ["\(first)/t", "/jwks"])
        XCTAssertEqual(server.requests.map { $0.field("Accept") }.first, "application/json")
    }

    func testOpenIDConnectIsAskedWhereThereIsNoOtherMetadata() throws {
        let absences = [
            missing, html, "HTTP/1.1 410 Gone\r\n\r\n", "HTTP/1.1 403 Forbidden\r\n\r\n", "HTTP/1.1 400 Bad\r\n\r\n",
            "HTTP/1.1 302 Log in\r\nLocation: https://login.example/\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n",
        ]
        for absence in absences {
            let server = try server([
                "\(first)/t": { _ in [.send(absence), .close] },
                "/t\(second)": { .metadata($0, "/t", keys: "/jwks") }, "/jwks": { _ in .keys("a") },
            ])
            defer { server.stop() }
            XCTAssertEqual(try download(server, "/t").get().location.target, "/jwks", absence)
            XCTAssertEqual(server.requests.map(\.target), ["\(first)/t", "/t\(second)", "/jwks"])
        }
    }

    func testAServerThatIsInTroubleIsNotOneWithoutMetadata() throws {
        let troubles: [([ScriptedServer.Step], String)] = [
            ([.send("HTTP/1.1 500 Oops\r\n\r\n"), .close], "status"),
            ([.send("HTTP/1.1 429 Slowly\r\n\r\n"), .close], "status"),
            ([.send("HTTP/1.1 408 Late\r\n\r\n"), .close], "status"), ([.close], "closed_early"),
            ([.send("nonsense\r\n\r\n"), .close], "bad_response"), ([.reset], "connection_lost"),
        ]
        for (steps, cause) in troubles {
            let server = try server([first: { _ in steps }, second: { .metadata($0, "", keys: "/jwks") }])
            defer { server.stop() }
            let failure = failure(try download(server))
            XCTAssertEqual(failure?.cause.description, cause)
            XCTAssertTrue(failure?.message.hasPrefix("http://127.0.0.1:\(server.port)\(first): ") ?? false)
            XCTAssertEqual(server.requests.count, 1)
        }
    }

    func testMetadataOfAnotherIssuerGivesNoKeysAndAsksNobodyElse() throws {
        for (own, told) in [("/t", "/t/"), ("/t/", "/t"), ("/t", ""), ("", "/"), ("/", ""), ("/t", "/u")] {
            let server = try server([
                "\(first)\(own == "/" ? "" : own.hasSuffix("/") ? String(own.dropLast()) : own)": {
                    .metadata($0, told, keys: "/jwks")
                },
                "/jwks": { _ in .keys("a") }, second: { .metadata($0, own, keys: "/jwks") },
            ])
            defer { server.stop() }
            XCTAssertEqual(failure(try download(server, own))?.cause.description, "issuer_differs", "\(own), \(told)")
            XCTAssertEqual(server.requests.count, 1)
        }
    }

    func testMetadataWithoutKeysAndNoMetadataAtAll() throws {
        var server = try server([first: { .json("{\"issuer\":\"\($0)\"}") }])
        XCTAssertEqual(failure(try download(server))?.cause.description, "bad_metadata")
        server.stop()
        server = try self.server([:])
        let none = failure(try download(server))
        XCTAssertEqual(none?.cause.description, "no_metadata")
        let base = "http://127.0.0.1:\(server.port)"
        XCTAssertEqual(
            none?.message,
            "no metadata: \(base)\(first): the server answered with status 404; "
                + "\(base)\(second): the server answered with status 404")
        server.stop()
        server = try self.server([second: { _ in [.send("HTTP/1.1 500 Oops\r\n\r\n"), .close] }])
        XCTAssertEqual(failure(try download(server)), .at(address: address(of: server) + second, .status(500)))
        server.stop()
        server = try self.server([first: { .metadata($0, "", keys: "/gone") }])
        XCTAssertEqual(failure(try download(server)), .at(address: address(of: server) + "/gone", .status(404)))
        server.stop()
    }

    func testMetadataFollowsRedirectsOfItsServerAndHasItsBound() throws {
        let server = try server([
            first: { _ in [.send("HTTP/1.1 301 There\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n")] },
            "/elsewhere": { .metadata($0, "", keys: "/jwks") }, "/jwks": { _ in .keys("a") },
            "\(first)/large": { _ in [.send("HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n"), .hang] },
        ])
        defer { server.stop() }
        XCTAssertNotNil(try? download(server).get())
        XCTAssertEqual(failure(try download(server, "/large"))?.cause.description, "too_large")
    }

    func testTheTimeIsForAllOfItTogether() throws {
        // Each answer comes in time for itself.
        let server = try server([
            first: { _ in [.pause(.milliseconds(400)), .send(missing)] },
            second: { [.pause(.milliseconds(400))] + .metadata($0, "", keys: "/jwks") },
            "/jwks": { _ in [.pause(.milliseconds(400))] + .keys("a") },
        ])
        defer { server.stop() }
        let failure = failure(try download(server, timeout: .milliseconds(600)))
        XCTAssertEqual(failure?.cause.description, "timeout")
        XCTAssertFalse(server.requests.contains { $0.target == "/jwks" })
    }

    func testMetadataIsAskedForAgainUnlessItSaysHowLongItIsFresh() throws {
        for (fields, requests) in [("", 4), ("Cache-Control: max-age=600\r\n", 3), ("Cache-Control: no-cache\r\n", 4)] {
            let server = try server([
                first: { .metadata($0, "", keys: "/jwks", fields) }, "/jwks": { _ in .keys("a") },
            ])
            defer { server.stop() }
            var download = try makeDownload(server)
            for _ in 0..<2 { _ = try download.run(Patience(until: .never, cancel: try WakeUp())) }
            XCTAssertEqual(server.requests.count, requests, fields)
        }
    }

    func testFreshMetadataIsAskedForAgainWhenTheKeysAreGone() throws {
        let place = Mutex("/old")
        let server = try ScriptedServer { request in
            let current = place.withLock { $0 }
            switch request.target {
            case first:
                return .metadata(issuer(of: request), "", keys: current, "Cache-Control: max-age=600\r\n")
            case current: return .keys("a")
            case _: return [.send(missing)]
            }
        }
        defer { server.stop() }
        var download = try makeDownload(server)
        let patience = Patience(until: .never, cancel: try WakeUp())
        XCTAssertEqual(try download.run(patience).location.target, "/old")
        place.withLock { $0 = "/new" }
        XCTAssertThrowsError(try download.run(patience))
        XCTAssertEqual(try download.run(patience).location.target, "/new")
    }

    // MARK: -

    private typealias Outcome = Result<KeyDownload.Result, KeyFetchFailure>

    /// A server that answers these targets, told its own address, and 404 for others.
    private func server(
        _ answers: [String: @Sendable (String) -> [ScriptedServer.Step]]
    ) throws -> ScriptedServer {
        try ScriptedServer { request in
            answers[request.target].map { $0(issuer(of: request)) } ?? [.send(missing)]
        }
    }

    private func address(of server: ScriptedServer) -> String { "http://127.0.0.1:\(server.port)" }

    private func makeDownload(
        _ server: ScriptedServer, _ path: String = "", timeout: Interval = .seconds(20)
    ) throws -> KeyDownload {
        let discovery = try KeyDiscovery(issuer: address(of: server) + path, allowsInsecure: false)
        var refresh = KeyRefresh()
        refresh.fetchTimeout = timeout
        return KeyDownload(from: .discovery(discovery), .test, KeySchedule(refresh))
    }

    private func download(
        _ server: ScriptedServer, _ path: String = "", timeout: Interval = .seconds(20)
    ) throws -> Outcome {
        var download = try makeDownload(server, path, timeout: timeout)
        let patience = Patience(until: .never, cancel: try WakeUp())
        do throws(KeyFetchFailure) { return .success(try download.run(patience)) } catch { return .failure(error) }
    }

    private func failure(_ outcome: Outcome) -> KeyFetchFailure? {
        guard case .failure(let failure) = outcome else { return nil }
        return failure
    }
}

/// The server's address, by its own word.
@Sendable private func issuer(of request: ScriptedServer.Request) -> String {
    "http://\(request.field("Host") ?? "")"
}
