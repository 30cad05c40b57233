import ProxyCore
import XCTest

/// A request that opens a WebSocket connection is judged like any other; only what the upstream agrees to is a tunnel.
final class WebSocketTests: ProxyTestCase {
    private static let routes =
        #"{"path": "/chat/{room}", "methods": ["GET"], "scopes": ["chat:join"]}, {"path": "/open/{x}", "public": true}"#

    private func openChat(_ upstream: ScriptedUpstream) throws -> ProxyFixture {
        try ProxyFixture(upstream.url, routes: Self.routes)
    }

    // MARK: - The decision

    func testItIsJudgedLikeAnyRequest() throws {
        let upstream = try ScriptedUpstream { try $0.switchEach() }
        let proxy = try openChat(upstream)
        let rows: [(target: String, token: String?, status: Int, code: String)] = [
            ("/chat/1", nil, 401, "missing_token"), ("/chat/1", "x", 401, "invalid_token"),
            ("/chat/1", proxy.token("profile:read"), 403, "insufficient_scope"),
            ("/nowhere", proxy.token("chat:join"), 404, "no_route"),
            ("/open/../chat/1", nil, 401, "missing_token"),
            ("/open/../chat/1", proxy.token("chat:join"), 400, "ambiguous_path"),
        ]
        for row in rows {
            let answer = try proxy.answer(RequestText.webSocket(row.target, token: row.token))
            XCTAssertEqual(answer.status, row.status, row.target)
            XCTAssertEqual(answer.code, row.code, row.target)
            XCTAssertNil(answer.field("Upgrade"))
        }
        XCTAssertEqual(upstream.connections, 0)
        let client = try proxy.client()
        try client.send(RequestText.webSocket("/chat/1", token: proxy.token("chat:join")))
        XCTAssertEqual(try client.responseHead().status, 101)
    }

    func testARefusedOneLeavesTheConnectionForTheNextRequest() throws {
        let upstream = try ScriptedUpstream { try $0.switchEach() }
        let proxy = try openChat(upstream)
        let client = try proxy.client()
        try client.send(
            RequestText.webSocket("/chat/1") + RequestText.webSocket("/chat/2", token: proxy.token("chat:join")))
        XCTAssertEqual(try client.response().status, 401)
        XCTAssertEqual(try client.responseHead().status, 101)
        XCTAssertEqual(upstream.connections, 1)
    }

    // MARK: - Heads

    func testTheHeadsAreWhatBothSidesNeed() throws {
        let upstream = try ScriptedUpstream { talk in
            guard try talk.nextRequest() != nil else { return }
            try talk.send(
                "HTTP/1.1 101 Switching Protocols\r\nUPGRADE: WebSocket\r\nconnection: keep-alive, Upgrade\r\n"
                    + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n"
                    + "Keep-Alive: timeout=5\r\nContent-Length: 5\r\n\r\n")
            try talk.awaitEnd()
        }
        let proxy = try openChat(upstream)
        let client = try proxy.client()
        try client.send(
            "GET /chat/1?x=1 HTTP/1.1\r\nHost: api.test\r\nAuthorization: Bearer \(proxy.token("chat:join"))\r\n"
                + "connection: keep-alive, UPGRADE, X-Hop\r\nupgrade: h2c, WebSocket\r\nX-Hop: 1\r\n"
                + "HTTP2-Settings: AAMAAABk\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: chat, superchat\r\n"
                + "Sec-WebSocket-Extensions: permessage-deflate\r\nOrigin: https://a.test\r\n\r\n")
        let request = try upstream.request(0)
        XCTAssertEqual(request.target, "/chat/1?x=1")
        XCTAssertEqual(request.fields("Connection"), ["Upgrade"])
        XCTAssertEqual(request.fields("Upgrade"), ["websocket"])
        XCTAssertEqual(request.fields("Sec-WebSocket-Key"), ["dGhlIHNhbXBsZSBub25jZQ=="])
        XCTAssertEqual(request.fields("Sec-WebSocket-Version"), ["13"])
        XCTAssertEqual(request.fields("Sec-WebSocket-Protocol"), ["chat, superchat"])
        XCTAssertEqual(request.fields("Sec-WebSocket-Extensions"), ["permessage-deflate"])
        XCTAssertEqual(request.fields("X-Auth-Client-Id"), ["client-1"])
        for name in ["X-Hop", "HTTP2-Settings", "Keep-Alive", "Authorization", "Content-Length", "Transfer-Encoding"] {
            XCTAssertNil(request.field(name), name)
        }
        let answer = try client.responseHead()
        XCTAssertEqual(answer.startLine, "HTTP/1.1 101 Switching Protocols")
        XCTAssertEqual(
            answer.fieldLines.sorted(),
            [
                "Connection: Upgrade", "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
                "Sec-WebSocket-Protocol: chat", "Upgrade: websocket",
            ])
    }

    /// What does not ask for WebSocket, and for it as it should, is an ordinary request.
    func testOtherUpgradesAreDropped() throws {
        let upstream = try ScriptedUpstream()
        let proxy = try openProxy(upstream)
        let rows: [(method: String, version: String, fields: String, body: String)] = [
            ("GET", "1.1", "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AA\r\n", ""),
            ("GET", "1.1", "Upgrade: websocket\r\n", ""),
            ("GET", "1.1", "Connection: Upgrade\r\n", ""),
            ("GET", "1.1", "Upgrade: websocket\r\nConnection: keep-alive\r\n", ""),
            ("GET", "1.1", "Upgrade: websocket/13\r\nConnection: Upgrade\r\n", ""),
            ("GET", "1.1", "Upgrade: xwebsocket, web socket\r\nConnection: Upgrade\r\n", ""),
            ("GET", "1.1", "Upgrade: \r\nConnection: Upgrade\r\n", ""),
            ("GET", "1.0", "Upgrade: websocket\r\nConnection: Upgrade\r\n", ""),
            ("POST", "1.1", "Upgrade: websocket\r\nConnection: Upgrade\r\n", ""),
            ("HEAD", "1.1", "Upgrade: websocket\r\nConnection: Upgrade\r\n", ""),
            ("get", "1.1", "Upgrade: websocket\r\nConnection: Upgrade\r\n", ""),
            ("GET", "1.1", "Upgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 2\r\n", "hi"),
            ("GET", "1.1", "Upgrade: websocket\r\nConnection: Upgrade\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
        ]
        for (number, row) in rows.enumerated() {
            let client = try proxy.client()
            try client.send("\(row.method) /\(number) HTTP/\(row.version)\r\nHost: a\r\n\(row.fields)\r\n\(row.body)")
            XCTAssertEqual(try client.response(to: row.method).status, 200, "\(row)")
            let request = try upstream.request(number)
            XCTAssertNil(request.field("Upgrade"), "\(row)")
            XCTAssertNil(request.field("Connection"), "\(row)")
            XCTAssertNil(request.field("HTTP2-Settings"), "\(row)")
        }
    }

    func testSeveralFieldsAreOneList() throws {
        let upstream = try ScriptedUpstream { try $0.switchEach() }
        let proxy = try openProxy(upstream)
        let client = try proxy.client()
        try client.send(
            "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: x\r\nUpgrade: WEBSOCKET\r\n"
                + "Connection: upgrade\r\nContent-Length: 0\r\n\r\n")
        XCTAssertEqual(try client.responseHead().status, 101)
        XCTAssertEqual(try upstream.request(0).fields("Upgrade"), ["websocket"])
    }

    // MARK: - The upstream's answer

    /// Whatever a 101 says beyond what was asked for, nobody can have agreed to it.
    func testASwitchThatWasNotAskedForIsRefused() throws {
        let good = "Upgrade: websocket\r\nConnection: Upgrade\r\n"
        let asks = RequestText.webSocket("/")
        let rows: [(request: String, answer: String)] = [
            (RequestText.of("GET", "/"), "HTTP/1.1 101 Switching Protocols\r\n\(good)"),
            (RequestText.of("POST", "/", body: "x"), "HTTP/1.1 101 Switching Protocols\r\n\(good)"),
            (RequestText.of("GET", "/", "Upgrade: h2c", "Connection: Upgrade"), "HTTP/1.1 101 x\r\n\(good)"),
            (asks, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n"),
            (asks, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket, h2c\r\nConnection: Upgrade\r\n"),
            (asks, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\(good)"),
            (asks, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"),
            (asks, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"),
            (asks, "HTTP/1.1 101 Switching Protocols\r\n"),
            (asks, "HTTP/1.0 101 Switching Protocols\r\n\(good)"),
        ]
        for row in rows {
            let upstream = try ScriptedUpstream { talk in
                _ = try talk.nextRequest()
                try talk.send(row.answer + "\r\nsecret")
                try talk.awaitEnd()
            }
            let proxy = try openProxy(upstream)
            let client = try proxy.client()
            try client.send(row.request)
            let answer = try client.response(to: row.request.hasPrefix("POST") ? "POST" : "GET")
            XCTAssertEqual(answer.status, 502, row.answer)
            XCTAssertEqual(answer.code, "upstream_invalid_response")
            XCTAssertEqual(try proxy.logged(path: "/")["detail"], "switching_protocols")
            _ = try upstream.end()
            XCTAssertTrue(client.hasNothing)
        }
    }

    /// The upstream says no: then the bytes behind the request are the next one, and nothing has passed by the judge.
    func testARefusalIsAResponseLikeAnyOther() throws {
        for status in ["200 OK", "403 Forbidden", "426 Upgrade Required"] {
            let upstream = try ScriptedUpstream { talk in
                while let request = try talk.nextRequest() {
                    if request.field("Upgrade") != nil {
                        try talk.answer(status, body: "no", "Upgrade: websocket", "Connection: Upgrade")
                    } else {
                        try talk.answer(body: request.target)
                    }
                }
            }
            let proxy = try openChat(upstream)
            let client = try proxy.client()
            try client.send(
                RequestText.webSocket("/chat/1", token: proxy.token("chat:join"))
                    + RequestText.of("GET", "/chat/2") + RequestText.of("GET", "/open/3"))
            let answer = try client.response()
            XCTAssertEqual(answer.startLine, "HTTP/1.1 \(status)")
            XCTAssertEqual(answer.text, "no")
            XCTAssertEqual(answer.fields("Upgrade") + answer.fields("Connection"), [])
            XCTAssertEqual(try client.response().code, "missing_token")
            XCTAssertEqual(try client.response().text, "/open/3")
            XCTAssertEqual(upstream.requests.map(\.target), ["/chat/1", "/open/3"])
            XCTAssertEqual(upstream.connections, 1)
            client.close()
            try assertQuiet(proxy)
        }
    }

    /// Before there is an answer nobody knows what the bytes behind the request are, and nobody gets them.
    func testEarlyBytesWaitForTheAnswer() throws {
        let goOn = try Latch()
        let early = RequestText.of("GET", "/open/smuggled")
        let upstream = try ScriptedUpstream { talk in
            guard try talk.nextRequest() != nil else { return }
            goOn.pass()
            XCTAssertEqual(talk.connection.pending, [])
            XCTAssertTrue(talk.connection.isSilent)
            try talk.switchProtocols()
            let came = try talk.connection.read(early.utf8.count)
            try talk.send(came)
            try talk.awaitEnd()
        }
        let proxy = try openChat(upstream)
        let client = try proxy.client()
        try client.send(RequestText.webSocket("/chat/1", token: proxy.token("chat:join")) + early)
        _ = try upstream.request(0)
        try client.send(early)
        goOn.open()
        XCTAssertEqual(try client.responseHead().status, 101)
        XCTAssertEqual(String(decoding: try client.read(early.utf8.count), as: UTF8.self), early)
        client.close()
        _ = try upstream.end()
        XCTAssertEqual(upstream.requests.count, 1)
        XCTAssertTrue(String(decoding: upstream.received[0], as: UTF8.self).hasSuffix(early + early))
        try assertQuiet(proxy)
        XCTAssertEqual(proxy.log.entries.values.filter { $0.event == "request" }.count, 1)
    }

    /// Interim responses come before the switch as before any other answer.
    func testInterimResponsesComeFirst() throws {
        let upstream = try ScriptedUpstream { talk in
            _ = try talk.nextRequest()
            try talk.send("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
            try talk.switchProtocols(then: "hello")
            try talk.awaitEnd()
        }
        let proxy = try openProxy(upstream)
        let client = try proxy.client()
        try client.send(RequestText.webSocket("/"))
        XCTAssertEqual(try client.responseHead().status, 103)
        XCTAssertEqual(try client.responseHead().status, 101)
        XCTAssertEqual(String(decoding: try client.read(5), as: UTF8.self), "hello")
    }

    /// A kept connection that died under the request is replaced, once, as for any GET.
    func testAStaleConnectionIsReplaced() throws {
        let upstream = try ScriptedUpstream { talk in
            while let request = try talk.nextRequest() {
                if request.field("Upgrade") == nil {
                    try talk.answer()
                } else if talk.number == 0 {
                    return
                } else {
                    try talk.switchProtocols(then: "second")
                    try talk.awaitEnd()
                }
            }
        }
        let proxy = try openProxy(upstream)
        let client = try proxy.client()
        try client.send(RequestText.of("GET", "/"))
        XCTAssertEqual(try client.response().status, 200)
        try client.send(RequestText.webSocket("/"))
        XCTAssertEqual(try client.responseHead().status, 101)
        XCTAssertEqual(String(decoding: try client.read(6), as: UTF8.self), "second")
    }
}
