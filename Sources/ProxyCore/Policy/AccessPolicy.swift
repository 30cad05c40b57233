/// The rules of one configuration: which answer the readings of a path and the standing of a caller come to.
///
/// Pure and immutable; every worker may hold the same one.
package final class AccessPolicy: Sendable {
    package let table: RouteTable
    package let identity: IdentityFields
    /// For routes that say nothing, and for what no route matches.
    package let mode: EnforcementMode
    /// Whether anything at all is only observed.
    let observes: Bool

    package init(table: RouteTable, identity: IdentityFields, mode: EnforcementMode) {
        self.table = table
        self.identity = identity
        self.mode = mode
        observes = mode == .observe || table.rules.contains { $0.mode == .observe }
    }

    /// What is known of whoever sends a request.
    enum Standing {
        /// The token is valid.
        case granted(CallerGrants)
        case denied(Denial)
        /// The token would be valid if its issuer had a key that is not here yet; and what it is denied for when none
        /// comes.
        case keyNeeded(issuer: Int, Denial)
    }

    enum Decision: Equatable {
        case permit
        /// To be denied, were this mode not `observe`.
        case observe(Denial)
        case refuse(Denial)
        case awaitKeys(issuer: Int)
    }

    /// True when every reading leads to a public route: then nobody asks for a token, nor looks at one.
    func isPublic(_ landings: PathLandings) -> Bool {
        guard isPublic(landings.asSent), !landings.hidesDotSegments else { return false }
        for other in landings.others where !isPublic(other.landing) { return false }
        return true
    }

    /// The answer to a request that is not public.
    func decide(
        _ landings: PathLandings, path: Span<UInt8>, _ standing: Standing, mayAwaitKeys: Bool
    ) -> Decision {
        switch standing {
        case .granted(let grants):
            guard let denial = denial(landings, path: path, grants) else { return .permit }
            return carryOut(denial, landings)
        case .denied(let denial): return carryOut(denial, landings)
        case .keyNeeded(let issuer, let denial):
            // What would be forwarded anyway waits for nothing.
            if mayAwaitKeys, !isObserved(landings) { return .awaitKeys(issuer: issuer) }
            return carryOut(denial, landings)
        }
    }

    /// What speaks against a request in every reading of its path, or `ambiguousPath` when readings differ in that;
    /// nil when all permit it.
    private func denial(_ landings: PathLandings, path: Span<UInt8>, _ grants: CallerGrants) -> Denial? {
        let first = denial(landings.asSent, path: path, grants)
        for other in landings.others where denial(other, grants) != first { return .ambiguousPath }
        return landings.hidesDotSegments ? .ambiguousPath : first
    }

    func denial(_ other: PathLandings.Other, _ grants: CallerGrants) -> Denial? {
        denial(other.landing, path: other.reading.bytes.span, grants)
    }

    /// What speaks against a request in one reading of its path.
    func denial(_ landing: RouteLanding, path: Span<UInt8>, _ grants: CallerGrants) -> Denial? {
        switch landing {
        case .none: return .noRoute
        case .methodNotAllowed(let path): return .methodNotAllowed(path: path)
        case .route(let route):
            guard meetsConditions(of: route, path: path, grants) else { return .claimMismatch(route: route) }
            guard table.rules[route].isMet(by: grants.scopes) else { return .insufficientScope(route: route) }
            return nil
        }
    }

    private func meetsConditions(of route: Int, path: Span<UInt8>, _ grants: CallerGrants) -> Bool {
        let conditions = table.rules[route].conditions
        for index in conditions.indices {
            guard let claim = grants.claims[conditions[index].claim] else { return false }
            switch conditions[index].expectation {
            case .value(let value):
                if claim != value { return false }
            case .parameter(let place):
                if !claim.span.equals(path.slice(place.range(in: path))) { return false }
            }
        }
        return true
    }

    /// In `observe` a denial is only noted, unless readings of the path lead to different places: an odd path is no
    /// lack of token or scope. A denial is carried out as soon as one of the readings leads to where it is enforced.
    private func carryOut(_ denial: Denial, _ landings: PathLandings) -> Decision {
        guard isObserved(landings) else { return .refuse(denial) }
        return landings.agree ? .observe(denial) : .refuse(.ambiguousPath)
    }

    func isObserved(_ landings: PathLandings) -> Bool {
        guard isObserved(landings.asSent) else { return false }
        for other in landings.others where !isObserved(other.landing) { return false }
        return true
    }

    private func isObserved(_ landing: RouteLanding) -> Bool {
        switch landing {
        case .none: mode == .observe
        case .methodNotAllowed(let path): table.routes(path: path).allSatisfy(isObserved)
        case .route(let route): isObserved(route: route)
        }
    }

    private func isObserved(route: Int) -> Bool { (table.rules[route].mode ?? mode) == .observe }

    private func isPublic(_ landing: RouteLanding) -> Bool {
        guard case .route(let route) = landing else { return false }
        return table.rules[route].isPublic
    }
}
