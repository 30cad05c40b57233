/// A request to the authorization server, with what is known of who makes it.
struct IssuerCall {
    let request: ServiceRequest
    /// The certificate that the caller has shown on this connection; nil for none.
    let certificate: CallerCertificate?
    /// nil for a call that did not come over the network.
    let peer: IPAddress?
    let now: UnixTime
}

/// A certificate whose private key the caller has proved to have, in a TLS handshake.
package struct CallerCertificate: Sendable, Equatable {
    /// The subject's distinguished name (RFC 4514).
    package let subject: String
    /// SHA-256 of the certificate, in base64url (RFC 8705 section 3.1).
    package let thumbprint: String
    /// An authority that the listener trusts vouches for it, and it is valid now.
    package let isTrusted: Bool

    package init(subject: String, thumbprint: String, isTrusted: Bool) {
        self.subject = subject
        self.thumbprint = thumbprint
        self.isTrusted = isTrusted
    }
}

extension ClientCertificate {
    /// True when `shown` is the certificate that is meant.
    func accepts(_ shown: CallerCertificate) -> Bool {
        switch self {
        case .subject(let name): shown.isTrusted && shown.subject == name
        case .thumbprint(let digest): shown.thumbprint == digest
        }
    }
}
