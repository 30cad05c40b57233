/// The leave to forward one request. Only the gate makes one, and forwarding spends it.
package struct Permit: ~Copyable {
    /// The route of the path as it was sent; nil when nothing matches and that is only observed.
    package let route: Int?
    /// Whose token was found sufficient; nil for public routes and for what is only observed.
    package let caller: AuthenticatedCaller?
    /// What would have been refused if the mode were not `observe`.
    package let observed: Refusal?
    /// Whether it ends with the caller's token, as far as it may last so long: not where the mode is `observe`.
    fileprivate let endsWithToken: Bool

    fileprivate init(route: Int?, caller: AuthenticatedCaller?, observed: Refusal?, endsWithToken: Bool = false) {
        self.route = route
        self.caller = caller
        self.observed = observed
        self.endsWithToken = endsWithToken
    }

    /// The field lines that tell the upstream who calls, each ending with CRLF; none without a caller.
    package var identityLines: [UInt8] { caller?.identityLines ?? [] }
}

/// What the gate says to one request.
package enum Verdict: ~Copyable {
    case permit(Permit)
    case refuse(Refusal)
    /// The token is signed with a key that may be in a newer set of this issuer, or in its first one: ask again when
    /// that has come, or when it has not.
    case awaitKeys(issuer: Int)
}

/// Judges requests. Belongs to one worker and is used on its thread.
package final class Gate {
    package let policy: AccessPolicy
    /// What the tokens that were used last have been found to mean.
    package let cache: TokenCache<AuthenticatedCaller>
    private let verifier: TokenVerifier
    /// Issuers of whose keys nothing has been heard yet.
    private var expected: Set<Int> = []

    package init(policy: AccessPolicy, issuers: [TokenIssuer], limits: Limits) {
        self.policy = policy
        verifier = TokenVerifier(issuers: issuers, maxTokenBytes: limits.tokenBytes)
        cache = TokenCache(capacity: limits.tokenCacheEntries)
    }

    /// The first keys of an issuer are on their way: whoever needs them waits, as for a new key, until `install`.
    func expectKeys(issuer: Int) { expected.insert(issuer) }

    /// Replaces an issuer's keys; nil when there are none, or none any more. Forgets the tokens whose keys have left.
    package func install(_ keys: KeySet?, issuer: Int) {
        expected.remove(issuer)
        guard verifier.install(keys, issuer: issuer) else { return }
        cache.removeAll { !verifier.holdsKey(of: $0.token) }
    }

    /// Forgets all tokens: for rules that judge nothing any more.
    package func forgetTokens() { cache.removeAll { _ in true } }

    /// Judges the request that `bytes` begin with, in the order of docs/ARCHITECTURE.md. Allocates nothing for a plain
    /// path and a token that is remembered.
    ///
    /// - Parameters:
    ///   - certificate: the caller's, if it has shown one on the connection and proved to have its key.
    ///   - mayAwaitKeys: false when the request has waited already.
    package func judge(
        _ head: borrowing RequestHead, _ bytes: Span<UInt8>, certificate: CertificateThumbprint?, now: UnixTime,
        mayAwaitKeys: Bool
    ) -> Verdict {
        let path = bytes.slice(head.path)
        let method = policy.table.methods.number(of: bytes.slice(head.methodRange))
        let landings: PathLandings
        do throws(PathProblem) {
            landings = try PathLandings(path, method: method, in: policy.table)
        } catch {
            return .refuse(Refusal(denial: error.denial, route: nil, caller: nil))
        }
        if policy.isPublic(landings) {
            return .permit(Permit(route: landings.route, caller: nil, observed: nil))
        }
        let credentials = BearerCredentials(head.authorization, in: bytes)
        let authentication = authenticate(credentials, in: bytes, certificate: certificate, now: now)
        let decision = policy.decide(landings, path: path, authentication.standing, mayAwaitKeys: mayAwaitKeys)
        return verdict(decision, landings, authentication)
    }

    /// When what the permit permits has to end, if it is still under way by then: at the expiry of the caller's token
    /// and the issuer's clock skew. nil when no token has permitted it, or nothing would be refused for want of one.
    package func tokenEnd(of permit: borrowing Permit) -> UnixTime? {
        guard permit.endsWithToken, let token = permit.caller?.token else { return nil }
        return UnixTime(token.expiry.seconds + verifier.issuers[token.issuer].clockSkewSeconds)
    }

    private func verdict(
        _ decision: AccessPolicy.Decision, _ landings: PathLandings, _ authentication: Authentication
    ) -> Verdict {
        let route = landings.route
        switch decision {
        case .permit:
            let isEnforced = !(policy.observes && policy.isObserved(landings))
            return .permit(
                Permit(route: route, caller: authentication.caller, observed: nil, endsWithToken: isEnforced))
        case .observe(let denial):
            let refusal = Refusal(denial: denial, route: route, caller: authentication.caller)
            return .permit(Permit(route: route, caller: nil, observed: refusal))
        case .refuse(let denial):
            return .refuse(Refusal(denial: denial, route: route, caller: authentication.caller))
        case .awaitKeys(let issuer): return .awaitKeys(issuer: issuer)
        }
    }

    /// What a request's credentials were found to be.
    enum Authentication {
        case caller(AuthenticatedCaller)
        case denied(Denial)
        case keyNeeded(issuer: Int, Denial)

        var caller: AuthenticatedCaller? {
            guard case .caller(let caller) = self else { return nil }
            return caller
        }

        var standing: AccessPolicy.Standing {
            switch self {
            case .caller(let caller): .granted(caller.grants)
            case .denied(let denial): .denied(denial)
            case .keyNeeded(let issuer, let denial): .keyNeeded(issuer: issuer, denial)
            }
        }
    }

    func authenticate(
        _ credentials: BearerCredentials, in bytes: Span<UInt8>, certificate: CertificateThumbprint?, now: UnixTime
    ) -> Authentication {
        switch credentials {
        case .none: return .denied(.missingToken)
        case .problem(let problem): return .denied(.invalidRequest(problem))
        case .token(let range):
            let token = bytes.slice(range)
            guard let caller = cache.lookup(token) else { return verify(token, certificate: certificate, now: now) }
            let skew = verifier.issuers[caller.token.issuer].clockSkewSeconds
            if let error = caller.token.temporalError(at: now, skew: skew) { return .denied(.invalidToken(error)) }
            if let error = caller.token.bindingError(certificate) { return .denied(.invalidToken(error)) }
            caller.token.noteUse(at: now)
            return .caller(caller)
        }
    }

    /// Verifies a token that is not remembered, and remembers it.
    private func verify(
        _ token: Span<UInt8>, certificate: CertificateThumbprint?, now: UnixTime
    ) -> Authentication {
        guard BearerCredentials.isB64Token(token) else { return .denied(.invalidRequest(.malformed)) }
        switch verifier.verify(token, certificate: certificate, now: now) {
        case .keyNeeded(let issuer): return .keyNeeded(issuer: issuer, .invalidToken(.noMatchingKey))
        case .keysUnavailable(let issuer):
            let denial = Denial.keysUnavailable(issuer: issuer)
            return expected.contains(issuer) ? .keyNeeded(issuer: issuer, denial) : .denied(denial)
        case .refused(let error, _): return .denied(.invalidToken(error))
        case .verified(let verified):
            do throws(TokenError) {
                let issuer = verifier.issuers[verified.issuer].issuer
                let caller = try AuthenticatedCaller(verified, policy: policy, issuer: issuer)
                cache.insert(token, caller)
                verified.noteUse(at: now)
                return .caller(caller)
            } catch {
                return .denied(.invalidToken(error))
            }
        }
    }
}
