/// What a token endpoint grants (RFC 6749 section 5.1).
package struct TokenAnswer: Sendable, Equatable {
    /// A `b64token`, which can stand in an `Authorization` field as it is.
    package let token: [UInt8]
    /// From the request on; nil when the answer does not say.
    package let lifetime: Interval?
    /// What was granted, if the answer says so: everything that was asked for otherwise.
    package let scope: String?

    package static let tokenBytesMax = 16_384
    /// Longer than any token should live; what says more is taken for this.
    package static let lifetimeMax: Double = 366 * 86_400

    /// Reads the body of a 200, strictly.
    package init(parsing body: [UInt8]) throws(TokenAnswerProblem) {
        let root: JSONValue
        do throws(JSONError) { root = try JSONDocument(parsing: body).root } catch { throw .notJSON }
        guard root.kind == .object else { throw .notAnObject }
        token = try Self.token(root["access_token"])
        try Self.checkType(root["token_type"])
        lifetime = try Self.lifetime(root["expires_in"])
        scope = try Self.scope(root["scope"])
    }

    private static func token(_ value: JSONValue?) throws(TokenAnswerProblem) -> [UInt8] {
        guard let value, value.kind != .null else { throw .noToken }
        guard let bytes = value.stringBytes else { throw .malformedToken }
        guard bytes.count <= tokenBytesMax else { throw .tooLongToken }
        guard BearerCredentials.isB64Token(bytes.span) else { throw .malformedToken }
        return bytes
    }

    /// RFC 6749 section 7.1: a client does not use a token whose type it does not understand.
    private static func checkType(_ value: JSONValue?) throws(TokenAnswerProblem) {
        guard let value, value.kind != .null else { throw .noType }
        guard let bytes = value.stringBytes, bytes.span.equalsIgnoringCase("bearer") else { throw .otherType }
    }

    private static func lifetime(_ value: JSONValue?) throws(TokenAnswerProblem) -> Interval? {
        guard let value, value.kind != .null else { return nil }
        guard let seconds = value.number, seconds >= 1 else { throw .malformedLifetime }
        return .seconds(min(seconds, lifetimeMax))
    }

    private static func scope(_ value: JSONValue?) throws(TokenAnswerProblem) -> String? {
        guard let value, value.kind != .null else { return nil }
        guard let scope = value.string else { throw .malformedScope }
        return scope
    }

    /// The failure that the body of another status than 200 means.
    package static func failure(status: Int, body: [UInt8]) -> TokenFailure {
        guard 400...599 ~= status, let root = try? JSONDocument(parsing: body).root, root.kind == .object,
            let code = root["error"], code.kind == .string
        else { return .status(status) }
        let refusal = TokenRefusal(code: code)
        // What a server that is in trouble says of the client is not believed.
        return status < 500 || refusal == .temporarilyUnavailable ? .refused(refusal) : .status(status)
    }
}
