/// All routes, compiled for matching: which route owns a path and a method, and what it asks of a caller.
///
/// Immutable; every worker may hold the same one.
package final class RouteTable: Sendable {
    /// The routes in the order of the configuration; everything else names them by their index here.
    package let definitions: [RouteDefinition]
    package let methods: MethodNames
    package let scopes: ScopeCatalog
    /// The claims that conditions name, each once.
    package let claims: [ClaimPath]
    let rules: [RouteRule]
    let trie: RouteTrie
    private let paths: [RoutePath]

    package init(_ definitions: [RouteDefinition]) throws(RouteTableError) {
        var builder = RouteTableBuilder()
        for (index, definition) in definitions.enumerated() { builder.add(definition, index: index) }
        guard builder.problems.isEmpty else { throw RouteTableError(problems: builder.problems) }
        self.definitions = definitions
        methods = builder.methods
        scopes = builder.scopes
        claims = builder.claims
        rules = builder.rules
        trie = builder.trie
        paths = builder.paths.map(\.finished)
    }

    /// Without routes.
    package static let empty: RouteTable = {
        do throws(RouteTableError) { return try RouteTable([]) } catch { preconditionFailure("no routes, no conflict") }
    }()

    /// The number of nodes: no search visits more.
    package var nodeCount: Int { trie.nodes.count }

    /// The landing of `path` (which begins with a slash, without query) as its bytes stand. Allocates nothing.
    ///
    /// The most specific path that has any route owns the request, even if none of its routes answers the method.
    package func match(_ path: Span<UInt8>, method: Int) -> RouteMatch {
        var walk = RouteWalk(path)
        let found = walk.search(trie, path)
        return RouteMatch(
            landing: landing(found, method), needsCaseFolding: walk.sawCaseVariant, visitedNodes: walk.visitedNodes)
    }

    /// The landings of `path` in an upstream that ignores letter case: several when literals differ only in case.
    package func landingsIgnoringCase(_ path: Span<UInt8>, method: Int) -> [RouteLanding] {
        var landings: [RouteLanding] = []
        var walk = RouteWalk(path)
        walk.searchIgnoringCase(trie, path) { found in landings.append(landing(found, method)) }
        return landings.isEmpty ? [.none] : landings
    }

    /// The methods that a path answers, for `Allow`.
    package func allowedMethods(path: Int) -> MethodSet { paths[path].allowed }

    /// The routes of a path, in the order of the configuration.
    package func routes(path: Int) -> [Int] { paths[path].entries.map(\.route).sorted() }

    /// What each route answers: the methods that it names, and `HEAD` where that follows `GET`.
    package var answeredMethods: [MethodSet] {
        var methods = definitions.map { _ in MethodSet.none }
        for path in paths {
            for entry in path.entries { methods[entry.route] = entry.methods }
        }
        return methods
    }

    /// What the route asks for, as the `scope` attribute of `WWW-Authenticate` lists it (RFC 6750 section 3): for
    /// `any_scope` all of the alternatives. Empty when the route names no scopes.
    package func scopeList(of route: Int) -> String {
        switch definitions[route].requirement {
        case .all(let scopes), .any(let scopes): scopes.joined(separator: " ")
        case .authenticated, .public: ""
        }
    }

    /// What a path answers a method with.
    func landing(_ path: Int, _ method: Int) -> RouteLanding {
        guard path >= 0 else { return .none }
        for entry in paths[path].entries where entry.methods.contains(method) { return .route(entry.route) }
        return .methodNotAllowed(path: path)
    }
}
