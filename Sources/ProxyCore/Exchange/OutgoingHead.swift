/// The head of an outgoing call as the target gets it: the service's, less what concerns only its connection with us,
/// and with the target's token in the place of whatever it sent as `Authorization`.
///
/// Making one spends an `OutgoingPermit`, which only the gate of outgoing calls can issue. Nothing is added that tells
/// of the service's own callers: no identity, no `X-Forwarded-*`.
struct OutgoingHead: ~Copyable {
    private let permit: OutgoingPermit

    init(spending permit: consuming OutgoingPermit) { self.permit = permit }

    /// Bytes beyond the head itself and what is counted exactly.
    private static let fixedBytesMax = 1024

    /// `Authorization` with its line end, for a call whose head has been written already.
    var authorizationLine: [UInt8] { permit.authorizationLine }

    /// Writes the head to `output`, which is empty.
    ///
    /// - Parameter upgrades: the target is asked for WebSocket.
    /// - Returns: where `Authorization` stands in it, with its line end; nil when the head does not fit.
    consuming func write(
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, rules: ForwardingRules, trace: TraceContext,
        upgrades: Bool, to output: ByteBuffer
    ) -> Range<Int>? {
        let line = permit.authorizationLine
        let needed =
            bytes.count + head.host.count + rules.setLines.count + rules.upstreamAuthority.count + line.count
            + Self.fixedBytesMax
        guard output.room >= needed else { return nil }
        ForwardedHead.writeRequestLine(head, bytes, to: output)
        ForwardedHead.writeHost(head, bytes, rules, to: output)
        let start = output.count
        output.append(line.span)
        Self.writeFields(head, bytes, rules, to: output)
        ForwardedHead.writeFraming(head.framing, to: output)
        if upgrades { output.append("Connection: Upgrade\r\nUpgrade: websocket\r\n") }
        ForwardedHead.writeTrace(trace, head, bytes, to: output)
        let setLines = rules.setLines
        output.append(setLines.span)
        output.append("\r\n")
        return start..<(start + line.count)
    }

    private static func writeFields(
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ rules: ForwardingRules, to output: ByteBuffer
    ) {
        let connectionNames = head.fields.connectionNamesFields(in: bytes)
        for index in 0..<head.fields.count {
            let field = head.fields[index]
            guard isForwarded(field.id, head) else { continue }
            let name = bytes.slice(field.name)
            if rules.isReserved(name) || isAuthorization(name) { continue }
            if connectionNames, !rules.isProtected(field.id), head.fields.connectionLists(name, in: bytes) { continue }
            output.append(field: name, bytes.slice(field.value))
        }
    }

    /// A name that some target may take for `Authorization`, as it ignores case and what separates words.
    private static func isAuthorization(_ name: Span<UInt8>) -> Bool {
        name.count == authorizationName.bytes.count && FieldNameFolding.same(name, authorizationName.bytes)
    }

    private static let authorizationName: StaticString = "authorization"

    /// False for what is written elsewhere or concerns one hop. What the service says of earlier hops is its own word.
    private static func isForwarded(_ id: FieldName, _ head: borrowing RequestHead) -> Bool {
        switch id {
        case .authorization, .host, .contentLength, .proxy, .xDisguised, .traceparent, .tracestate: false
        case .connection, .http2Settings, .keepAlive, .proxyAuthenticate, .proxyAuthorization, .proxyConnection, .te,
            .transferEncoding, .upgrade:
            false
        // HTTP/1.0 callers cannot wait for a 100 (RFC 9110 section 10.1.1).
        case .expect: head.expectsContinue
        case .accept, .age, .cacheControl, .contentType, .cookie, .date, .forwarded, .location, .other, .override,
            .retryAfter, .server, .setCookie, .trailer, .via, .wwwAuthenticate, .xForwardedFor, .xForwardedHost,
            .xForwardedOther, .xForwardedProto, .xRealIP, .xRequestID:
            true
        }
    }
}
