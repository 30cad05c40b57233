/// A certificate whose private key the caller has proved to have in a TLS handshake, and that an authority vouches for
/// which the listener trusts; a self-signed one is its own authority.
package struct CallerCertificate: Sendable, Equatable {
    /// The subject's distinguished name (RFC 4514), cut after `subjectBytesMax` bytes.
    package let subject: String
    /// SHA-256 of the certificate, in base64url (RFC 8705 section 3.1).
    package let thumbprint: String

    /// A name that is meant to be compared has to be shorter: one that was cut is no whole name.
    package static let subjectBytesMax = 256

    package init(subject: String, thumbprint: String) {
        self.subject = subject
        self.thumbprint = thumbprint
    }

    /// nil when the caller has shown none.
    init?(_ session: TLSSession) {
        guard let thumbprint = session.peerCertificateThumbprint, let subject = session.peerSubject else { return nil }
        self.init(subject: subject, thumbprint: thumbprint.base64URL)
    }
}
