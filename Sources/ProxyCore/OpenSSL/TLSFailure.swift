/// Why a TLS connection could not be made or has broken.
package enum TLSFailure: Error, Equatable, Sendable {
    /// The peer has closed the connection without the word that nothing more comes (close_notify, RFC 8446
    /// section 6.1): what came may lack its end.
    case truncated
    /// The peer has closed the connection in the handshake, without a word.
    case closedInHandshake
    /// The connection below has failed.
    case connection(Errno)
    /// What the peer sends is no TLS.
    case notTLS
    /// What the peer sends is plain HTTP.
    case plainHTTP
    /// Neither TLS 1.2 nor 1.3.
    case noCommonVersion
    /// No cipher, group or signature algorithm that both sides have.
    case noCommonCipher
    /// The peer speaks other protocols than HTTP/1.1 (ALPN, RFC 7301).
    case noCommonProtocol
    /// The peer's certificate is not accepted.
    case certificate(CertificateProblem)
    /// The peer has no certificate where one is required.
    case certificateMissing
    /// The peer has refused, with an alert (RFC 8446 section 6.2).
    case refusedByPeer(alert: UInt8)
    /// The peer has broken the protocol; OpenSSL's words for how.
    case protocolError(String)

    package static let codes: [StaticString] =
        [
            "truncated", "closed", "connection", "not_tls", "plain_http", "version", "cipher", "alpn",
            "certificate_missing", "refused_by_peer", "protocol",
        ] + CertificateProblem.codes

    /// A word for logs and metrics, of `codes`.
    package var code: StaticString {
        switch self {
        case .truncated: "truncated"
        case .closedInHandshake: "closed"
        case .connection: "connection"
        case .notTLS: "not_tls"
        case .plainHTTP: "plain_http"
        case .noCommonVersion: "version"
        case .noCommonCipher: "cipher"
        case .noCommonProtocol: "alpn"
        case .certificate(let problem): problem.code
        case .certificateMissing: "certificate_missing"
        case .refusedByPeer: "refused_by_peer"
        case .protocolError: "protocol"
        }
    }

    /// The peer has gone, rather than done something wrong.
    package var isDisconnect: Bool {
        switch self {
        case .truncated, .closedInHandshake, .connection: true
        case .notTLS, .plainHTTP, .noCommonVersion, .noCommonCipher, .noCommonProtocol, .certificate,
            .certificateMissing, .refusedByPeer, .protocolError:
            false
        }
    }
}

extension TLSFailure: CustomStringConvertible {
    /// For a person who has to do something about it.
    package var description: String {
        switch self {
        case .truncated: "the peer closed the connection without close_notify"
        case .closedInHandshake: "the peer closed the connection during the handshake"
        case .connection(let error): error.description
        case .notTLS: "the peer does not speak TLS"
        case .plainHTTP: "the peer speaks plain HTTP where TLS is expected"
        case .noCommonVersion: "the peer speaks neither TLS 1.2 nor TLS 1.3"
        case .noCommonCipher: "the peer and we have no cipher, group or signature algorithm in common"
        case .noCommonProtocol: "the peer does not speak HTTP/1.1 (ALPN)"
        case .certificate(let problem): problem.description
        case .certificateMissing: "the peer has not sent the certificate that is required"
        case .refusedByPeer(let alert): "the peer refused: \(Self.meaning(of: alert))"
        case .protocolError(let reason): "TLS: \(reason)"
        }
    }

    /// RFC 8446 section 6.2, of what concerns a person.
    private static func meaning(of alert: UInt8) -> String {
        switch alert {
        case 40: "it found no common parameters, or wants a client certificate (handshake_failure)"
        case 42, 43: "it does not accept our certificate (bad_certificate)"
        case 44: "our certificate is revoked (certificate_revoked)"
        case 45: "our certificate has expired (certificate_expired)"
        case 46: "it does not accept our certificate (certificate_unknown)"
        case 48: "it does not know who issued our certificate (unknown_ca)"
        case 49: "access denied (access_denied)"
        case 70: "it speaks other versions of TLS (protocol_version)"
        case 71: "our parameters are too weak for it (insufficient_security)"
        case 80: "it has failed internally (internal_error)"
        case 112: "it does not know the name that we asked for (unrecognized_name)"
        case 116: "it wants a client certificate (certificate_required)"
        case 120: "it does not speak HTTP/1.1 (no_application_protocol)"
        case _: "alert \(alert)"
        }
    }
}
