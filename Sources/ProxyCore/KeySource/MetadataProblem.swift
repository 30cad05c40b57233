/// Why a document is not the metadata of the issuer, or does not lead to its keys.
package enum MetadataProblem: Error, Sendable, Equatable {
    case notJSON(JSONError)
    /// RFC 8414 section 3.3. `found` is nil when the document names none.
    case otherIssuer(found: QuotedText?, expected: QuotedText)
    /// The same without the slash at the end, or with one.
    case otherIssuerBySlash(found: QuotedText, expected: QuotedText)
    case noKeyAddress
    case badKeyAddress
    case insecureKeyAddress
    case noTokenEndpoint
    case badTokenEndpoint
    case insecureTokenEndpoint

    /// A clause for people. Of the document's content there is only the name of the issuer in it, quoted and cut.
    package var message: String {
        switch self {
        case .notJSON(let error): "the metadata is not JSON: \(error.message), at byte \(error.offset)"
        case .otherIssuer(nil, let expected): "the metadata names no issuer; \(expected) is expected"
        case .otherIssuer(let found?, let expected):
            "the metadata is another issuer's: it names \(found), and the configuration \(expected)"
        case .otherIssuerBySlash(let found, let expected):
            "the metadata is another issuer's: it names \(found), and the configuration \(expected); "
                + "the slash at the end belongs to the name"
        case .noKeyAddress: "the metadata names no jwks_uri"
        case .badKeyAddress: "the metadata's jwks_uri is no https:// address that can be asked for"
        case .insecureKeyAddress:
            "the metadata's jwks_uri is an http:// address, where anyone on the way can put in their own keys"
        case .noTokenEndpoint: "the metadata names no token_endpoint"
        case .badTokenEndpoint: "the metadata's token_endpoint is no https:// address that can be asked"
        case .insecureTokenEndpoint:
            "the metadata's token_endpoint is an http:// address, where anyone on the way can read the credentials"
        }
    }

    static func otherIssuer(_ found: String?, expected: String) -> MetadataProblem {
        guard let found else { return .otherIssuer(found: nil, expected: QuotedText(expected)) }
        let (shown, wanted) = (QuotedText(found), QuotedText(expected))
        let isSlashOnly = "\(found)/" == expected || found == "\(expected)/"
        return isSlashOnly
            ? .otherIssuerBySlash(found: shown, expected: wanted) : .otherIssuer(found: shown, expected: wanted)
    }
}
