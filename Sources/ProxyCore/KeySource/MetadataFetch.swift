/// Fetches the metadata of an issuer: the document of RFC 8414, or that of OpenID Connect when the issuer has no such
/// thing. For a thread that may wait.
struct MetadataFetch {
    /// A document of JSON, whatever it says.
    struct Result {
        let document: KeyFetch.Document
        let location: KeyLocation

        /// The address that `find` finds in the document.
        func read(
            _ find: ([UInt8]) throws(MetadataProblem) -> KeyLocation
        ) throws(KeyFetchFailure) -> KeyLocation {
            do throws(MetadataProblem) {
                return try find(document.bytes)
            } catch {
                throw KeyFetchFailure.metadata(error).located(at: location)
            }
        }
    }

    private let discovery: KeyDiscovery
    private let access: KeyAccess
    private let trust: KeyTrust

    init(_ discovery: KeyDiscovery, _ access: KeyAccess, _ trust: KeyTrust) {
        self.discovery = discovery
        self.access = access
        self.trust = trust
    }

    func run(_ patience: Patience) throws(KeyFetchFailure) -> Result {
        let (first, second) = (discovery.authorizationServerMetadata, discovery.openIDConfiguration)
        let missing: KeyFetchFailure
        do throws(KeyFetchFailure) {
            return try fetch(first, patience)
        } catch {
            guard error.meansAbsence else { throw error.located(at: first) }
            missing = error.located(at: first)
        }
        do throws(KeyFetchFailure) {
            return try fetch(second, patience)
        } catch {
            let failure = error.located(at: second)
            throw error.meansAbsence ? .noMetadata(missing, failure) : failure
        }
    }

    private func fetch(_ location: KeyLocation, _ patience: Patience) throws(KeyFetchFailure) -> Result {
        let document = try KeyFetch(.metadata, from: location, access, trust: trust).run(patience)
        do throws(JSONError) { _ = try JSONDocument(parsing: document.bytes) } catch {
            throw .metadata(.notJSON(error))
        }
        return Result(document: document, location: location)
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
    func located(at location: KeyLocation) -> KeyFetchFailure {
        if self == .cancelled { return self }
        if case .at = self { return self }
        return .at(address: location.text, self)
    }
}
