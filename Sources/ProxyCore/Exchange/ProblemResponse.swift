/// Turns the proxy's own answers into bytes. Nothing else knows how a refusal looks on the wire.
///
/// The body is a problem document (RFC 9457) of fixed words and the request's identifier: never a token, a claim, a key
/// or an internal address. One for each worker.
final class ProblemResponse {
    private let realm: [UInt8]
    private let table: RouteTable
    /// For each route, the scopes that it asks for, as a challenge lists them.
    private let scopeLists: [[UInt8]]
    /// Scratch: a body is written before the head that states its length.
    private let body = ByteBuffer(capacity: 512 + 2 * RequestIDGenerator.keptBytesMax)

    /// `Date` for the second `dateWritten`.
    private let date = ByteBuffer(capacity: HTTPDate.byteCount)
    private var dateWritten: UnixTime?

    init(realm: String, table: RouteTable) {
        self.realm = Array(realm.utf8)
        self.table = table
        scopeLists = table.definitions.indices.map { route in
            let scopes = Array(table.scopeList(of: route).utf8)
            return scopes.count <= Self.scopesBytesMax ? scopes : []
        }
    }

    /// Callers bound the fields that they read, too. A longer list is left out; the log has it.
    private static let scopesBytesMax = 4096

    /// The most that `write` appends: the fixed parts, a challenge with the scopes of one route, and an identifier.
    func bytesMax(for answer: ProxyAnswer) -> Int {
        2048 + realm.count + scopes(of: answer).count + allow(answer).count
    }

    /// Writes the response to `output`, which has room for `bytesMax`.
    ///
    /// - Parameter isHead: the request's method was HEAD: the response has the fields of the one to GET, and no body.
    /// - Returns: how many bytes its body has.
    @discardableResult
    func write(
        _ answer: ProxyAnswer, requestID: ByteBuffer, persistent: Bool, callerMinorVersion: Int, isHead: Bool,
        now: UnixTime, to output: ByteBuffer
    ) -> Int {
        let status = answer.status
        writeBody(answer, requestID: requestID)
        output.append("HTTP/1.1 ")
        output.append(decimal: status)
        output.append(ASCII.space)
        output.append(StatusCode.reason(status))
        output.append("\r\nDate: ")
        writeDate(now, to: output)
        output.append("\r\nContent-Type: application/problem+json\r\nContent-Length: ")
        output.append(decimal: body.count)
        output.append("\r\nCache-Control: no-store\r\n")
        if !requestID.isEmpty {
            output.append("X-Request-Id: ")
            output.append(contentsOf: requestID)
            output.append("\r\n")
        }
        writeChallenge(answer, to: output)
        writeOtherFields(answer, to: output)
        if !persistent {
            output.append("Connection: close\r\n")
        } else if callerMinorVersion == 0 {
            output.append("Connection: keep-alive\r\n")
        }
        output.append("\r\n")
        guard !isHead else { return 0 }
        output.append(contentsOf: body)
        return body.count
    }

    /// The challenge of RFC 6750 section 3, for the answers that have one.
    private func writeChallenge(_ answer: ProxyAnswer, to output: ByteBuffer) {
        guard case .refused(let refusal) = answer, let challenge = refusal.denial.challenge else { return }
        output.append("WWW-Authenticate: Bearer realm=\"")
        let realm = realm
        output.append(realm.span)
        output.append("\"")
        switch challenge {
        // Section 3.1: a request without credentials is told nothing more.
        case .bare: break
        case .invalidRequest: output.append(", error=\"invalid_request\"")
        case .invalidToken(let description):
            output.append(", error=\"invalid_token\", error_description=\"")
            output.append(description)
            output.append("\"")
        case .insufficientScope:
            output.append(", error=\"insufficient_scope\"")
            let scopes = scopes(of: answer)
            if !scopes.isEmpty {
                output.append(", scope=\"")
                output.append(scopes.span)
                output.append("\"")
            }
        }
        output.append("\r\n")
    }

    private func writeOtherFields(_ answer: ProxyAnswer, to output: ByteBuffer) {
        let allow = allow(answer)
        if answer.status == 405 {
            output.append("Allow: ")
            output.append(allow.span)
            output.append("\r\n")
        }
        if answer.status == 503 { output.append("Retry-After: 1\r\n") }
    }

    private func writeBody(_ answer: ProxyAnswer, requestID: ByteBuffer) {
        body.removeAll()
        body.append("{\"type\":\"about:blank\",\"title\":\"")
        body.append(StatusCode.reason(answer.status))
        body.append("\",\"status\":")
        body.append(decimal: answer.status)
        body.append(",\"code\":\"")
        body.append(answer.code)
        if let cause = answer.cause {
            body.append("\",\"cause\":\"")
            body.append(cause)
        }
        body.append("\",\"request_id\":\"")
        writeIdentifier(requestID)
        body.append("\"}\n")
    }

    /// As a JSON string: those of trusted proxies may hold quotes and backslashes, ours never do.
    private func writeIdentifier(_ requestID: ByteBuffer) {
        let bytes = requestID.readable
        guard ByteScan.firstIndex(of: ASCII.quote, in: bytes) != nil
            || ByteScan.firstIndex(of: ASCII.backslash, in: bytes) != nil
        else { return body.append(bytes) }
        for index in bytes.indices {
            let byte = bytes[index]
            if byte == ASCII.quote || byte == ASCII.backslash { body.append(ASCII.backslash) }
            body.append(byte)
        }
    }

    /// The date changes once a second, and refusals may be many.
    private func writeDate(_ now: UnixTime, to output: ByteBuffer) {
        if dateWritten != now {
            date.removeAll()
            HTTPDate.append(now, to: date)
            dateWritten = now
        }
        output.append(contentsOf: date)
    }

    /// The scopes that the request's route asks for.
    private func scopes(of answer: ProxyAnswer) -> [UInt8] {
        guard case .refused(let refusal) = answer, let route = refusal.route else { return [] }
        return scopeLists[route]
    }

    private func allow(_ answer: ProxyAnswer) -> [UInt8] {
        if case .malformedHead(.connectMethod) = answer {
            return Array("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS".utf8)
        }
        guard case .refused(let refusal) = answer, case .methodNotAllowed(let path) = refusal.denial else { return [] }
        return Array(table.methods.names(in: table.allowedMethods(path: path)).joined(separator: ", ").utf8)
    }
}
