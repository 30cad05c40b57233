/// How the paths of a table overlap: which of them own what others could match too.
struct PathOverlaps {
    private let table: RouteTable

    init(_ table: RouteTable) { self.table = table }

    func warnings(in order: [Int]) -> [RouteReport.Warning] {
        var warnings: [RouteReport.Warning] = []
        var seen: Set<Int> = []
        for route in order {
            let segments = table.definitions[route].template.segments
            guard let place = place(of: segments) else { continue }
            if case .rest? = segments.last, isCovered(place.node) { warnings.append(.neverMatches(route)) }
            // The rest is about paths: once for each.
            guard seen.insert(place.path).inserted else { continue }
            warnings += hiddenMethods(of: place.path, segments, route)
            warnings += caseVariants(of: segments, route)
        }
        return warnings
    }

    /// The node at which a template ends or its `{name...}` begins, and the path there.
    private func place(of segments: [PathTemplate.Segment]) -> (node: Int, path: Int)? {
        var node = RouteTrie.root
        for segment in segments {
            switch segment {
            case .literal(let literal):
                guard let child = table.trie.child(of: node, literal) else { return nil }
                node = child
            case .parameter: node = Int(table.trie.nodes[node].parameterChild)
            case .rest: return (node, Int(table.trie.nodes[node].restPath))
            }
        }
        return (node, Int(table.trie.nodes[node].path))
    }

    /// True when paths below `node` own whatever `{name...}` could match there: the empty rest, and any first segment
    /// with everything behind it. (A rest that begins with an empty segment stays; no template asks for one.)
    private func isCovered(_ node: Int) -> Bool {
        var node = node
        while table.trie.nodes[node].path >= 0, table.trie.nodes[node].parameterChild >= 0 {
            node = Int(table.trie.nodes[node].parameterChild)
            if table.trie.nodes[node].restPath >= 0 { return true }
        }
        return false
    }

    /// The methods of the next more general path that the path itself does not answer.
    private func hiddenMethods(
        of path: Int, _ segments: [PathTemplate.Segment], _ route: Int
    ) -> [RouteReport.Warning] {
        let own = table.allowedMethods(path: path)
        guard own != .any, let general = moreGeneralPath(than: path, segments[...], RouteTrie.root) else { return [] }
        let others = table.allowedMethods(path: general)
        guard !own.isSuperset(of: others), let owner = table.routes(path: general).first else { return [] }
        let hidden = others == .any ? [] : table.methods.names(in: others.subtracting(own))
        return [.hidesMethods(specific: route, general: owner, methods: hidden)]
    }

    /// The most specific path other than `path` that matches all that `segments` match.
    private func moreGeneralPath(than path: Int, _ segments: ArraySlice<PathTemplate.Segment>, _ node: Int) -> Int? {
        let place = table.trie.nodes[node]
        let rest = place.restPath >= 0 && Int(place.restPath) != path ? Int(place.restPath) : nil
        guard let segment = segments.first else {
            let own = place.path >= 0 && Int(place.path) != path ? Int(place.path) : nil
            return own ?? rest
        }
        var children: [Int] = []
        switch segment {
        case .literal(let literal):
            if let child = table.trie.child(of: node, literal) { children.append(child) }
            if place.parameterChild >= 0 { children.append(Int(place.parameterChild)) }
        case .parameter: if place.parameterChild >= 0 { children.append(Int(place.parameterChild)) }
        case .rest: break
        }
        for child in children {
            if let found = moreGeneralPath(than: path, segments.dropFirst(), child) { return found }
        }
        return rest
    }

    /// The paths that an upstream which ignores letter case may take for this one.
    private func caseVariants(of segments: [PathTemplate.Segment], _ route: Int) -> [RouteReport.Warning] {
        var nodes = [RouteTrie.root]
        for segment in segments {
            switch segment {
            case .literal(let literal):
                nodes = nodes.flatMap { table.trie.childrenIgnoringCase(of: $0, literal) }
            case .parameter: nodes = nodes.map { Int(table.trie.nodes[$0].parameterChild) }.filter { $0 >= 0 }
            case .rest:
                return caseVariants(nodes.map { Int(table.trie.nodes[$0].restPath) }, route)
            }
        }
        return caseVariants(nodes.map { Int(table.trie.nodes[$0].path) }, route)
    }

    private func caseVariants(_ paths: [Int], _ route: Int) -> [RouteReport.Warning] {
        // Each pair once, from the route that comes first in the configuration.
        paths.filter { $0 >= 0 }.compactMap { table.routes(path: $0).first }.filter { $0 > route }.map { other in
            .differsOnlyInCase(route, other)
        }
    }
}
