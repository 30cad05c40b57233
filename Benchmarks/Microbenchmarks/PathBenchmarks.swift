import ProxyCore

/// The readings of a path: the plain ones, which are nearly all, and those that somebody has to be asked about.
enum PathBenchmarks {
    private static let rows: [(name: String, path: String)] = [
        ("plain", "/v2/users/4711/addresses/billing"),
        ("with %20", "/v2/users/Bilbo%20Baggins/addresses"),
        ("with needless encoding", "/v2/%75sers/4711/addresses/billing"),
        ("with dot segments", "/v2/users/../users/./4711/addresses"),
        ("with %2F", "/v2/users/4711%2Faddresses/billing"),
        ("with everything", "/v2//users;v=1/%34711/..%2f.%2Fa%5Cb"),
    ]

    static func run(_ stopwatch: inout Stopwatch) throws {
        let table = try SampleRoutes.table(count: 10)
        for row in rows {
            let path = Array(row.path.utf8)
            if row.name == "plain" {
                try stopwatch.time("is the path plain") { _ in PathReadings.isPlain(path.span) ? 1 : 0 }
            }
            try stopwatch.time("landings of a path, \(row.name)") { _ in
                let landings = try PathLandings(path.span, method: MethodNames.get, in: table)
                return landings.others.count
            }
        }
    }
}
