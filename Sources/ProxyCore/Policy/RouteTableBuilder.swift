/// Collects routes into the parts of a `RouteTable`, noting every problem instead of stopping at the first.
struct RouteTableBuilder {
    private(set) var methods = MethodNames()
    private(set) var scopes = ScopeCatalog()
    private(set) var claims: [ClaimPath] = []
    private(set) var rules: [RouteRule] = []
    private(set) var trie = RouteTrie()
    private(set) var paths: [RoutePath] = []
    private(set) var problems: [RouteTableError.Problem] = []

    mutating func add(_ definition: RouteDefinition, index: Int) {
        let methods = methodSet(of: definition, index: index)
        let path = trie.addPath(definition.template.segments)
        if path == paths.count { paths.append(RoutePath()) }
        claimMethods(methods, path: path, route: index)
        rules.append(
            RouteRule(
                requirement: requirement(of: definition), conditions: conditions(of: definition, index: index),
                mode: definition.mode, allowsEncodedSlash: definition.allowsEncodedSlash))
    }

    private mutating func methodSet(of definition: RouteDefinition, index: Int) -> MethodSet {
        guard let names = definition.methods else { return .any }
        var set = MethodSet.none
        for name in names {
            if let number = methods.add(name) {
                set = set.inserting(number)
            } else {
                problems.append(.tooManyMethods(route: index))
            }
        }
        return set
    }

    private mutating func claimMethods(_ methods: MethodSet, path: Int, route: Int) {
        // Routes in conflict stay out of the list, so that it never grows beyond the number of methods.
        for entry in paths[path].entries where entry.methods.overlaps(methods) {
            let both = entry.methods == .any || methods == .any ? .none : entry.methods.intersection(methods)
            problems.append(.conflict(entry.route, route, methods: self.methods.names(in: both)))
            return
        }
        paths[path].entries.append(RoutePath.Entry(methods: methods, route: route))
    }

    private mutating func requirement(of definition: RouteDefinition) -> RouteRule.Requirement {
        switch definition.requirement {
        case .all(let names): .all(scopeSet(names))
        case .any(let names): .any(scopeSet(names))
        case .authenticated: .authenticated
        case .public: .public
        }
    }

    private mutating func scopeSet(_ names: [String]) -> ScopeSet {
        var set = ScopeSet()
        for name in names { set.insert(scopes.add(name)) }
        return set
    }

    private mutating func conditions(of definition: RouteDefinition, index: Int) -> [RouteRule.Condition] {
        var conditions: [RouteRule.Condition] = []
        for condition in definition.claims {
            switch condition.expectation {
            case .value(let value):
                let claim = claimNumber(condition.claim)
                conditions.append(RouteRule.Condition(claim: claim, expectation: .value(Array(value.utf8))))
            case .parameter(let name):
                guard let place = definition.template.place(of: name) else {
                    problems.append(.unknownParameter(route: index, name: name))
                    continue
                }
                let claim = claimNumber(condition.claim)
                conditions.append(RouteRule.Condition(claim: claim, expectation: .parameter(place)))
            }
        }
        return conditions
    }

    private mutating func claimNumber(_ claim: ClaimPath) -> Int {
        if let number = claims.firstIndex(of: claim) { return number }
        claims.append(claim)
        return claims.count - 1
    }
}
