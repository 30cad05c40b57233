/// What is wrong with a peer's certificate. Names and texts in it are the certificate's, shortened.
package enum CertificateProblem: Error, Equatable, Sendable {
    case expired(subject: String, UnixTime)
    case notYetValid(subject: String, UnixTime)
    /// Another one's: who was wanted, and for whom the certificate is.
    case nameMismatch(wanted: String, names: [String])
    /// Signed with its own key, and not one that is trusted.
    case selfSigned(subject: String)
    /// Nobody who is trusted has signed it or, more often, the server does not send the certificates in between.
    case unknownIssuer(subject: String, issuer: String)
    /// A key or signature that is too weak by today's measure.
    case tooWeak(subject: String)
    /// Not made for this use: a client's in the hands of a server, or the other way round.
    case wrongPurpose(subject: String)
    /// OpenSSL's words for everything else.
    case other(subject: String, String)

    package static let codes: [StaticString] = [
        "certificate_expired", "certificate_not_yet_valid", "certificate_name_mismatch", "certificate_self_signed",
        "certificate_unknown_issuer", "certificate_invalid",
    ]

    /// A word for logs and metrics, of `codes`.
    package var code: StaticString {
        switch self {
        case .expired: "certificate_expired"
        case .notYetValid: "certificate_not_yet_valid"
        case .nameMismatch: "certificate_name_mismatch"
        case .selfSigned: "certificate_self_signed"
        case .unknownIssuer: "certificate_unknown_issuer"
        case .tooWeak, .wrongPurpose, .other: "certificate_invalid"
        }
    }
}

extension CertificateProblem: CustomStringConvertible {
    /// For a person who has to do something about it.
    package var description: String {
        switch self {
        case .expired(let subject, let end): "the certificate of \(subject) has expired on \(Timestamp.text(end))"
        case .notYetValid(let subject, let start):
            "the certificate of \(subject) is not valid before \(Timestamp.text(start)); is the clock right?"
        case .nameMismatch(let wanted, let names):
            names.isEmpty
                ? "the certificate is for no name at all (no subject alternative name), and not for \(wanted)"
                : "the certificate is not for \(wanted) but for \(Self.list(names))"
        case .selfSigned(let subject):
            "the certificate of \(subject) is signed by itself, and not among the trusted ones"
        case .unknownIssuer(let subject, let issuer):
            "the certificate of \(subject) is issued by \(issuer), which is not trusted, or the chain to it is not sent"
        case .tooWeak(let subject): "the certificate of \(subject) has a key or signature that is too weak"
        case .wrongPurpose(let subject): "the certificate of \(subject) is not made for this use (extended key usage)"
        case .other(let subject, let reason): "the certificate of \(subject) is not valid: \(reason)"
        }
    }

    private static func list(_ names: [String]) -> String {
        let shown = names.prefix(8).joined(separator: ", ")
        return names.count > 8 ? "\(shown) and \(names.count - 8) more" : shown
    }
}
