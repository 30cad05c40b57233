// The certificate that a caller has shown under TLS: the connection outlasts it by no more than the answer under way.

extension ClientConnection {
    /// What tokens may be bound to (RFC 8705 section 3); nil once it has expired, or is not what is asked for any more,
    /// whatever it was when the connection began.
    var certificate: CertificateThumbprint? {
        guard certificateEnd == nil, let tls = caller.tls, let end = tls.peerCertificateEnd,
            context.loop.unixTime <= end
        else { return nil }
        return tls.peerCertificateThumbprint
    }

    /// Asks to be woken when it expires.
    func watchCertificate() {
        guard let end = caller.tls?.peerCertificateEnd else { return }
        // It is good for the whole of its last second.
        let wait = TokenWatch.wait(for: UnixTime(end.seconds + 1), wallNanoseconds: Clock.wallNanoseconds())
        certificateCheck = Clock.monotonic().advanced(by: wait)
    }

    /// Whether nothing may begin here any more. One comparison, as long as there is nothing to look at.
    var mustEnd: Bool { certificateCheck <= context.loop.now && certificateHasEnded() }

    private func certificateHasEnded() -> Bool {
        guard certificateEnd == nil else { return true }
        guard let end = caller.tls?.peerCertificateEnd, context.loop.unixTime > end else {
            watchCertificate()
            return false
        }
        certificateEnd = "certificate_expired"
        drain()
        return true
    }

    /// Callers' certificates are held against others now, and whoever is here would perhaps not be let in.
    func authoritiesChanged() {
        guard phase == .serving, certificateEnd == nil else { return }
        certificateEnd = "client_ca_changed"
        certificateCheck = context.loop.now
        drain()
        if exchange.isTunnel || idleSince != nil { deadlineReached() }
    }
}
