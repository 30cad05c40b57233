import CLibSSL

/// Why a file of certificates is no trust store.
package enum TrustStoreError: Error, Equatable, Sendable {
    case noCertificate
    case malformedCertificate

    /// For the person who wrote the configuration.
    package var message: String {
        switch self {
        case .noCertificate: "holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)"
        case .malformedCertificate: "holds a certificate that cannot be read"
        }
    }
}

/// The certification authorities that are believed. Any thread may use it; contexts share it.
package final class TrustStore: Sendable {
    // A number, because a pointer cannot be shared between threads by its type.
    private let address: UInt
    /// SHA-256 over the certificates; nil for the system's.
    let digest: [UInt8]?

    /// The system's, as the distribution's OpenSSL has them: also by `SSL_CERT_FILE` and `SSL_CERT_DIR`. Read once,
    /// when somebody needs them.
    package static let system = TrustStore()

    private init() {
        address = Self.newStore()
        digest = nil
        // Without them nobody is believed, which shows where a certificate is refused.
        if unsafe X509_STORE_set_default_paths(pointer) != 1 { ERR_clear_error() }
    }

    /// Those of a PEM text and no others. A certificate that is no authority's is believed as itself.
    package init(pem bytes: Span<UInt8>) throws(TrustStoreError) {
        guard let certificates = TLSCertificate.all(inPEM: bytes, max: 10_000) else { throw .malformedCertificate }
        guard !certificates.isEmpty else { throw .noCertificate }
        address = Self.newStore()
        digest = Digest.sha256(bytes)
        for certificate in certificates { unsafe X509_STORE_add_cert(pointer, certificate.pointer) }
        unsafe X509_STORE_set_flags(pointer, UInt(X509_V_FLAG_PARTIAL_CHAIN))
        ERR_clear_error()
    }

    deinit { unsafe X509_STORE_free(pointer) }

    var pointer: OpaquePointer {
        // Sound: the address is that of an X509_STORE which lives as long as this; it has a lock of its own.
        guard let pointer = unsafe OpaquePointer(bitPattern: address) else { preconditionFailure("never zero") }
        return unsafe pointer
    }

    private static func newStore() -> UInt {
        guard let store = unsafe X509_STORE_new() else { preconditionFailure("out of memory") }
        return UInt(bitPattern: store)
    }
}
