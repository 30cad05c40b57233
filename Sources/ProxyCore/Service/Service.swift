import Synchronization

/// A service on a thread of its own. Stopped by whoever started it; any thread.
package final class Service: Sendable {
    package let address: SocketAddress
    private let mailbox: Mailbox<ServiceCommand>
    private let thread: Mutex<Thread?>

    private init(address: SocketAddress, mailbox: Mailbox<ServiceCommand>, thread: Thread) {
        self.address = address
        self.mailbox = mailbox
        self.thread = Mutex(thread)
    }

    /// Starts to serve `socket`.
    ///
    /// - Parameters:
    ///   - name: of the thread; at most 15 bytes are kept.
    ///   - mailbox: through which it is told things; one of its own if not given.
    ///   - pulse: where other threads see whether its loop is stuck.
    ///   - ended: signalled when the service's thread has nothing more to do, also when it could not start.
    ///   - failed: called on the service's thread when it could not start.
    ///   - makeHandler: runs on the service's thread, where what it makes stays.
    package static func start(
        _ name: String, on socket: ListeningSocket, options: ServiceOptions = ServiceOptions(), log: LogWriter,
        mailbox: Mailbox<ServiceCommand>? = nil, pulse: LoopPulse = LoopPulse(), ended: WakeUp? = nil,
        failed: @escaping @Sendable (Errno) -> Void = { _ in }, makeHandler: @escaping @Sendable () -> ServiceHandler
    ) throws(Errno) -> Service {
        let mailbox = if let mailbox { mailbox } else { try Mailbox<ServiceCommand>() }
        let thread = try Thread.start(name: name) {
            defer { ended?.signal() }
            do throws(Errno) {
                let service = try ServiceThread(
                    socket, options: options, log: log, mailbox: mailbox, pulse: pulse, handler: makeHandler())
                service.run()
            } catch {
                log.log(.error, "service_failed") { line in
                    line.field("service", name)
                    line.field("error", error.description)
                }
                failed(error)
            }
        }
        return Service(address: socket.address, mailbox: mailbox, thread: thread)
    }

    /// Goes on accepting for `grace`, then finishes what is under way, for `time` at most; each response is the last
    /// one on its connection. `stop` has to follow.
    package func drain(grace: Interval = .zero, for time: Interval) { mailbox.post(.drain(grace: grace, time)) }

    /// Ends every connection. `stop` may follow.
    package func cut() { mailbox.post(.cut) }

    /// Ends every connection and waits for the thread.
    package func stop() {
        guard let thread = thread.withLock({ $0.take() }) else { return }
        cut()
        thread.join()
    }
}

/// What others tell a service.
package enum ServiceCommand: Sendable {
    /// New connections begin with this from now on. For a service that has had TLS from the start.
    case tls(TLSServerContext)
    case drain(grace: Interval, Interval)
    case cut
}

/// What runs on a service's thread: the loop, the listener, and who waits for the end.
private final class ServiceThread: EventHandler {
    private let loop: EventLoop
    private let listener: ServiceListener
    private let mailbox: Mailbox<ServiceCommand>
    private var registration = Registration(slot: 0, generation: 0)
    private var drainTime = Interval.zero
    let timer = DeadlineTimer()

    init(
        _ socket: ListeningSocket, options: ServiceOptions, log: LogWriter, mailbox: Mailbox<ServiceCommand>,
        pulse: LoopPulse, handler: @escaping ServiceHandler
    ) throws(Errno) {
        self.mailbox = mailbox
        loop = try EventLoop(pulse: pulse)
        listener = try ServiceListener(socket, loop: loop, options: options, log: log, handler: handler)
        registration = loop.register(self)
        do throws(Errno) {
            try loop.watchReadable(mailbox.wakeUp.descriptor, registration)
        } catch {
            // The loop and what is registered there hold each other.
            listener.cut()
            loop.unregister(registration)
            throw error
        }
    }

    func run() {
        loop.run {
            // The last connection of a service that drains is gone.
            if listener.isClosed, listener.connectionCount == 0 { loop.stop() }
        }
        // The loop keeps its handlers alive, and they it.
        loop.unregister(registration)
    }

    func ready(_ readiness: Readiness) {
        for message in mailbox.takeAll() {
            switch message {
            case .tls(let context): listener.adopt(context)
            case .drain(let grace, let time): drain(grace: grace, time)
            case .cut: cut()
            }
        }
    }

    private func drain(grace: Interval, _ time: Interval) {
        drainTime = time
        listener.announceEnd()
        if grace > .zero {
            timer.set(loop.now.advanced(by: grace), registration, loop)
        } else {
            finish()
        }
    }

    private func finish() {
        listener.close()
        timer.set(loop.now.advanced(by: drainTime), registration, loop)
    }

    /// The grace is over, or the time to drain.
    func deadlineReached() {
        if listener.isClosed { cut() } else { finish() }
    }

    func resume() {}

    private func cut() {
        listener.cut()
        loop.stop()
    }
}
