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

    /// How soon a change is noticed without a signal.
    private static let period = Interval.seconds(2)

    /// Reads the files for the first time.
    ///
    /// - Parameter publish: gets every context that is made later.
    init(
        _ settings: ListenTLSSettings, board: CertificateBoard, log: LogWriter,
        publish: @escaping @Sendable (TLSServerContext) -> Void
    ) throws(Errno) {
        self.settings = settings
        self.board = board
        self.log = log
        self.publish = publish
        tickets = TicketKeyRing()
        bell = try WakeUp()
        end = try WakeUp()
        seen = Self.identities(settings)
    }

    /// What connections begin with. To be called once, before `start`.
    func initial() throws(TLSFileProblem) -> TLSServerContext {
        let loaded = try settings.load(tickets: tickets)
        board.install(loaded.certificates)
        warn(loaded.certificates)
        return loaded.context
    }

    func start() throws(Errno) -> Thread { try Thread.start(name: "certificates") { self.run() } }

    /// Has the files read now, changed or not.
    func reload() { bell.signal() }

    /// Makes the thread end.
    func stop() { end.signal() }

    private func run() {
        var seen: [FileIdentity?]? = self.seen
        var problem: TLSFileProblem?
        let patience = Patience(until: .never, cancel: end)
        while true {
            var isAsked = true
            do throws(WaitError) {
                try patience.atMost(Self.period).awaitSignal(of: bell)
            } catch {
                guard case .timedOut = error else { return }
                isAsked = false
            }
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
