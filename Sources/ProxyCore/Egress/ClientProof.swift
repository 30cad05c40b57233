/// By what a client shows that it is who it says (RFC 6749 section 2.3).
package enum ClientProof: Sendable, Equatable {
    /// The secret in an `Authorization: Basic` field (section 2.3.1).
    case secretBasic(SecretPlace)
    /// The secret in the content of the request, for servers that take it only there.
    case secretPost(SecretPlace)
    /// A JWT signed with a key of the client's (RFC 7523 section 2.2).
    ///
    /// - Parameters:
    ///   - file: the private key in PEM form.
    ///   - keyID: the `kid` by which the server knows the key; nil for none.
    case privateKeyJWT(file: String, keyID: String?)
    /// A certificate shown in the TLS handshake (RFC 8705 section 2), and its private key, both in PEM form.
    case certificate(file: String, keyFile: String)

    /// The files that it takes: when one of them changes, so have the credentials.
    package var files: [String] {
        switch self {
        case .secretBasic(let place), .secretPost(let place): place.path.map { [$0] } ?? []
        case .privateKeyJWT(let file, _): [file]
        case .certificate(let file, let keyFile): [file, keyFile]
        }
    }

    /// The certificate to show, if that is the proof.
    func identity() throws(TokenFailure) -> TLSIdentity? {
        guard case .certificate(let file, let keyFile) = self else { return nil }
        let certificate = try SecretPlace.bytes(of: file)
        let key = try SecretPlace.bytes(of: keyFile)
        do throws(TLSIdentityError) {
            return try TLSIdentity(certificates: certificate.span, privateKey: key.span)
        } catch {
            throw .credentials(.unusable(path: error.isAboutPrivateKey ? keyFile : file, error.message))
        }
    }
}
