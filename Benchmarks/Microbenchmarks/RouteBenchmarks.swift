import ProxyCore

/// Matching a path against tables of different sizes.
enum RouteBenchmarks {
    static func run(_ stopwatch: inout Stopwatch) throws {
        for (count, text) in [(10, "10"), (1000, "1,000"), (10_000, "10,000")] {
            let table = try SampleRoutes.table(count: count)
            let paths = SampleRoutes.paths(count: count)
            let name = "route match, \(text) routes"
            try stopwatch.time(name) { turn in
                let path = paths[turn % paths.count]
                let match = table.match(path.span, method: MethodNames.get)
                guard case .route(let route) = match.landing else { throw MicroError.wrongResult(of: name) }
                return route
            }
        }
    }
}
