import Synchronization

/// Reads the files of `listen.tls` again when one of them has changed, on a thread of its own. What cannot be used
/// changes nothing, and is told.
final class CertificateWatch: Sendable {
    private let settings: ListenTLSSettings
    private let tickets: TicketKeyRing
    private let board: CertificateBoard
    private let log: LogWriter
    private let publish: @Sendable (TLSServerContext) -> Void
    private let bell: WakeUp
    private let end: WakeUp
    private let seen: [FileIdentity?]
    /// Whether the files are to be read though they look the same.
    private let isAsked = Atomic<Bool>(false)
    private let thread = Mutex<Thread?>(nil)

    /// How soon a change is noticed without a signal.
    private static let period = Interval.seconds(2)

    /// - Parameters:
    ///   - tickets: the keys of sessions.
    ///   - publish: gets every context that is made later.
    init(
        _ settings: ListenTLSSettings, tickets: TicketKeyRing = TicketKeyRing(), board: CertificateBoard,
        log: LogWriter,
        publish: @escaping @Sendable (TLSServerContext) -> Void
    ) throws(Errno) {
        self.settings = settings
        self.board = board
        self.log = log
        self.publish = publish
        self.tickets = tickets
        bell = try WakeUp()
        end = try WakeUp()
        seen = Self.identities(settings)
    }

    /// What connections begin with. To be called once, before `follow`; whoever puts it to use tells the board.
    func initial() throws(TLSFileProblem) -> LoadedTLS {
        let loaded = try settings.load(tickets: tickets)
        warn(loaded.certificates)
        return loaded
    }

    /// Looks at the files from now on, if that is not done already.
    func follow() throws(Errno) {
        guard thread.withLock({ $0 == nil }) else { return }
        let started = try Thread.start(name: "certificates") { self.run() }
        thread.withLock { $0 = started }
    }

    /// Has the files read now, changed or not.
    func reload() {
        isAsked.store(true, ordering: .sequentiallyConsistent)
        bell.signal()
    }

    /// Has the files read now if they have changed.
    func look() { bell.signal() }

    /// Ends the thread, and waits for it. After this nothing is published any more.
    func stop() {
        end.signal()
        thread.withLock({ $0.take() })?.join()
    }

    private func run() {
        var seen: [FileIdentity?]? = self.seen
        var problem: TLSFileProblem?
        let patience = Patience(until: .never, cancel: end)
        while true {
            do throws(WaitError) {
                try patience.atMost(Self.period).awaitSignal(of: bell)
            } catch {
                guard case .timedOut = error else { return }
            }
            let isAsked = self.isAsked.exchange(false, ordering: .sequentiallyConsistent)
            // Before the reading: what changes meanwhile is seen the next time.
            let now = Self.identities(settings)
            guard isAsked || now != seen else { continue }
            if isAsked { problem = nil }
            problem = readAgain(after: problem)
            // What could not be used is read again though it does not change: it may have been a shortage.
            seen = problem == nil ? now : nil
        }
    }

    /// What is wrong, if anything. It is told unless it was so before.
    private func readAgain(after known: TLSFileProblem?) -> TLSFileProblem? {
        do throws(TLSFileProblem) {
            let loaded = try settings.load(tickets: tickets)
            board.reloaded(loaded.certificates)
            publish(loaded.context)
            for certificate in loaded.certificates {
                log.log(.info, "certificate_loaded") { line in
                    line.field("file", certificate.path)
                    line.field("subject", certificate.summary.subject)
                    line.field("names", certificate.summary.hostNames.prefix(8).joined(separator: " "))
                }
            }
            warn(loaded.certificates)
            return nil
        } catch {
            guard error != known else { return error }
            board.reloadFailed()
            log.log(.error, "certificates_not_reloaded") { line in
                line.field("file", error.path)
                line.field("error", error.message)
                line.field("hint", "new connections go on with the certificates of before")
            }
            return error
        }
    }

    private func warn(_ certificates: [ServedCertificate]) {
        let now = Clock.unixTime()
        for certificate in certificates {
            guard let concern = certificate.concern(at: now) else { continue }
            let event: StaticString =
                switch concern {
                case .expired: "certificate_expired"
                case .notYetValid: "certificate_not_yet_valid"
                case .expires: "certificate_expires"
                }
            log.log(.warn, event) { line in
                line.field("file", certificate.path)
                line.field("subject", certificate.summary.subject)
                if case .expires(let hours) = concern { line.field("hours_left", hours) }
            }
        }
    }

    private static func identities(_ settings: ListenTLSSettings) -> [FileIdentity?] {
        settings.paths.map { path in
            do throws(Errno) { return try FileIdentity(of: path) } catch { return nil }
        }
    }
}
