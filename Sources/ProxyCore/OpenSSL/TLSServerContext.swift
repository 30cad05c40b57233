import CLibSSL

/// What a server wants of its callers' certificates.
package enum ClientCertificates: Sendable {
    case none
    /// One that is sent has to be good; none is fine.
    case requested(TrustStore)
    /// No certificate, no connection.
    case required(TrustStore)
}

/// The server's side of TLS, for any number of connections on any thread. Immutable: other certificates make another.
package final class TLSServerContext: Sendable {
    private let contexts: [SSLContext]
    /// Which of the contexts is for a name, in lower case; behind `*` and a dot for names with one more label in front.
    private let contextsByName: [String: Int]
    private let tickets: TicketKeyRing
    /// What is wanted of callers' certificates, and by which authorities: as a digest, which is another one when either
    /// has changed.
    private let callersScope: [UInt8]

    /// - Parameters:
    ///   - identities: at least one. The first whose certificate is for the name that a caller asks for (SNI, RFC 6066
    ///     section 3) is used, or the very first.
    ///   - tickets: outlives this, so that sessions survive a change of certificates.
    package init(
        identities: [TLSIdentity], clientCertificates: ClientCertificates = .none, tickets: TicketKeyRing
    ) throws(TLSIdentityError) {
        precondition(!identities.isEmpty)
        callersScope = Self.scope(of: clientCertificates)
        var contexts: [SSLContext] = []
        for identity in identities {
            let context = try SSLContext(.server, identity: identity)
            Self.configure(context, clientCertificates, callersScope)
            contexts.append(context)
        }
        self.contexts = contexts
        self.tickets = tickets
        contextsByName = Self.index(identities)
        if identities.count > 1 { unsafe clibssl_set_name_callback(contexts[0].pointer, nameAsked) }
    }

    /// An SSL for a new connection.
    func makeSSL() -> OpaquePointer {
        guard let ssl = unsafe SSL_new(contexts[0].pointer) else { preconditionFailure("out of memory") }
        unsafe SSL_set_accept_state(ssl)
        return unsafe ssl
    }

    /// Whether callers are held against the same authorities, in the same way.
    package func wantsSameCertificates(as other: TLSServerContext) -> Bool { callersScope == other.callersScope }

    private static func scope(of clientCertificates: ClientCertificates) -> [UInt8] {
        let scope: [UInt8] =
            switch clientCertificates {
            case .none: [0]
            case .requested(let trust): [1] + (trust.digest ?? [])
            case .required(let trust): [2] + (trust.digest ?? [])
            }
        return Digest.sha256(scope.span)
    }

    private static func configure(
        _ context: SSLContext, _ clientCertificates: ClientCertificates, _ scope: [UInt8]
    ) {
        let pointer = unsafe context.pointer
        unsafe clibssl_choose_http11(pointer)
        // Tickets are all that is remembered, and they lie with the callers.
        unsafe clibssl_use_no_session_cache(pointer)
        unsafe clibssl_set_ticket_callback(pointer, ticketAsked)
        unsafe SSL_CTX_set_num_tickets(pointer, 1)
        unsafe SSL_CTX_set_timeout(pointer, 7200)
        switch clientCertificates {
        case .none: break
        case .requested(let trust):
            context.verifyPeer(SSL_VERIFY_PEER, trust)
            unsafe clibssl_announce_authorities(pointer, trust.pointer, authoritiesBytesMax)
        case .required(let trust):
            context.verifyPeer(SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, trust)
            unsafe clibssl_announce_authorities(pointer, trust.pointer, authoritiesBytesMax)
        }
        // A session is resumed without its certificate being held against the authorities again: those of before must
        // not count when these have changed.
        unsafe SSL_CTX_set_session_id_context(pointer, scope, UInt32(scope.count))
    }

    /// What the names of authorities may take in a request for a certificate: a length of two bytes is before all of
    /// them, in TLS 1.3 (RFC 8446 section 4.3.2) together with other extensions. With more, every handshake would fail.
    /// Without any, a caller chooses by itself (RFC 5246 section 7.4.4).
    private static let authoritiesBytesMax: Int32 = 65_000

    private static func index(_ identities: [TLSIdentity]) -> [String: Int] {
        var index: [String: Int] = [:]
        for (number, identity) in identities.enumerated() {
            for name in identity.summary.hostNames where index[name] == nil { index[name] = number }
        }
        return index
    }

    fileprivate func context(forName name: [UInt8]) -> SSLContext? {
        let name = name.map(ASCII.lowercased)
        if let number = contextsByName[String(decoding: name, as: UTF8.self)] { return contexts[number] }
        // RFC 9525 section 6.3: the asterisk stands for the whole first label.
        guard let dot = name.firstIndex(of: ASCII.dot), dot > 0 else { return nil }
        return contextsByName["*" + String(decoding: name[dot...], as: UTF8.self)].map { contexts[$0] }
    }

    fileprivate func prepareTicket(
        _ name: UnsafeMutablePointer<UInt8>, _ iv: UnsafeMutablePointer<UInt8>, _ cipher: OpaquePointer,
        _ mac: OpaquePointer, makes: Bool
    ) -> Int32 {
        // Sound: handed on as OpenSSL gave them.
        unsafe tickets.prepare(name: name, iv: iv, cipher: cipher, mac: mac, makes: makes)
    }
}

// Sound: OpenSSL calls both within a call on the session of `ssl`, which hence lives.

private func nameAsked(
    _ ssl: OpaquePointer?, _ alert: UnsafeMutablePointer<Int32>?, _ unused: UnsafeMutableRawPointer?
) -> Int32 {
    guard let name = unsafe SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name),
        let context = unsafe TLSSession.of(ssl).server?.context(forName: Array(String(cString: name).utf8))
    else { return SSL_TLSEXT_ERR_NOACK }
    unsafe SSL_set_SSL_CTX(ssl, context.pointer)
    return SSL_TLSEXT_ERR_OK
}

private func ticketAsked(
    _ ssl: OpaquePointer?, _ name: UnsafeMutablePointer<UInt8>?, _ iv: UnsafeMutablePointer<UInt8>?,
    _ cipher: OpaquePointer?, _ mac: OpaquePointer?, _ makes: Int32
) -> Int32 {
    guard let name = unsafe name, let iv = unsafe iv, let cipher = unsafe cipher, let mac = unsafe mac,
        let server = unsafe TLSSession.of(ssl).server
    else { return -1 }
    return unsafe server.prepareTicket(name, iv, cipher, mac, makes: makes == 1)
}
