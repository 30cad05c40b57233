import ProxyCore

/// Tables of routes as APIs have them: resources, their members, and what belongs to those.
enum SampleRoutes {
    /// The first two routes are those of `SampleRequest`'s callers; the rest fills the table up.
    static func table(count: Int) throws -> RouteTable {
        var routes = [
            try route("GET", "/v2/users/{uid}", .all(["profile:read"])),
            try route("DELETE", "/v2/users/{uid}", .all(["profile:delete"])),
            try route("GET", "/healthz", .public),
        ]
        for number in routes.count..<max(count, routes.count) {
            routes.append(try route("GET", template(number), .all(["resource\(number % 200):read"])))
        }
        return try RouteTable(routes)
    }

    /// Paths that lead to routes of a table with `count` of them, spread over the whole.
    static func paths(count: Int) -> [[UInt8]] {
        stride(from: 3, to: count, by: max(1, count / 64)).map { number in Array(template(number, "4711", "7").utf8) }
    }

    private static func template(_ number: Int, _ id: String = "{id}", _ part: String = "{part}") -> String {
        switch number % 3 {
        case 0: "/v2/resources\(number)/\(id)"
        case 1: "/v2/resources\(number - 1)/\(id)/history"
        case _: "/v2/resources\(number - 2)/\(id)/parts/\(part)"
        }
    }

    private static func route(
        _ method: String, _ template: String, _ requirement: RouteDefinition.Requirement
    ) throws -> RouteDefinition {
        RouteDefinition(
            id: "\(method) \(template)", template: try PathTemplate(template), methods: [method],
            requirement: requirement)
    }
}
