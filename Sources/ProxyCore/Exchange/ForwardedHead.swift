/// The head of a permitted request as the application gets it: the caller's, less what concerns only the caller's
/// connection or could be mistaken for ours, and with what the proxy vouches for.
///
/// Making one spends a `Permit`, which only the gate can issue: a request that was not judged cannot be forwarded.
struct ForwardedHead: ~Copyable {
    private let permit: Permit

    init(spending permit: consuming Permit) { self.permit = permit }

    /// Who sends the request, as far as the connection tells.
    struct Origin {
        let peer: SocketAddress
        /// The peer is a proxy whose word on earlier hops counts.
        let isTrusted: Bool
        /// The request came over TLS.
        let isSecure: Bool
    }

    /// Bytes beyond the head itself and the lines that are counted exactly: the request line's version, the framing,
    /// an address, a request identifier, the trace and the names of those fields.
    private static let fixedBytesMax = 1024

    /// Writes the head to `output`, which is empty; false when it does not fit.
    ///
    /// - Parameter upgrades: the upstream is asked for WebSocket.
    consuming func write(
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, rules: ForwardingRules, origin: Origin,
        requestID: ByteBuffer, trace: TraceContext, upgrades: Bool, to output: ByteBuffer
    ) -> Bool {
        let identity = permit.identityLines
        // X-Forwarded-* are at most rewritten from what came, and then once more as `Forwarded`.
        let needed =
            bytes.count + head.host.count * 2 + identity.count + rules.setLines.count + rules.upstreamAuthority.count
            + Self.fixedBytesMax
        guard output.room >= needed else { return false }
        Self.writeRequestLine(head, bytes, to: output)
        Self.writeHost(head, bytes, rules, to: output)
        writeFields(head, bytes, rules, origin, to: output)
        Self.writeFraming(head.framing, to: output)
        // Whatever else the caller would speak, the way that was judged is asked for nothing but this.
        if upgrades { output.append("Connection: Upgrade\r\nUpgrade: websocket\r\n") }
        writeForwarded(head, bytes, origin, to: output)
        output.append("X-Request-Id: ")
        output.append(contentsOf: requestID)
        output.append("\r\n")
        Self.writeTrace(trace, head, bytes, to: output)
        let setLines = rules.setLines
        output.append(setLines.span)
        output.append(identity.span)
        output.append("\r\n")
        return true
    }

    /// The method and the target's path and query as they came. A target in absolute form is sent in origin form, which
    /// RFC 9112 section 3.2.1 requires of whoever speaks to the origin server.
    static func writeRequestLine(_ head: borrowing RequestHead, _ bytes: Span<UInt8>, to output: ByteBuffer) {
        output.append(bytes.slice(head.methodRange))
        output.append(ASCII.space)
        output.append(bytes.slice(head.path))
        if let query = head.query {
            output.append(ASCII.question)
            output.append(bytes.slice(query))
        }
        output.append(" HTTP/1.1\r\n")
    }

    static func writeHost(
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ rules: ForwardingRules, to output: ByteBuffer
    ) {
        output.append("Host: ")
        if rules.hostHeader == .upstream || head.host.isEmpty {
            let authority = rules.upstreamAuthority
            output.append(authority.span)
        } else {
            output.append(bytes.slice(head.host))
        }
        output.append("\r\n")
    }

    private borrowing func writeFields(
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ rules: ForwardingRules, _ origin: Origin,
        to output: ByteBuffer
    ) {
        let connectionNames = head.fields.connectionNamesFields(in: bytes)
        for index in 0..<head.fields.count {
            let field = head.fields[index]
            guard isForwarded(field.id, head, rules, origin) else { continue }
            let name = bytes.slice(field.name)
            if rules.isReserved(name) { continue }
            if connectionNames, !rules.isProtected(field.id), head.fields.connectionLists(name, in: bytes) { continue }
            output.append(field: name, bytes.slice(field.value))
        }
    }

    /// False for what is written elsewhere, concerns one hop, or is a stranger's claim about earlier hops or about what
    /// is asked for: the path and the method were judged, and no others.
    private borrowing func isForwarded(
        _ id: FieldName, _ head: borrowing RequestHead, _ rules: ForwardingRules, _ origin: Origin
    ) -> Bool {
        switch id {
        case .host, .contentLength, .proxy, .xDisguised, .xForwardedFor, .xForwardedHost, .xForwardedProto,
            .forwarded, .traceparent, .tracestate, .xRequestID:
            false
        case .connection, .http2Settings, .keepAlive, .proxyAuthenticate, .proxyAuthorization, .proxyConnection, .te,
            .transferEncoding, .upgrade:
            false
        case .authorization: rules.forwardsToken
        // HTTP/1.0 callers cannot wait for a 100 (RFC 9110 section 10.1.1).
        case .expect: head.expectsContinue
        case .override, .xForwardedOther, .xRealIP: origin.isTrusted
        case .accept, .age, .cacheControl, .contentType, .cookie, .date, .location, .other, .retryAfter, .server,
            .setCookie, .trailer, .via, .wwwAuthenticate:
            true
        }
    }

    static func writeFraming(_ framing: BodyFraming, to output: ByteBuffer) {
        switch framing {
        case .none: break
        case .length(let count):
            output.append("Content-Length: ")
            output.append(decimal: Int(count))
            output.append("\r\n")
        case .chunked: output.append("Transfer-Encoding: chunked\r\n")
        case .untilClose: preconditionFailure("no request is delimited by the connection's end")
        }
    }

    /// `X-Forwarded-For`, `-Host` and `-Proto`: from a trusted proxy with our own hop added, else as we see them.
    private borrowing func writeForwarded(
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ origin: Origin, to output: ByteBuffer
    ) {
        output.append("X-Forwarded-For: ")
        if origin.isTrusted { writeValues(of: .xForwardedFor, head, bytes, to: output) }
        writeAddress(origin.peer, to: output)
        output.append("\r\n")
        if origin.isTrusted, case .one(let value) = head.fields.occurrence(of: .xForwardedProto) {
            writeField("X-Forwarded-Proto: ", bytes.slice(value), to: output)
        } else {
            output.append(origin.isSecure ? "X-Forwarded-Proto: https\r\n" : "X-Forwarded-Proto: http\r\n")
        }
        if origin.isTrusted, case .one(let value) = head.fields.occurrence(of: .xForwardedHost) {
            writeField("X-Forwarded-Host: ", bytes.slice(value), to: output)
        } else if !head.host.isEmpty {
            writeField("X-Forwarded-Host: ", bytes.slice(head.host), to: output)
        }
        guard origin.isTrusted, head.fields.contains(.forwarded) else { return }
        output.append("Forwarded: ")
        writeValues(of: .forwarded, head, bytes, to: output)
        output.append("for=\"")
        writeNode(origin.peer, to: output)
        output.append(origin.isSecure ? "\";proto=https\r\n" : "\"\r\n")
    }

    /// `traceparent`, and with it what the vendors of the caller's trace have to say, in one field.
    static func writeTrace(
        _ trace: TraceContext, _ head: borrowing RequestHead, _ bytes: Span<UInt8>, to output: ByteBuffer
    ) {
        output.append("traceparent: ")
        trace.onward.append(to: output)
        output.append("\r\n")
        guard trace.isContinued, head.fields.contains(.tracestate) else { return }
        var isFirst = true
        for index in 0..<head.fields.count where head.fields[index].id == .tracestate {
            let value = bytes.slice(head.fields[index].value)
            if value.isEmpty { continue }
            output.append(isFirst ? "tracestate: " : ",")
            output.append(value)
            isFirst = false
        }
        if !isFirst { output.append("\r\n") }
    }

    private borrowing func writeField(_ name: StaticString, _ value: Span<UInt8>, to output: ByteBuffer) {
        output.append(name)
        output.append(value)
        output.append("\r\n")
    }

    /// The values of all fields `id`, each followed by a comma: one list, ready for another element.
    private borrowing func writeValues(
        of id: FieldName, _ head: borrowing RequestHead, _ bytes: Span<UInt8>, to output: ByteBuffer
    ) {
        for index in 0..<head.fields.count where head.fields[index].id == id {
            let value = bytes.slice(head.fields[index].value)
            if value.isEmpty { continue }
            output.append(value)
            output.append(", ")
        }
    }

    private borrowing func writeAddress(_ peer: SocketAddress, to output: ByteBuffer) {
        switch peer {
        case .ip(let address, _):
            let text = address.text
            output.append(text.bytes.span.extracting(first: text.count))
        case .unix: output.append("unknown")
        }
    }

    /// The node identifier of RFC 7239 section 6, where IPv6 addresses stand in brackets.
    private borrowing func writeNode(_ peer: SocketAddress, to output: ByteBuffer) {
        let isBracketed = peer.ipAddress.map { !$0.isV4 } ?? false
        if isBracketed { output.append("[") }
        writeAddress(peer, to: output)
        if isBracketed { output.append("]") }
    }
}

extension FieldTable {
    /// True when `Connection` may name fields: false when it is absent, or says no more than whether it persists.
    func connectionNamesFields(in bytes: Span<UInt8>) -> Bool {
        switch occurrence(of: .connection) {
        case .none: return false
        case .several: return true
        case .one(let range):
            let value = bytes.slice(range)
            return !value.equalsIgnoringCase("keep-alive") && !value.equalsIgnoringCase("close")
        }
    }

    /// True when `Connection` names the field `name`, which makes it hop-by-hop (RFC 9110 section 7.6.1).
    func connectionLists(_ name: Span<UInt8>, in bytes: Span<UInt8>) -> Bool {
        for index in 0..<count where self[index].id == .connection {
            var elements = ListElements(of: self[index].value)
            while let element = elements.next(in: bytes) {
                if bytes.slice(element).equalsIgnoringCase(name) { return true }
            }
        }
        return false
    }
}
