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
        let metadata = try fetchMetadata(discovery, trust, patience)
        let location: KeyLocation
        do throws(MetadataProblem) {
            location = try discovery.keyLocation(in: metadata.document.bytes)
        } catch {
            throw KeyFetchFailure.metadata(error).located(at: metadata.location)
        }
        if case .seconds = metadata.document.freshness {
            let lifetime = schedule.lifetime(metadata.document.freshness)
            found = (location, Clock.monotonic().advanced(by: lifetime))
        }
        return location
    }

    /// The document of RFC 8414, or that of OpenID Connect when the issuer has no such thing.
    private func fetchMetadata(
        _ discovery: KeyDiscovery, _ trust: KeyTrust, _ patience: Patience
    ) throws(KeyFetchFailure) -> Result {
        let (first, second) = (discovery.authorizationServerMetadata, discovery.openIDConfiguration)
        let missing: KeyFetchFailure
        do throws(KeyFetchFailure) {
            return Result(document: try fetchMetadata(first, trust, patience), location: first)
        } catch {
            guard error.meansAbsence else { throw error.located(at: first) }
            missing = error.located(at: first)
        }
        do throws(KeyFetchFailure) {
            return Result(document: try fetchMetadata(second, trust, patience), location: second)
        } catch {
            let failure = error.located(at: second)
            throw error.meansAbsence ? .noMetadata(missing, failure) : failure
        }
    }

    /// A document of JSON, whatever it says.
    private func fetchMetadata(
        _ location: KeyLocation, _ trust: KeyTrust, _ patience: Patience
    ) throws(KeyFetchFailure) -> KeyFetch.Document {
        let document = try fetch(.metadata, location, trust, patience)
        do throws(JSONError) { _ = try JSONDocument(parsing: document.bytes) } catch {
            throw .metadata(.notJSON(error))
        }
        return document
    }

    private func fetch(
        _ kind: KeyFetch.Kind, _ location: KeyLocation, _ trust: KeyTrust, _ patience: Patience
    ) throws(KeyFetchFailure) -> KeyFetch.Document {
        try KeyFetch(kind, from: location, access, trust: trust).run(patience)
    }
}

extension KeyFetchFailure {
    /// True for what servers answer where there is nothing: a status, a page for people, or the way to one.
    fileprivate var meansAbsence: Bool {
        switch self {
        // Too slow, and too many requests: both may be otherwise in a minute.
        case .status(let status): 400...499 ~= status && status != 408 && status != 429
        case .metadata(.notJSON), .redirect(.elsewhere): true
        case _: false
        }
    }

    /// With the address, for people who did not write it down themselves.
    fileprivate func located(at location: KeyLocation) -> KeyFetchFailure {
        if self == .cancelled { return self }
        if case .at = self { return self }
        return .at(address: location.text, self)
    }
}
