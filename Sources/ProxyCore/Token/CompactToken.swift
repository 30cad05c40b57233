/// A JWS in compact serialization (RFC 7515 section 3.1), taken apart, its header read; nothing is verified yet.
package struct CompactToken: Sendable {
    package let algorithm: SignatureAlgorithm
    /// `kid`: which of the issuer's keys.
    package let keyID: [UInt8]?
    /// `typ`, as the token spells it.
    package let type: [UInt8]?
    /// The bytes of the token that are signed: header and payload as encoded, with the dot between them.
    package let signingInput: ByteRange
    package let payload: [UInt8]
    package let signature: [UInt8]

    /// Takes `token` apart. Everything that a header can say to change how the token is to be understood is refused;
    /// what names keys (`jwk`, `jku`, `x5u`, `x5c`) is never looked at: keys come from the issuer alone.
    package init(parsing token: Span<UInt8>, maxBytes: Int) throws(TokenError) {
        guard token.count <= maxBytes else { throw .tooLong }
        let parts = try Self.split(token)
        guard let headerBytes = Base64URL.decode(token.slice(parts.header)),
            let payload = Base64URL.decode(token.slice(parts.payload)),
            let signature = Base64URL.decode(token.slice(parts.signature))
        else { throw .malformed }
        let header = try Self.readHeader(headerBytes)
        guard let name = header["alg"]?.stringBytes else { throw .malformed }
        guard let algorithm = SignatureAlgorithm(name: name.span) else { throw .unsupportedAlgorithm }
        self.algorithm = algorithm
        try Self.refuseExtensions(header)
        keyID = try Self.text(header["kid"])
        type = try Self.text(header["typ"])
        signingInput = ByteRange(0, Int(parts.payload.upper))
        self.payload = payload
        self.signature = signature
    }

    private typealias Parts = (header: ByteRange, payload: ByteRange, signature: ByteRange)

    private static func split(_ token: Span<UInt8>) throws(TokenError) -> Parts {
        guard let first = ByteScan.firstIndex(of: ASCII.dot, in: token),
            let second = ByteScan.firstIndex(of: ASCII.dot, in: token, from: first + 1)
        else { throw .malformed }
        if let third = ByteScan.firstIndex(of: ASCII.dot, in: token, from: second + 1) {
            // Five parts are a JWE (RFC 7516 section 3.1).
            let fourth = ByteScan.firstIndex(of: ASCII.dot, in: token, from: third + 1)
            throw fourth == nil ? .malformed : .encrypted
        }
        return (ByteRange(0, first), ByteRange(first + 1, second), ByteRange(second + 1, token.count))
    }

    private static func readHeader(_ bytes: [UInt8]) throws(TokenError) -> JSONValue {
        let document: JSONDocument
        do throws(JSONError) { document = try JSONDocument(parsing: bytes) } catch { throw .malformed }
        guard document.root.kind == .object else { throw .malformed }
        return document.root
    }

    private static func refuseExtensions(_ header: JSONValue) throws(TokenError) {
        // RFC 7516 section 9: `enc` tells a JWE.
        if header["enc"] != nil { throw .encrypted }
        // No extension is understood here, so none may be critical (RFC 7515 section 4.1.11). `b64` without `crit` is
        // no less than an attempt to have the payload read in two ways (RFC 7797 section 6).
        if header["crit"] != nil || header["b64"] != nil { throw .criticalHeader }
        if let content = try text(header["cty"]) {
            let content = content.span
            if content.equalsIgnoringCase("jwt") || content.equalsIgnoringCase("application/jwt") {
                throw .nestedToken
            }
        }
    }

    /// The text of a member that has to be a string where it is present.
    private static func text(_ value: JSONValue?) throws(TokenError) -> [UInt8]? {
        guard let value else { return nil }
        guard let bytes = value.stringBytes else { throw .malformed }
        return bytes
    }
}
