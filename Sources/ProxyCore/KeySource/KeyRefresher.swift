/// Does what `KeySourceState` decides: the part of a key source that lives on its thread.
struct KeyRefresher: Sendable {
    private let settings: KeySourceSettings
    private let requests: RefetchRequests
    private let end: WakeUp
    private let publish: KeySource.Publish
    private let log: KeySource.Log

    private var state: KeySourceState
    private var file: KeyFile?
    private var network: KeyDownload?
    private var keys: HeldKeys?
    private var generation = 0
    private var lastFailure: KeyFetchFailure?
    private var settledTickets: UInt64 = 0
    private var published: KeySnapshot?
    private var diskCopyWritten: (generation: Int, at: Instant)?

    private struct HeldKeys: Sendable {
        let document: [UInt8]
        let set: KeySet
        var origin: KeySnapshot.Origin
        var location: KeyLocation?
        var fetchedAt: UnixTime
    }

    /// The copy of a document that stays the same is not written more often than this.
    private static let diskCopyPause = Interval.seconds(60)
    /// Whoever serves a thousand keys that we cannot use does not get a thousand log lines.
    private static let skippedReportsMax = 20

    /// Nil when there is nothing to be refreshed: the keys of the configuration are published, and that is all.
    init?(
        _ settings: KeySourceSettings, _ requests: RefetchRequests, end: WakeUp, _ publish: @escaping KeySource.Publish,
        _ log: @escaping KeySource.Log
    ) {
        self.settings = settings
        self.requests = requests
        self.end = end
        self.publish = publish
        self.log = log
        state = KeySourceState(settings.schedule, now: Clock.monotonic())
        switch settings.origin {
        case .network(let location): network = KeyDownload(from: .keys(location), settings.access, settings.schedule)
        case .discovery(let discovery):
            network = KeyDownload(from: .discovery(discovery), settings.access, settings.schedule)
        case .file(let path): file = KeyFile(path: path)
        case .inline(let set):
            publish(.inline(set, issuer: settings.issuer))
            return nil
        }
    }

    /// The first read of a file, which takes no time worth a thread.
    mutating func begin() {
        if file != nil { perform(state.timePassed(Clock.monotonic())) }
    }

    /// Returns when the source is stopped.
    mutating func run() {
        while true {
            perform(state.timePassed(Clock.monotonic()))
            do throws(WaitError) {
                try requests.wait(Patience(until: state.nextDeadline, cancel: end))
            } catch {
                switch error {
                case .timedOut: continue
                case .cancelled: return
                case .failed(let error): preconditionFailure("poll on descriptors of ours: \(error)")
                }
            }
            if requests.count > settledTickets { perform(state.refetchRequested(Clock.monotonic())) }
        }
    }

    private mutating func perform(_ actions: [KeySourceState.Action]) {
        for action in actions {
            switch action {
            case .fetch: fetch()
            case .readDiskCopy: readDiskCopy()
            case .dropKeys:
                hold(nil)
                publishChanges()
                log(.droppedStale)
            case .settleRefetches:
                settledTickets = requests.count
                publishChanges()
            }
        }
    }

    private mutating func fetch() {
        do throws(KeyFetchFailure) {
            if file != nil { try readFile() } else { try download() }
        } catch {
            if error == .cancelled { return }
            failed(error)
        }
    }

    private mutating func download() throws(KeyFetchFailure) {
        guard var network else { preconditionFailure("only the network is asked") }
        // What it has learned counts even if it failed.
        defer { self.network = network }
        let result = try network.run(Patience(until: .never, cancel: end))
        let lifetime = settings.schedule.lifetime(result.document.freshness)
        try install(result.document.bytes, lifetime: lifetime, origin: .network, from: result.location)
        writeDiskCopy()
    }

    private mutating func readFile() throws(KeyFetchFailure) {
        guard var file else { return }
        defer { self.file = file }
        if let document = try file.readIfChanged() {
            try install(document, lifetime: settings.schedule.lifetime(.unstated), origin: .file)
        } else if let lastFailure {
            throw lastFailure
        } else {
            succeeded(lifetime: settings.schedule.lifetime(.unstated))
        }
    }

    /// Takes a document that has just come. A set without a usable key is a failure: a server that is starting or has
    /// lost its keys must not take ours.
    private mutating func install(
        _ document: [UInt8], lifetime: Interval, origin: KeySnapshot.Origin, from location: KeyLocation? = nil
    ) throws(KeyFetchFailure) {
        let now = Clock.unixTime()
        if var held = keys, held.document == document {
            held.fetchedAt = now
            held.origin = origin
            held.location = location
            keys = held
            succeeded(lifetime: lifetime)
            report(held.set, lifetime, isNew: false)
        } else {
            let set = try parse(document).continuing(keys?.set)
            hold(HeldKeys(document: document, set: set, origin: origin, location: location, fetchedAt: now))
            succeeded(lifetime: lifetime)
            // Only once the workers have them: whoever waits for this line may come with a token at once.
            report(set, lifetime, isNew: true)
        }
    }

    private func report(_ set: KeySet, _ lifetime: Interval, isNew: Bool) {
        log(.fetched(keys: set.keys.count, skipped: set.skipped.count, lifetime: lifetime, isNew: isNew))
    }

    private func parse(_ document: [UInt8]) throws(KeyFetchFailure) -> KeySet {
        let set: KeySet
        do throws(KeySetError) { set = try KeySet.parse(document) } catch { throw .notAKeySet(error) }
        for key in set.skipped.prefix(Self.skippedReportsMax) { log(.skippedKey(key)) }
        guard set.keys.count > 0 else { throw .noUsableKeys(skipped: set.skipped.count) }
        return set
    }

    private mutating func succeeded(lifetime: Interval) {
        lastFailure = nil
        perform(state.fetchSucceeded(lifetime: lifetime, now: Clock.monotonic(), jitter: .random(in: 0..<1)))
    }

    private mutating func failed(_ failure: KeyFetchFailure) {
        let now = Clock.monotonic()
        let actions = state.fetchFailed(now: now, jitter: .random(in: 0..<1))
        // A file that stays bad is looked at every few seconds: once is enough to be told.
        if file == nil || failure != lastFailure {
            let keysKept = state.keys != .none
            log(.fetchFailed(failure, retryIn: state.nextFetch.since(now), keysKept: keysKept))
        }
        lastFailure = failure
        perform(actions)
    }

    private mutating func hold(_ new: HeldKeys?) {
        keys = new
        generation += 1
    }

    private mutating func publishChanges() {
        let snapshot = KeySnapshot(
            issuer: settings.issuer, keys: keys?.set, generation: generation,
            origin: keys?.origin ?? (file == nil ? .network : .file), location: keys?.location,
            fetchedAt: keys?.fetchedAt, lastFailure: lastFailure, refetchAllowedFrom: state.cooldownUntil,
            settledTickets: settledTickets)
        if let published, !snapshot.differs(from: published) { return }
        published = snapshot
        publish(snapshot)
    }

    private mutating func readDiskCopy() {
        guard let diskCopy = settings.diskCopy, file == nil else { return }
        do throws(KeyDiskCopy.Problem) {
            guard let (content, age) = try diskCopy.read(now: Clock.unixTime()) else { return }
            guard let set = try? KeySet.parse(content.document), set.keys.count > 0 else { throw .damaged }
            guard state.diskCopyRead(age: age, now: Clock.monotonic()) else { throw .tooOld }
            let (document, fetchedAt) = (content.document, content.fetchedAt)
            hold(HeldKeys(document: document, set: set, origin: .diskCopy, fetchedAt: fetchedAt))
            publishChanges()
            log(.usedDiskCopy(keys: set.keys.count, age: age))
        } catch {
            log(.diskCopyNotUsed(error))
        }
    }

    private mutating func writeDiskCopy() {
        guard let diskCopy = settings.diskCopy, let keys else { return }
        let now = Clock.monotonic()
        if let written = diskCopyWritten, written.generation == generation,
            now.since(written.at) < Self.diskCopyPause
        {
            return
        }
        diskCopyWritten = (generation, now)
        do throws(Errno) {
            try diskCopy.write(KeyDiskCopy.Content(document: keys.document, fetchedAt: keys.fetchedAt))
        } catch {
            log(.diskCopyNotWritten(error))
        }
    }
}
