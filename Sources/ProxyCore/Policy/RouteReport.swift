/// A route table as `check` shows it: the routes in the order in which they take precedence, and what looks unintended.
package struct RouteReport: Sendable {
    package enum Warning: Sendable, Equatable {
        /// Anybody may call the route.
        case publicRoute(Int)
        /// The route names no methods, so it answers all of them.
        case anyMethod(Int)
        /// The route names no method that could be asked for.
        case noMethod(Int)
        /// More specific routes own every path that the route could match.
        case neverMatches(Int)
        /// Requests for the specific route's path with these methods are answered 405 although the general route would
        /// have them: the most specific path owns a request. No methods named: all but those of the specific path.
        case hidesMethods(specific: Int, general: Int, methods: [String])
        /// A literal differs from one of the other route's only in letter case: since some upstreams ignore it, callers
        /// need to be permitted by both.
        case differsOnlyInCase(Int, Int)
        /// A literal holds `;`, behind which many upstreams see parameters of the segment: callers need to be
        /// permitted without that part too.
        case parametersInLiteral(Int)
        /// A literal that would be a parameter elsewhere: `:id`, `<id>`, `$id`.
        case looksLikeParameter(Int, segment: String)
    }

    /// Indices of routes: of all that could answer a request, the first one does.
    package let order: [Int]
    package let warnings: [Warning]

    package init(_ table: RouteTable) {
        order = table.definitions.indices.sorted { left, right in
            Self.precedes(table.definitions[left].template, table.definitions[right].template, left, right)
        }
        warnings = order.flatMap { Self.warnings(about: $0, table) } + PathOverlaps(table).warnings(in: order)
    }

    /// The shape decides: at the first segment that differs in kind the literal comes first, then `{name}`, then
    /// `{name...}`. Routes of the same shape stand in the order of the configuration.
    private static func precedes(_ left: PathTemplate, _ right: PathTemplate, _ first: Int, _ second: Int) -> Bool {
        for (one, other) in zip(left.segments, right.segments) {
            switch (one, other) {
            case (.literal(let one), .literal(let other)):
                if one != other { return one.lexicographicallyPrecedes(other) }
            case _:
                if rank(one) != rank(other) { return rank(one) < rank(other) }
            }
        }
        if left.segments.count != right.segments.count { return left.segments.count < right.segments.count }
        return first < second
    }

    private static func rank(_ segment: PathTemplate.Segment) -> Int {
        switch segment {
        case .literal: 0
        case .parameter: 1
        case .rest: 2
        }
    }

    private static func warnings(about route: Int, _ table: RouteTable) -> [Warning] {
        let definition = table.definitions[route]
        var warnings: [Warning] = []
        if definition.requirement == .public { warnings.append(.publicRoute(route)) }
        if definition.methods == nil { warnings.append(.anyMethod(route)) }
        if definition.methods == [] { warnings.append(.noMethod(route)) }
        for case .literal(let literal) in definition.template.segments {
            let text = String(decoding: literal, as: UTF8.self)
            if literal.contains(ASCII.semicolon) { warnings.append(.parametersInLiteral(route)) }
            if text.hasPrefix(":") || text.hasPrefix("$") { warnings.append(.looksLikeParameter(route, segment: text)) }
        }
        return warnings
    }
}
