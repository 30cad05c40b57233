/// One question to the judge of requests, and its answer.
struct Inquiry {
    enum Answer {
        case forwarded
        /// Forwarded whoever asks, since every reading of the path is public.
        case publicRoute
        /// Forwarded only because of `observe`.
        case observed(Denial)
        case refused(ProxyAnswer)
    }

    /// What came of the search for the keys of a token's issuer.
    struct KeySearch {
        let issuer: IssuerSettings
        let result: Result<KeySet, KeyFetchFailure>
    }

    let configuration: Configuration
    let table: RouteTable
    let request: ExplainedRequest
    let caller: ExplainedCaller
    let now: UnixTime
    /// What the gate sees; nil when the request does not get as far.
    private(set) var explanation: Explanation?
    /// nil when no keys were needed, or those at hand were enough.
    private(set) var keySearch: KeySearch?
    private(set) var answer: Answer

    init(
        _ configuration: Configuration, _ request: ExplainedRequest, _ caller: ExplainedCaller,
        now: UnixTime = Clock.unixTime()
    ) {
        self.configuration = configuration
        self.request = request
        self.caller = caller
        self.now = now
        let gate = Self.gate(configuration)
        table = gate.policy.table
        do throws(HeadError) {
            let path = try request.path(HeadLimits(configuration.limits))
            var found = gate.explain(method: request.method, path: path, caller, now: now)
            if let issuer = Self.issuerInNeed(found) {
                let search = Self.searchKeys(configuration.issuers[issuer])
                if let keys = try? search.result.get() {
                    gate.install(keys, issuer: issuer)
                    found = gate.explain(method: request.method, path: path, caller, now: now)
                }
                keySearch = search
            }
            explanation = found
            answer = Self.answer(found)
        } catch {
            answer = .refused(.malformedHead(error))
        }
    }

    var isForwarded: Bool {
        switch answer {
        case .forwarded, .publicRoute, .observed: true
        case .refused: false
        }
    }

    private static func gate(_ configuration: Configuration) -> Gate {
        do throws(ProxyStartError) {
            let policy = try ProxyServer.policy(of: configuration)
            return Gate(policy: policy, issuers: configuration.issuers.map(\.token), limits: configuration.limits)
        } catch {
            preconditionFailure("the loader refuses what makes no policy: \(error.message)")
        }
    }

    /// The issuer whose keys the gate would need for its answer.
    private static func issuerInNeed(_ explanation: Explanation) -> Int? {
        for denial in explanation.lines.compactMap(\.denial) {
            if case .keysUnavailable(let issuer) = denial, explanation.answer != .publicRoute { return issuer }
        }
        return nil
    }

    private static func searchKeys(_ issuer: IssuerSettings) -> KeySearch {
        do throws(KeyFetchFailure) {
            return KeySearch(issuer: issuer, result: .success(try IssuerKeys.load(issuer)))
        } catch {
            return KeySearch(issuer: issuer, result: .failure(error))
        }
    }

    private static func answer(_ explanation: Explanation) -> Answer {
        switch explanation.answer {
        case .publicRoute: .publicRoute
        case .permitted: .forwarded
        case .observed(let denial): .observed(denial)
        case .refused(let denial): refused(denial, explanation)
        // The keys here are as new as can be: what the proxy says once it has waited for newer ones.
        case .awaitsKeys: refused(.invalidToken(.noMatchingKey), explanation)
        }
    }

    private static func refused(_ denial: Denial, _ explanation: Explanation) -> Answer {
        .refused(.refused(Refusal(denial: denial, route: explanation.route, caller: explanation.caller)))
    }
}
