import CLibSSL

/// An SSL_CTX with what is the same for all of ours: TLS 1.2 and 1.3, ciphers with forward secrecy that authenticate
/// (Mozilla's "intermediate" list, without finite-field Diffie-Hellman), no compression, no renegotiation. Set up by
/// whoever makes it, then immutable: any thread may use it.
final class SSLContext: Sendable {
    enum Side {
        case server
        case client
    }

    // A number, because a pointer cannot be shared between threads by its type.
    private let address: UInt

    private static let ciphers = """
        ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:\
        ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305
        """
    private static let suites = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
    private static let groups = "X25519:P-256:P-384"

    init(_ side: Side, identity: TLSIdentity?) throws(TLSIdentityError) {
        let method =
            switch side {
            case .server: unsafe TLS_server_method()
            case .client: unsafe TLS_client_method()
            }
        guard let pointer = unsafe SSL_CTX_new(method) else { preconditionFailure("out of memory") }
        address = UInt(bitPattern: pointer)
        // Sound: the texts are copied by the calls.
        let done = unsafe clibssl_configure(pointer, Self.ciphers, Self.suites, Self.groups) == 1
        precondition(done, "libssl lacks a cipher or group that every OpenSSL 3 has")
        try unsafe identity?.use(in: pointer)
    }

    deinit { unsafe SSL_CTX_free(pointer) }

    var pointer: OpaquePointer {
        // Sound: the address is that of an SSL_CTX which lives as long as this; it counts references under a lock.
        guard let pointer = unsafe OpaquePointer(bitPattern: address) else { preconditionFailure("never zero") }
        return unsafe pointer
    }

    /// Holds the peer's certificate against `trust`; what is wrong with it goes to the session.
    func verifyPeer(_ mode: Int32, _ trust: TrustStore) {
        unsafe SSL_CTX_set1_cert_store(pointer, trust.pointer)
        unsafe SSL_CTX_set_verify(pointer, mode) { accepted, verification in
            unsafe TLSSession.certificateVerified(accepted, verification)
        }
    }
}

/// What OpenSSL has noted of its failures on the calling thread.
enum TLSErrorQueue {
    /// The words for the first failure; empties the queue.
    static func firstReason() -> String {
        let error = ERR_get_error()
        ERR_clear_error()
        return reason(error)
    }

    static func reason(_ error: UInt) -> String {
        // Sound: the text is a constant of the library's, or nil.
        guard let text = unsafe ERR_reason_error_string(error) else { return "unknown error" }
        return unsafe String(cString: text)
    }
}
