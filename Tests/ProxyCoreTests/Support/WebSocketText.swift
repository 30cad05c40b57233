import ProxyCore

extension RequestText {
    /// A request that opens a WebSocket connection, as a sound client sends it.
    static func webSocket(_ target: String, token: String? = nil) -> String {
        of(
            "GET", target, token: token, "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
    }
}

extension ScriptedConversation {
    /// Agrees to speak WebSocket, and says `bytes` with the same write.
    func switchProtocols(then bytes: String = "") throws {
        try send(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n" + bytes)
    }

    /// Agrees, sends back all that comes, and ends when the other side does.
    func switchAndEcho() throws {
        try switchProtocols()
        while try connection.receive() {
            try send(try connection.read(connection.pending.count))
        }
    }

    /// Agrees to what asks for WebSocket, as `switchAndEcho`; other requests get 200.
    func switchEach() throws {
        while let request = try nextRequest() {
            if request.field("Upgrade") != nil { return try switchAndEcho() }
            try answer()
        }
    }
}
