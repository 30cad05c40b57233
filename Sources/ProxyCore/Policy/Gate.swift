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
    package var cache: TokenCache<AuthenticatedCaller> { remembered }
    private var remembered: TokenCache<AuthenticatedCaller>
    private let verifier: TokenVerifier
    private var heritage: TokenHeritage
    /// Issuers of whose keys nothing has been heard yet.
    private var expected: Set<Int> = []

    /// - Parameter keySources: of each issuer, a number that is that of no other source of keys. Without them nobody
    ///   takes over what is remembered here.
    package init(policy: AccessPolicy, issuers: [TokenIssuer], limits: Limits, keySources: [Int]? = nil) {
        self.policy = policy
        verifier = TokenVerifier(issuers: issuers, maxTokenBytes: limits.tokenBytes)
        remembered = TokenCache(capacity: limits.tokenCacheEntries)
        heritage = TokenHeritage(issuers: issuers, keySources: keySources)
    }

    /// The first keys of an issuer are on their way: whoever needs them waits, as for a new key, until `install`.
    func expectKeys(issuer: Int) { expected.insert(issuer) }

    /// Replaces an issuer's keys; nil when there are none, or none any more. Forgets the tokens whose keys have left.
    package func install(_ keys: KeySet?, issuer: Int) {
        expected.remove(issuer)
        guard verifier.install(keys, issuer: issuer) else { return }
        remembered.removeAll { !isGenuine($0) }
    }

    /// Takes over what `previous` remembers and would be verified here in the same way and by the same keys, which are
    /// to be here by now. All else it forgets; it judges nothing any more.
    package func takeOverTokens(of previous: Gate) {
        let taken = previous.remembered
        previous.remembered = TokenCache(capacity: 0)
        heritage.succeed(previous.heritage)
        // Other bounds: another cache. That the longest token is another one, nobody may notice by an old one.
        guard taken.capacity == remembered.capacity, verifier.maxTokenBytes == previous.verifier.maxTokenBytes else {
            return
        }
        remembered = taken
        remembered.removeAll { !isGenuine($0) }
    }

    /// Whether what is remembered still comes of rules and keys that count.
    private func isGenuine(_ caller: AuthenticatedCaller) -> Bool {
        guard let issuer = heritage.issuer(caller.origin) else { return false }
        return verifier.holds(caller.token.key, issuer: issuer)
    }

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
            guard let found = remembered.lookup(token), let caller = asOfNow(found, token) else {
                return verify(token, certificate: certificate, now: now)
            }
            let skew = verifier.issuers[caller.token.issuer].clockSkewSeconds
            if let error = caller.token.temporalError(at: now, skew: skew) { return .denied(.invalidToken(error)) }
            if let error = caller.token.bindingError(certificate) { return .denied(.invalidToken(error)) }
            caller.token.noteUse(at: now)
            return .caller(caller)
        }
    }

    /// What is remembered, in terms of the rules that judge now; nil when that is not to be had of it.
    private func asOfNow(_ caller: AuthenticatedCaller, _ token: Span<UInt8>) -> AuthenticatedCaller? {
        if caller.origin.generation == heritage.generation { return caller }
        guard isGenuine(caller), let issuer = heritage.issuer(caller.origin) else { return nil }
        let name = verifier.issuers[issuer].issuer
        guard
            let current = try? AuthenticatedCaller(
                caller.token.moved(toIssuer: issuer), policy: policy, issuer: name, origin: heritage.origin(issuer))
        else { return nil }
        remembered.insert(token, current)
        return current
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
                let caller = try AuthenticatedCaller(
                    verified, policy: policy, issuer: issuer, origin: heritage.origin(verified.issuer))
                remembered.insert(token, caller)
                verified.noteUse(at: now)
                return .caller(caller)
            } catch {
                return .denied(.invalidToken(error))
            }
        }
    }
}
