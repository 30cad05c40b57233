import Synchronization

/// Where an issuer's keys come from.
package enum KeyOrigin: Sendable {
    case network(KeyLocation)
    /// The issuer says itself where they are.
    case discovery(KeyDiscovery)
    case file(path: String)
    /// They stand in the configuration and never change.
    case inline(KeySet)
}

/// What a key source has to know of its issuer.
package struct KeySourceSettings: Sendable {
    /// A number that tells this source from all others of the process.
    package let issuer: Int
    package let issuerName: String
    package let origin: KeyOrigin
    package let schedule: KeySchedule
    /// Keeps the last good document of a network origin for a cold start.
    package let diskCopy: KeyDiskCopy?
    package let access: KeyAccess

    private static let fileCheckPause = Interval.seconds(3)

    package init(
        issuer: Int, issuerName: String, origin: KeyOrigin, refresh: KeyRefresh, stateDirectory: String?,
        access: KeyAccess
    ) {
        let schedule =
            switch origin {
            case .network, .discovery, .inline: KeySchedule(refresh)
            case .file: KeySchedule(refresh, fileCheckedEvery: Self.fileCheckPause)
            }
        self.init(
            issuer: issuer, issuerName: issuerName, origin: origin, schedule: schedule, stateDirectory: stateDirectory,
            access: access)
    }

    package init(
        issuer: Int, issuerName: String, origin: KeyOrigin, schedule: KeySchedule, stateDirectory: String?,
        access: KeyAccess
    ) {
        self.issuer = issuer
        self.issuerName = issuerName
        self.origin = origin
        self.schedule = schedule
        self.access = access
        diskCopy = stateDirectory.map { KeyDiskCopy(issuer: issuerName, directory: $0) }
    }
}

/// The keys of one issuer: fetched ahead of need by a thread of their own, posted as snapshots whenever something
/// changes. Workers never wait for it.
package final class KeySource: Sendable {
    /// Called on the source's thread, and once on the one that starts it. Must not wait.
    package typealias Publish = @Sendable (KeySnapshot) -> Void
    package typealias Log = @Sendable (KeySourceEvent) -> Void

    private let settings: KeySourceSettings
    private let publish: Publish
    private let log: Log
    private let requests: RefetchRequests
    private let end: WakeUp
    private let thread = Mutex<Thread?>(nil)

    package init(
        _ settings: KeySourceSettings, publish: @escaping Publish, log: @escaping Log
    ) throws(Errno) {
        self.settings = settings
        self.publish = publish
        self.log = log
        requests = try RefetchRequests()
        end = try WakeUp()
    }

    /// Starts the thread, if the origin needs one. Keys that are on this machine are published before this returns,
    /// those of the network as soon as they are there. To be called once.
    package func start() throws(Errno) {
        guard var refresher = KeyRefresher(settings, requests, end: end, publish, log) else { return }
        refresher.begin()
        let begun = refresher
        let started = try Thread.start(name: "keys-\(settings.issuer)") {
            var refresher = begun
            refresher.run()
        }
        thread.withLock { $0 = started }
    }

    /// Asks for a refetch, since a token bears a `kid` that the keys do not have. From any thread; never waits.
    ///
    /// A worker parks its request with the ticket until a snapshot settles it, and does not ask while the snapshot that
    /// it has says that this is of no use.
    package func requestRefetch() -> RefetchTicket { requests.add() }

    #if FAULT_INJECTION
        /// How many refetches have been asked for: for a test that does the work of a source which was not started.
        package var refetchRequestCount: UInt64 { requests.count }
    #endif

    /// Ends the thread, breaking off a fetch, and waits for it. After this nothing is published or logged any more.
    package func stop() {
        end.signal()
        thread.withLock({ $0.take() })?.join()
    }
}
