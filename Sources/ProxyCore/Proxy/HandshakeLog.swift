/// Tells of TLS handshakes that came to nothing, at most once a second: strangers must not be able to fill the log.
/// Belongs to one worker.
final class HandshakeLog {
    private let log: LogWriter
    private let loop: EventLoop
    private var nextLine = Instant(nanoseconds: 0)
    /// Failures since the last line that it does not tell of.
    private var untold = 0

    private static let pause = Interval.seconds(1)

    init(_ log: LogWriter, _ loop: EventLoop) {
        self.log = log
        self.loop = loop
    }

    func write(_ peer: SocketAddress, _ failure: HandshakeFailure) {
        // Port scanners and health checks of load balancers come and go without a word.
        let level = failure.isDisconnect ? LogLevel.debug : .info
        guard level <= log.level else { return }
        guard loop.now >= nextLine else {
            untold += 1
            return
        }
        nextLine = loop.now.advanced(by: Self.pause)
        log.log(level, "handshake_failed", mayWait: false) { line in
            line.field("peer", peer)
            line.field("reason", failure.code)
            line.field("error", failure.message)
            if untold > 0 { line.field("more", untold) }
        }
        untold = 0
    }
}
