/// Token revocation (RFC 7009). A revoked token is inactive for whoever introspects it; who verifies tokens by
/// themselves learns nothing of it, which is why tokens live shortly. One thread.
final class RevocationEndpoint {
    private let issuer: String
    private let authenticator: ClientAuthenticator
    private let keys: SigningKeyRing
    private let revoked: ExpiringJournal
    private let audit: AuditLog?

    init(
        issuer: String, _ authenticator: ClientAuthenticator, keys: SigningKeyRing, revoked: ExpiringJournal,
        audit: AuditLog?
    ) {
        self.issuer = issuer
        self.authenticator = authenticator
        self.keys = keys
        self.revoked = revoked
        self.audit = audit
    }

    func answer(_ call: IssuerCall) -> ServiceResponse {
        guard call.request.method == .post else { return .methodNotAllowed(allow: "POST") }
        var record = AuditRecord(call, "revoke")
        do throws(TokenRequestError) {
            try revoke(call, &record)
            // Section 2.2: the same for a token that is none, or none any more.
            return ServiceResponse(status: 200, fields: EndpointAnswer.notStored)
        } catch {
            record.event = .refusal
            record.reason = error.reason
            try? audit?.write(record)
            return EndpointAnswer.refused(error)
        }
    }

    private func revoke(_ call: IssuerCall, _ record: inout AuditRecord) throws(TokenRequestError) {
        let parameters = try TokenRequestParameters(call.request)
        let caller = try authenticator.authenticate(call, parameters, &record)
        guard let text = parameters["token"] else { throw .missingToken }
        guard let token = IssuedToken(text, signedWith: keys, issuer: issuer, at: call.now) else { return }
        guard token.client == caller.client.id else { throw .tokenOfAnotherClient }
        record.event = .revocation
        record.tokenID = token.id
        record.expires = token.expires
        do throws(Errno) { try audit?.write(record) } catch { throw .unavailable }
        do throws(ExpiringJournal.Failure) {
            try revoked.insert(token.id, of: token.client, until: token.expires, at: call.now)
        } catch {
            throw .unavailable
        }
    }
}
