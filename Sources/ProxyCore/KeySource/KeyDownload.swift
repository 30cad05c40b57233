/// Gets an issuer's keys over the network, if need be by way of its metadata, which is kept for as long as its server
/// says that it is fresh. For a thread that may wait.
package struct KeyDownload: Sendable {
    package struct Result: Sendable, Equatable {
        package let document: KeyFetch.Document
        /// Where the keys are.
        package let location: KeyLocation
    }

    /// Where the keys are, or where that can be read.
    package enum Start: Sendable {
        case keys(KeyLocation)
        case discovery(KeyDiscovery)
    }

    private let start: Start
    private let access: KeyAccess
    private let schedule: KeySchedule
    private var found: (location: KeyLocation, freshUntil: Instant)?

    package init(from start: Start, _ access: KeyAccess, _ schedule: KeySchedule) {
        self.start = start
        self.access = access
        self.schedule = schedule
    }

    /// Takes no longer in all than a fetch may and `patience` allows: metadata, keys and all redirects together.
    package mutating func run(_ patience: Patience) throws(KeyFetchFailure) -> Result {
        let patience = patience.atMost(schedule.refresh.fetchTimeout)
        let trust = KeyTrust(access)
        switch start {
        case .keys(let location):
            return Result(document: try fetch(.keySet, location, trust, patience), location: location)
        case .discovery(let discovery):
            let location = try findKeys(discovery, trust, patience)
            do throws(KeyFetchFailure) {
                let document = try fetch(.keySet, location, trust, patience)
                return Result(document: document, location: location)
            } catch {
                // They may have moved.
                found = nil
                throw error.located(at: location)
            }
        }
    }

    private mutating func findKeys(
        _ discovery: KeyDiscovery, _ trust: KeyTrust, _ patience: Patience
    ) throws(KeyFetchFailure) -> KeyLocation {
        if let found, Clock.monotonic() < found.freshUntil { return found.location }
        found = nil
        let metadata = try MetadataFetch(discovery, access, trust).run(patience)
        let location = try metadata.read { (document) throws(MetadataProblem) in
            try discovery.keyLocation(in: document)
        }
        if case .seconds = metadata.document.freshness {
            let lifetime = schedule.lifetime(metadata.document.freshness)
            found = (location, Clock.monotonic().advanced(by: lifetime))
        }
        return location
    }

    private func fetch(
        _ kind: KeyFetch.Kind, _ location: KeyLocation, _ trust: KeyTrust, _ patience: Patience
    ) throws(KeyFetchFailure) -> KeyFetch.Document {
        try KeyFetch(kind, from: location, access, trust: trust).run(patience)
    }
}
