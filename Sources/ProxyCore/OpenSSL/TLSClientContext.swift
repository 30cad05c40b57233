import CLibSSL
import Synchronization

/// The server that a client wants to reach, which its certificate has to be for.
package enum TLSServerName: Sendable, Equatable, CustomStringConvertible {
    /// Compared with the certificate's DNS names only, never with its subject (RFC 9525), and sent as SNI.
    case host(String)
    case address(IPAddress)

    package var description: String {
        switch self {
        case .host(let name): name
        case .address(let address): address.description
        }
    }
}

/// The client's side of TLS towards one server, for any number of connections on any thread. The server's certificate
/// is always verified. Immutable but for the newest session, which new connections resume.
package final class TLSClientContext: Sendable {
    package let serverName: TLSServerName
    private let context: SSLContext
    /// The address of an SSL_SESSION, or 0.
    private let newestSession = Mutex<UInt>(0)

    /// - Parameters:
    ///   - identity: the certificate to show to a server that asks for one.
    ///   - versionMax: for tests of older peers.
    package init(
        _ serverName: TLSServerName, trust: TrustStore, identity: TLSIdentity? = nil,
        versionMax: TLSVersion = .tls13
    ) throws(TLSIdentityError) {
        self.serverName = serverName
        context = try SSLContext(.client, identity: identity)
        let pointer = unsafe context.pointer
        context.verifyPeer(SSL_VERIFY_PEER, trust)
        let parameters = unsafe SSL_CTX_get0_param(pointer)
        // Sound: the name is copied.
        let isSet =
            switch serverName {
            case .host(let name): unsafe X509_VERIFY_PARAM_set1_host(parameters, name, name.utf8.count) == 1
            case .address(let address): unsafe X509_VERIFY_PARAM_set1_ip_asc(parameters, address.description) == 1
            }
        precondition(isSet, "a host name that is none, or out of memory")
        unsafe X509_VERIFY_PARAM_set_hostflags(
            parameters, UInt32(X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
        let isOffered = unsafe clibssl_offer_http11(pointer) == 0
        precondition(isOffered, "out of memory")
        unsafe clibssl_limit_version(pointer, versionMax.number)
        unsafe clibssl_report_new_sessions(pointer, sessionMade)
    }

    deinit {
        // Sound: a session's address, or nil, which is fine.
        unsafe SSL_SESSION_free(OpaquePointer(bitPattern: newestSession.withLock { $0 }))
    }

    /// An SSL for a new connection, which resumes the newest session if there is one.
    func makeSSL() -> OpaquePointer {
        guard let ssl = unsafe SSL_new(context.pointer) else { preconditionFailure("out of memory") }
        unsafe SSL_set_connect_state(ssl)
        if case .host(let name) = serverName {
            let isSet = unsafe clibssl_set_server_name(ssl, name) == 1
            precondition(isSet, "a host name is at most 255 bytes long")
        }
        // A copy for each connection: a session changes with the connection that has it.
        let session = newestSession.withLock { address in
            guard let session = unsafe OpaquePointer(bitPattern: address), unsafe Self.isGood(session) else {
                return UInt(0)
            }
            return UInt(bitPattern: unsafe SSL_SESSION_dup(session))
        }
        // Sound: the connection takes a reference of its own, if it can use the session at all.
        if let session = unsafe OpaquePointer(bitPattern: session) {
            if unsafe SSL_set_session(ssl, session) != 1 { ERR_clear_error() }
            unsafe SSL_SESSION_free(session)
        }
        return unsafe ssl
    }

    /// True while the server's certificate has not expired: where a session is resumed, it is not shown again.
    ///
    /// Sound: the certificate belongs to the session, and is only read.
    private static func isGood(_ session: OpaquePointer) -> Bool {
        guard let certificate = unsafe SSL_SESSION_get0_peer(session) else { return false }
        return unsafe X509_cmp_current_time(X509_get0_notAfter(certificate)) > 0
    }

    /// Remembers `session` in place of the one before.
    fileprivate func keep(_ session: OpaquePointer) {
        // Sound: a copy that nobody else has; OpenSSL spoils its own when the connection ends without close_notify.
        let copy = UInt(bitPattern: unsafe SSL_SESSION_dup(session))
        guard copy != 0 else { return ERR_clear_error() }
        let old = newestSession.withLock { newest in
            let old = newest
            newest = copy
            return old
        }
        unsafe SSL_SESSION_free(OpaquePointer(bitPattern: old))
    }
}

/// Sound: OpenSSL calls this within a call on the session of `ssl`, which hence lives. 0: the reference is not kept.
private func sessionMade(_ ssl: OpaquePointer?, _ session: OpaquePointer?) -> Int32 {
    if let session = unsafe session { unsafe TLSSession.of(ssl).client?.keep(session) }
    return 0
}
