/// Where a request's path leads, in every reading of it.
package struct PathLandings: Sendable {
    /// The landing of a reading other than the path as it was sent.
    package struct Other: Sendable {
        package let reading: PathReadings.Reading
        /// The upstream ignores letter case.
        package let ignoresCase: Bool
        package let landing: RouteLanding
    }

    /// That of the path as it was sent.
    package let asSent: RouteLanding
    /// Empty for a plain path whose letter case does not matter, which is the rule.
    package let others: [Other]
    /// An upstream may find a dot segment in what a route takes for data: some reading cannot be followed.
    package let hidesDotSegments: Bool

    /// For the path of a target, without its query. Allocates nothing when `others` comes out empty.
    package init(_ path: Span<UInt8>, method: Int, in table: RouteTable) throws(PathProblem) {
        if PathReadings.isPlain(path) {
            self.init(plain: path, method: method, in: table)
            return
        }
        if let problem = PathProblem.found(in: path) { throw problem }
        if let landings = PathLandings(keepingEncodedSlashes: path, method: method, in: table) {
            self = landings
            return
        }
        guard let readings = PathReadings(of: path) else { throw .tooManyReadings }
        self.init(readings, method: method, in: table, hidesDotSegments: false)
    }

    private init(plain path: Span<UInt8>, method: Int, in table: RouteTable) {
        let match = table.match(path, method: method)
        asSent = match.landing
        hidesDotSegments = false
        guard match.needsCaseFolding else {
            others = []
            return
        }
        let reading = PathReadings.Reading(bytes: path.copied(), steps: [])
        others = Self.landingsIgnoringCase(reading, method: method, in: table)
    }

    /// The landings when `%2F` is data: every reading has to lead to the same route, and that route has to say so.
    private init?(keepingEncodedSlashes path: Span<UInt8>, method: Int, in table: RouteTable) {
        guard Self.holdsEncodedSlash(path), let readings = PathReadings(of: path, slashIsData: true) else { return nil }
        self.init(
            readings, method: method, in: table, hidesDotSegments: PathReadings.hidesDotSegments(path))
        guard case .route(let route) = asSent, table.rules[route].allowsEncodedSlash,
            others.allSatisfy({ $0.landing == .route(route) })
        else { return nil }
    }

    private init(_ readings: PathReadings, method: Int, in table: RouteTable, hidesDotSegments: Bool) {
        var landings: [Other] = []
        var folded: [Other] = []
        for reading in readings.readings {
            let match = table.match(reading.bytes.span, method: method)
            landings.append(Other(reading: reading, ignoresCase: false, landing: match.landing))
            if match.needsCaseFolding { folded += Self.landingsIgnoringCase(reading, method: method, in: table) }
        }
        asSent = landings[0].landing
        others = landings.dropFirst() + folded
        self.hidesDotSegments = hidesDotSegments
    }

    /// The route of the path as it was sent: the one that is named in logs, and whose limits and timeouts count when
    /// several routes permit the request.
    package var route: Int? {
        guard case .route(let route) = asSent else { return nil }
        return route
    }

    /// True when all readings lead to the same place.
    var agree: Bool {
        !hidesDotSegments && others.allSatisfy { $0.landing == asSent }
    }

    private static func landingsIgnoringCase(
        _ reading: PathReadings.Reading, method: Int, in table: RouteTable
    ) -> [Other] {
        table.landingsIgnoringCase(reading.bytes.span, method: method).map { landing in
            Other(reading: reading, ignoresCase: true, landing: landing)
        }
    }

    private static func holdsEncodedSlash(_ path: Span<UInt8>) -> Bool {
        for index in path.indices where PercentEncoding.octet(at: index, in: path) == ASCII.slash { return true }
        return false
    }
}
