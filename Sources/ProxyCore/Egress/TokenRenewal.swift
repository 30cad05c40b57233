/// Does what `TokenSchedule` says: the part of a token source that lives on its thread.
struct TokenRenewal {
    private let target: Int
    private let client: TokenClient
    private let requests: RefetchRequests
    private let end: WakeUp
    private let publish: TokenSource.Publish
    private let log: TokenSource.Log
    private let refusedGeneration: () -> Int

    private var fetch: TokenFetch
    private var schedule: TokenSchedule
    private var held: HeldToken?
    private var generation = 0
    /// Of the tokens of ours that the target has refused, the newest that something was done about.
    private var refusalsSeen = 0
    private var lastFailure: TokenFailure?
    private var settledTickets: UInt64 = 0
    private var files: WatchedFiles

    private struct HeldToken {
        let line: [UInt8]
        let usableUntil: Instant
        let expiry: UnixTime
    }

    init(
        target: Int, _ client: TokenClient, _ requests: RefetchRequests, end: WakeUp,
        _ publish: @escaping TokenSource.Publish, _ log: @escaping TokenSource.Log,
        refusedGeneration: @escaping () -> Int
    ) {
        self.target = target
        self.client = client
        self.requests = requests
        self.end = end
        self.publish = publish
        self.log = log
        self.refusedGeneration = refusedGeneration
        fetch = TokenFetch(client)
        schedule = TokenSchedule(now: Clock.monotonic())
        files = WatchedFiles(client.proof.files, now: Clock.monotonic())
    }

    /// Returns when the source is stopped.
    mutating func run() {
        while true {
            if schedule.isDue(Clock.monotonic()) {
                guard attempt() else { return }
            }
            do throws(WaitError) {
                try requests.wait(Patience(until: min(schedule.next, files.nextLook), cancel: end))
            } catch {
                switch error {
                case .timedOut:
                    lookAtFiles()
                    continue
                case .cancelled: return
                case .failed(let error): preconditionFailure("poll on descriptors of ours: \(error)")
                }
            }
            answerRequests()
        }
    }

    /// Asks for a token; false when the source was stopped meanwhile.
    private mutating func attempt() -> Bool {
        files.noteUse()
        let asked = Clock.monotonic()
        do throws(TokenFailure) {
            let answer = try fetch.run(Patience(until: .never, cancel: end))
            take(answer, asked: asked)
        } catch {
            if error == .cancelled { return false }
            failed(error)
        }
        return true
    }

    private mutating func take(_ answer: TokenAnswer, asked: Instant) {
        let lifetime = answer.lifetime ?? client.assumedLifetime
        let now = Clock.monotonic()
        let usableUntil = schedule.obtained(lifetime: lifetime, asked: asked, now: now, jitter: .random(in: 0..<1))
        let elapsed = now.since(asked).seconds
        let expiry = Clock.unixTime().seconds + Int64(lifetime.seconds - min(elapsed, lifetime.seconds))
        held = HeldToken(
            line: Array("Authorization: Bearer ".utf8) + answer.token + Array("\r\n".utf8), usableUntil: usableUntil,
            expiry: UnixTime(expiry))
        generation += 1
        lastFailure = nil
        settle()
        log(
            .obtained(
                lifetime: lifetime, isAssumed: answer.lifetime == nil, missingScopes: missingScopes(answer.scope)))
    }

    private func missingScopes(_ granted: String?) -> [String] {
        guard let granted else { return [] }
        let names = Set(granted.split(separator: " ").map(String.init))
        return client.scopes.filter { !names.contains($0) }
    }

    private mutating func failed(_ failure: TokenFailure) {
        let now = Clock.monotonic()
        schedule.failed(now: now, jitter: .random(in: 0..<1))
        lastFailure = failure
        settle()
        let isKept = held.map { now < $0.usableUntil } ?? false
        log(.failed(failure, retryIn: schedule.next.since(now), tokenKept: isKept))
    }

    /// Calls that came before the attempt ended have its outcome; they are looked at again one by one.
    private mutating func settle() {
        settledTickets = requests.count
        publishSnapshot()
    }

    /// Calls wait for a token, or were refused with the one that there is.
    private mutating func answerRequests() {
        guard requests.count > settledTickets else { return }
        let now = Clock.monotonic()
        let refused = refusedGeneration()
        if refused > refusalsSeen {
            refusalsSeen = refused
            if refused == generation {
                log(.refusedByTarget)
                schedule.refused(now: now)
            }
        }
        if held.map({ now >= $0.usableUntil }) ?? true { schedule.wanted(now: now) }
        if !schedule.isDue(now) { settle() }
    }

    private mutating func lookAtFiles() {
        let now = Clock.monotonic()
        guard files.haveChanged(now) else { return }
        log(.credentialsChanged)
        schedule.credentialsChanged(now: now)
    }

    private func publishSnapshot() {
        publish(
            TokenSnapshot(
                target: target, generation: generation, authorizationLine: held?.line ?? [],
                usableUntil: held?.usableUntil ?? Instant(nanoseconds: 0), expiry: held?.expiry,
                lastFailure: lastFailure, nextAttempt: schedule.next, refusalsCountFrom: schedule.refusalsCountFrom,
                settledTickets: settledTickets))
    }
}
