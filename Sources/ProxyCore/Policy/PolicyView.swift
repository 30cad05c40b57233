/// One of two policies that are compared: which route owns what, and who gets through there.
struct PolicyView {
    private let policy: AccessPolicy
    private let access: [RouteAccess]
    private let ids: Set<String>
    let methodNames: [String]
    /// Of every path, one.
    let templates: [[PathTemplate.Segment]]
    /// By the shape of the path: what its routes say.
    private let sayings: [String: [String]]

    init(_ policy: AccessPolicy) {
        self.policy = policy
        let definitions = policy.table.definitions
        let mode = policy.mode
        access = definitions.map { Self.access($0, mode: mode) }
        ids = Set(definitions.map(\.id))
        let answered = policy.table.answeredMethods
        methodNames = Array(
            Set(definitions.indices.flatMap { policy.table.methods.names(in: answered[$0]) })
        ).sorted()
        var templates: [[PathTemplate.Segment]] = []
        var sayings: [String: [String]] = [:]
        for (route, definition) in definitions.enumerated() {
            let shape = Self.shape(definition.template)
            if sayings[shape] == nil { templates.append(definition.template.segments) }
            let methods =
                answered[route] == .any ? "any" : policy.table.methods.names(in: answered[route]).joined(separator: ",")
            sayings[shape, default: []].append("\(methods) \(access[route])")
        }
        self.templates = templates
        self.sayings = sayings.mapValues { $0.sorted() }
    }

    /// The templates whose routes say something else than those of the same path in the other table.
    func templates(otherThanIn other: PolicyView) -> [[PathTemplate.Segment]] {
        templates.filter { sayings[Self.shape($0)] != other.sayings[Self.shape($0)] }
    }

    func knows(_ id: String) -> Bool { ids.contains(id) }

    /// Who gets through where no route is.
    var accessWithoutRoute: RouteAccess { RouteAccess(requirement: .nobody, isObserved: policy.mode == .observe) }

    /// The path that owns whatever this template matches and no more specific one does. A `{name...}` stands for a long
    /// rest only.
    func owner(of segments: [PathTemplate.Segment]) -> Int? { owner(of: segments[...], RouteTrie.root) }

    private func owner(of segments: ArraySlice<PathTemplate.Segment>, _ node: Int) -> Int? {
        let place = policy.table.trie.nodes[node]
        let rest = place.restPath >= 0 ? Int(place.restPath) : nil
        guard let segment = segments.first else { return place.path >= 0 ? Int(place.path) : rest }
        switch segment {
        case .literal(let literal):
            if let child = policy.table.trie.child(of: node, literal),
                let found = owner(of: segments.dropFirst(), child)
            {
                return found
            }
            fallthrough
        case .parameter:
            if place.parameterChild >= 0, let found = owner(of: segments.dropFirst(), Int(place.parameterChild)) {
                return found
            }
        case .rest:
            // It stands for more segments than any template has: each of those may be a parameter of another one.
            if place.parameterChild >= 0, let found = owner(of: segments, Int(place.parameterChild)) { return found }
        }
        return rest
    }

    /// The route that answers a method on a path (nil: one that no table names), and who gets through.
    func landing(on path: Int?, _ method: String?) -> (id: String?, access: RouteAccess) {
        guard let path else { return (nil, accessWithoutRoute) }
        let table = policy.table
        let number = method.map { table.methods.number(of: $0.utf8.span) } ?? MethodNames.unknown
        switch table.landing(path, number) {
        case .route(let route): return (table.definitions[route].id, access[route])
        case .methodNotAllowed, .none:
            let isObserved = table.routes(path: path).allSatisfy { access[$0].isObserved }
            return (nil, RouteAccess(requirement: .nobody, isObserved: isObserved))
        }
    }

    private static func access(_ definition: RouteDefinition, mode: EnforcementMode) -> RouteAccess {
        let requirement: RouteAccess.Requirement =
            switch definition.requirement {
            case .all(let scopes): .all(Set(scopes))
            case .any(let scopes): .any(Set(scopes))
            case .authenticated: .all([])
            case .public: .anybody
            }
        let conditions = definition.claims.map { condition in
            switch condition.expectation {
            case .value(let value): "\(condition.claim.text) = \"\(value)\""
            // By its place: what it is called does not matter.
            case .parameter(let name):
                "\(condition.claim.text) = \(Self.text(of: definition.template.place(of: name)))"
            }
        }
        return RouteAccess(
            requirement: requirement, conditions: Set(conditions),
            isObserved: (definition.mode ?? mode) == .observe && definition.requirement != .public)
    }

    private static func text(of place: ParameterPlace?) -> String {
        guard let place else { return "{}" }
        return "{\(place.segment + 1)\(place.takesRest ? "..." : "")}"
    }

    private static func shape(_ template: PathTemplate) -> String { shape(template.segments) }

    private static func shape(_ segments: [PathTemplate.Segment]) -> String {
        segments.map { segment in
            switch segment {
            case .literal(let bytes): String(decoding: bytes, as: UTF8.self)
            // Neither can be a literal.
            case .parameter: "{}"
            case .rest: "{...}"
            }
        }.joined(separator: "/")
    }
}
