import CLibSSL

/// Why a certificate and a private key cannot be used together. Says nothing of their content.
package enum TLSIdentityError: Error, Equatable, Sendable {
    case noCertificate
    case malformedCertificate
    case noPrivateKey
    case malformedPrivateKey
    /// The key's text is encrypted with a password, which nobody is there to give.
    case encryptedPrivateKey
    /// The key belongs to another certificate.
    case keyDoesNotFit
    /// libssl refuses them: a key that is too short by today's measure, or a weak signature. Its words.
    case unusable(String)

    /// True when the private key's text is to blame, rather than the certificate's.
    package var isAboutPrivateKey: Bool {
        switch self {
        case .noPrivateKey, .malformedPrivateKey, .encryptedPrivateKey, .keyDoesNotFit: true
        case .noCertificate, .malformedCertificate, .unusable: false
        }
    }

    /// For the person who wrote the configuration.
    package var message: String {
        switch self {
        case .noCertificate: "holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)"
        case .malformedCertificate: "holds a certificate that cannot be read, or more than \(TLSIdentity.chainMax)"
        case .noPrivateKey: "holds no private key in PEM form (-----BEGIN PRIVATE KEY-----)"
        case .malformedPrivateKey: "holds a private key that cannot be read"
        case .encryptedPrivateKey:
            "holds a private key that is encrypted with a password; write it without one (openssl pkey)"
        case .keyDoesNotFit: "is not the private key of the certificate"
        case .unusable(let reason): "cannot be used: \(reason)"
        }
    }
}

/// A certificate with the chain that leads to its issuer, and its private key. Any thread may use it.
package final class TLSIdentity: Sendable {
    package let summary: CertificateSummary
    private let chain: [TLSCertificate]
    // A number, because a pointer cannot be shared between threads by its type.
    private let keyAddress: UInt

    /// Certificates in one chain: more than any real one has.
    package static let chainMax = 16
    /// Of the text of a private key: a hundred times the longest.
    package static let keyBytesMax = 1 << 20

    /// - Parameters:
    ///   - certificates: PEM; the certificate first, then those of its issuers.
    ///   - privateKey: PEM, not encrypted.
    package init(certificates: Span<UInt8>, privateKey: Span<UInt8>) throws(TLSIdentityError) {
        guard let chain = TLSCertificate.all(inPEM: certificates, max: Self.chainMax) else {
            throw .malformedCertificate
        }
        guard let leaf = chain.first else { throw .noCertificate }
        let key = try unsafe Self.readKey(privateKey)
        guard unsafe X509_check_private_key(leaf.pointer, key) == 1 else {
            unsafe EVP_PKEY_free(key)
            ERR_clear_error()
            throw .keyDoesNotFit
        }
        self.chain = chain
        summary = leaf.summary
        keyAddress = UInt(bitPattern: key)
        // Whether libssl takes them shows only where they are used.
        _ = try SSLContext(.server, identity: self)
    }

    deinit {
        // Sound: the address is that of the EVP_PKEY that was made in `init`.
        unsafe EVP_PKEY_free(OpaquePointer(bitPattern: keyAddress))
    }

    /// Sound: the context takes references of its own, except to the stack.
    func use(in context: OpaquePointer) throws(TLSIdentityError) {
        guard let leaf = chain.first, let rest = unsafe clibssl_certificates_new() else {
            preconditionFailure("out of memory")
        }
        defer { unsafe clibssl_certificates_free(rest) }
        for certificate in chain.dropFirst() {
            unsafe X509_up_ref(certificate.pointer)
            unsafe clibssl_certificates_push(rest, certificate.pointer)
        }
        let key = unsafe OpaquePointer(bitPattern: keyAddress)
        guard unsafe SSL_CTX_use_cert_and_key(context, leaf.pointer, key, rest, 1) == 1 else {
            let reason = TLSErrorQueue.firstReason()
            throw .unusable(reason)
        }
    }

    /// What all kinds of private keys have in their first line.
    private static let mark: StaticString = "PRIVATE KEY-----"

    private static func readKey(_ bytes: Span<UInt8>) throws(TLSIdentityError) -> OpaquePointer {
        var error = TLSIdentityError.malformedPrivateKey
        let key = unsafe PEMText.read(bytes) { bio in
            var isEncrypted: Int32 = 0
            let key = unsafe clibssl_read_private_key(bio, &isEncrypted)
            if isEncrypted == 1 {
                error = .encryptedPrivateKey
            } else if !bytes.indices.contains(where: { bytes.extracting(droppingFirst: $0).starts(with: mark) }) {
                error = .noPrivateKey
            }
            return unsafe key
        }
        guard let key = unsafe key else { throw error }
        return unsafe key
    }
}
