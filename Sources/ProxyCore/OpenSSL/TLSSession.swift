import CLibSSL

/// What a step of the handshake came to.
package enum TLSHandshakeStep: Equatable, Sendable {
    case done
    /// It goes on when the socket can be read.
    case wantsRead
    /// It goes on when the socket can be written.
    case wantsWrite
}

/// TLS on one connection: non-blocking, over a socket that stays its owner's and outlives this.
///
/// Used on one thread. A peer that has gone is an error and never SIGPIPE. After any error but that of `send`, only
/// `close` of the socket is left; after an error of `send`, what the peer has sent before may still be read.
@safe
package final class TLSSession {
    private let ssl: OpaquePointer
    let server: TLSServerContext?
    let client: TLSClientContext?
    /// The handshake has been done.
    package private(set) var isEstablished = false
    /// `receive` has ended with `.wouldBlock` because something has to be sent first: go on when the socket is
    /// writable.
    package private(set) var readNeedsWritable = false
    /// `send` has ended with `.wouldBlock` because something has to be read first: go on when the socket is
    /// readable.
    package private(set) var writeNeedsReadable = false
    /// A caller's certificate by its digest, at the server's end; nil when it has none.
    package private(set) var peerCertificateThumbprint: CertificateThumbprint?
    /// Until when that certificate is good; connections may outlast it.
    package private(set) var peerCertificateEnd: UnixTime?
    private var hasFailed = false
    private var certificateProblem: CertificateProblem?

    /// The server's end of a connection.
    package convenience init(_ context: TLSServerContext, socket: borrowing FileDescriptor) {
        unsafe self.init(context.makeSSL(), server: context, client: nil, socket)
    }

    /// The client's end of a connection.
    package convenience init(_ context: TLSClientContext, socket: borrowing FileDescriptor) {
        unsafe self.init(context.makeSSL(), server: nil, client: context, socket)
    }

    private init(
        _ ssl: OpaquePointer, server: TLSServerContext?, client: TLSClientContext?, _ socket: borrowing FileDescriptor
    ) {
        unsafe self.ssl = ssl
        self.server = server
        self.client = client
        let method = unsafe OpaquePointer(bitPattern: Self.socketMethod)
        // Sound: this outlives the SSL, and with it the pointer to this.
        let owner = unsafe Unmanaged.passUnretained(self).toOpaque()
        let isSet = unsafe clibssl_set_socket(ssl, method, socket.raw, owner) == 1
        precondition(isSet, "out of memory")
    }

    deinit { unsafe SSL_free(ssl) }

    /// A number, because a pointer cannot be shared between threads by its type. Never freed.
    private static let socketMethod = UInt(bitPattern: unsafe clibssl_socket_method())

    // MARK: - Moving bytes

    /// Goes on with the handshake as far as the socket allows.
    package func handshake() throws(TLSFailure) -> TLSHandshakeStep {
        ERR_clear_error()
        let status = unsafe SSL_do_handshake(ssl)
        guard status != 1 else {
            isEstablished = true
            unsafe clibssl_socket_handshake_done(ssl)
            if server != nil { try lookAtCallersCertificate() }
            return .done
        }
        switch unsafe SSL_get_error(ssl, status) {
        case SSL_ERROR_WANT_READ: return .wantsRead
        case SSL_ERROR_WANT_WRITE: return .wantsWrite
        case _: throw fail()
        }
    }

    /// Reads once into the free space of `buffer`, which has room: at most what one record holds. `.endOfStream` only
    /// when the peer has said so (close_notify).
    package func receive(into buffer: ByteBuffer) throws(TLSFailure) -> IOResult {
        ERR_clear_error()
        readNeedsWritable = false
        let ssl = unsafe self.ssl
        // What is given from inside says nothing of the socket, which may have been filled again since.
        unsafe clibssl_socket_forget_reads(ssl)
        var status: Int32 = 0
        // Sound: the free space is lent for the call, which writes no more than its length.
        unsafe buffer.fill { free in
            status = unsafe SSL_read(ssl, free.baseAddress, Int32(clamping: free.count))
            return Int(max(0, status))
        }
        guard status <= 0 else {
            unsafe clibssl_socket_data_came(ssl, Int(status))
            return .bytes(Int(status))
        }
        switch unsafe SSL_get_error(ssl, status) {
        case SSL_ERROR_WANT_READ: return .wouldBlock
        case SSL_ERROR_WANT_WRITE:
            readNeedsWritable = true
            return .wouldBlock
        case SSL_ERROR_ZERO_RETURN: return .endOfStream
        case _: throw fail()
        }
    }

    /// Writes what is readable in `buffer` and consumes what has been taken. After `.wouldBlock` the bytes have to stay
    /// at the front of a buffer until they are taken: some may be on their way.
    package func send(from buffer: ByteBuffer) throws(TLSFailure) -> IOResult {
        ERR_clear_error()
        writeNeedsReadable = false
        var sent = 0
        // A record holds 16 KiB, and each goes out with a call of its own.
        while !buffer.isEmpty {
            let bytes = buffer.readable
            // Sound: the span keeps the bytes alive for the call, which reads no more than their number.
            let status = unsafe bytes.withUnsafeBytes { bytes in
                unsafe SSL_write(ssl, bytes.baseAddress, Int32(clamping: bytes.count))
            }
            guard status <= 0 else {
                buffer.consume(Int(status))
                sent += Int(status)
                continue
            }
            switch unsafe SSL_get_error(ssl, status) {
            case SSL_ERROR_WANT_WRITE: break
            case SSL_ERROR_WANT_READ: writeNeedsReadable = true
            case _: throw fail()
            }
            break
        }
        return sent > 0 ? .bytes(sent) : .wouldBlock
    }

    /// Tells the peer that nothing more comes, if that can be said now. Nothing may be sent afterwards.
    package func sendCloseNotify() {
        // Said twice, it would wait for the peer's.
        guard isEstablished, !hasFailed, unsafe SSL_get_shutdown(ssl) & SSL_SENT_SHUTDOWN == 0 else { return }
        ERR_clear_error()
        _ = unsafe SSL_shutdown(ssl)
        ERR_clear_error()
    }

    /// Changes the keys of this direction (RFC 8446 section 4.6.3), if that can be said now: for tests.
    package func changeKeys() {
        ERR_clear_error()
        if unsafe SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED) == 1 { _ = unsafe SSL_do_handshake(ssl) }
        ERR_clear_error()
    }

    /// Bytes of the peer's have been taken from the socket that `receive` has not given yet, or not all of a record.
    package var hasPending: Bool { unsafe SSL_has_pending(ssl) == 1 }

    /// The last `receive` has itself taken all that was in the socket, and given all that was left: another one finds
    /// nothing unless the socket has become readable again, or the peer has closed.
    package var isDrained: Bool { unsafe clibssl_socket_drained(ssl) == 1 && SSL_has_pending(ssl) == 0 }

    // MARK: - What has been agreed

    /// After the handshake.
    package var version: TLSVersion { unsafe SSL_version(ssl) == TLS1_2_VERSION ? .tls12 : .tls13 }

    /// The session of an earlier connection has been resumed.
    package var isResumed: Bool { unsafe SSL_session_reused(ssl) == 1 }

    private func lookAtCallersCertificate() throws(TLSFailure) {
        // Sound: the certificate belongs to the session, and is only read here.
        guard let certificate = unsafe SSL_get0_peer_certificate(ssl) else { return }
        // A resumed session has it from a ticket, and then nobody has looked at its time.
        if unsafe X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0 {
            hasFailed = true
            let summary = unsafe CertificateSummary(certificate)
            throw .certificate(.expired(subject: summary.subject, summary.notAfter))
        }
        var digest = [UInt8](repeating: 0, count: CertificateThumbprint.byteCount)
        let done = unsafe X509_digest(certificate, DigestAlgorithm.sha256.method, &digest, nil) == 1
        precondition(done, "a digest over memory cannot fail")
        peerCertificateThumbprint = CertificateThumbprint(digest: digest.span)
        peerCertificateEnd = unsafe CertificateSummary(certificate).notAfter
    }

    /// The subject of the peer's certificate, as `CertificateSummary` has it; nil when it has shown none.
    package var peerSubject: String? {
        guard let certificate = unsafe SSL_get1_peer_certificate(ssl) else { return nil }
        defer { unsafe X509_free(certificate) }
        return unsafe CertificateSummary(certificate).subject
    }

    // MARK: - Failures

    private func fail() -> TLSFailure {
        hasFailed = true
        let error = ERR_get_error()
        ERR_clear_error()
        if let certificateProblem { return .certificate(certificateProblem) }
        if ERR_GET_LIB(error) == ERR_LIB_SSL, ERR_GET_REASON(error) != SSL_R_UNEXPECTED_EOF_WHILE_READING {
            return TLSFailure(reason: ERR_GET_REASON(error), words: TLSErrorQueue.reason(error))
        }
        let (readError, writeError) = unsafe (clibssl_socket_read_error(ssl), clibssl_socket_write_error(ssl))
        if readError != 0 { return .connection(Errno(code: readError, call: "recv")) }
        if writeError != 0 { return .connection(Errno(code: writeError, call: "send")) }
        if unsafe clibssl_socket_ended(ssl) == 1 { return isEstablished ? .truncated : .closedInHandshake }
        return .protocolError(error == 0 ? "the connection has failed before" : TLSErrorQueue.reason(error))
    }

    /// The session of `ssl`. Sound within a call on it.
    static func of(_ ssl: OpaquePointer?) -> TLSSession {
        guard let owner = unsafe clibssl_owner(ssl) else { preconditionFailure("every SSL has its session") }
        return unsafe Unmanaged<TLSSession>.fromOpaque(owner).takeUnretainedValue()
    }

    /// Notes what is wrong with a certificate, and leaves the verdict as it is. Sound within a call on the session.
    static func certificateVerified(_ accepted: Int32, _ verification: OpaquePointer?) -> Int32 {
        guard accepted != 1, let owner = unsafe clibssl_verification_owner(verification) else { return accepted }
        let session = unsafe Unmanaged<TLSSession>.fromOpaque(owner).takeUnretainedValue()
        let code = unsafe X509_STORE_CTX_get_error(verification)
        guard let certificate = unsafe X509_STORE_CTX_get_current_cert(verification) else { return accepted }
        session.certificateProblem = CertificateProblem(
            code: code, unsafe CertificateSummary(certificate), wanted: session.client?.serverName)
        return accepted
    }
}

extension TLSFailure {
    /// From the reason in OpenSSL's error; those from 1000 on are the peer's alerts.
    fileprivate init(reason: Int32, words: String) {
        switch reason {
        case SSL_AD_REASON_OFFSET..<SSL_AD_REASON_OFFSET + 256:
            self = .refusedByPeer(alert: UInt8(reason - SSL_AD_REASON_OFFSET))
        case SSL_R_HTTP_REQUEST, SSL_R_HTTPS_PROXY_REQUEST: self = .plainHTTP
        case SSL_R_WRONG_VERSION_NUMBER, SSL_R_BAD_RECORD_TYPE, SSL_R_RECORD_LENGTH_MISMATCH: self = .notTLS
        case SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_VERSION_TOO_LOW, SSL_R_VERSION_TOO_HIGH, SSL_R_UNKNOWN_PROTOCOL,
            SSL_R_UNKNOWN_SSL_VERSION:
            self = .noCommonVersion
        case SSL_R_NO_SHARED_CIPHER, SSL_R_NO_SHARED_GROUPS, SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS,
            SSL_R_NO_SUITABLE_GROUPS, SSL_R_NO_SUITABLE_KEY_SHARE, SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
            self = .noCommonCipher
        case SSL_R_NO_APPLICATION_PROTOCOL: self = .noCommonProtocol
        case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE: self = .certificateMissing
        case _: self = .protocolError(words)
        }
    }
}

extension CertificateProblem {
    /// From OpenSSL's verdict over the certificate that `summary` is of.
    fileprivate init(code: Int32, _ summary: CertificateSummary, wanted: TLSServerName?) {
        let subject = summary.subject
        switch code {
        case X509_V_ERR_CERT_HAS_EXPIRED: self = .expired(subject: subject, summary.notAfter)
        case X509_V_ERR_CERT_NOT_YET_VALID: self = .notYetValid(subject: subject, summary.notBefore)
        case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH:
            let names = summary.hostNames + summary.addresses.map(\.description)
            self = .nameMismatch(wanted: wanted?.description ?? "", names: names)
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT: self = .selfSigned(subject: subject)
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT,
            X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
            X509_V_ERR_CERT_UNTRUSTED:
            self = .unknownIssuer(subject: subject, issuer: summary.issuer)
        case X509_V_ERR_EE_KEY_TOO_SMALL, X509_V_ERR_CA_KEY_TOO_SMALL, X509_V_ERR_CA_MD_TOO_WEAK:
            self = .tooWeak(subject: subject)
        case X509_V_ERR_INVALID_PURPOSE: self = .wrongPurpose(subject: subject)
        case _:
            // Sound: the text is a constant of the library's.
            self = .other(subject: subject, unsafe String(cString: X509_verify_cert_error_string(Int(code))))
        }
    }
}
