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
    ///   - ended: signalled when the service's thread has nothing more to do, also when it could not start.
    ///   - makeHandler: runs on the service's thread, where what it makes stays.
    package static func start(
        _ name: String, on socket: ListeningSocket, options: ServiceOptions = ServiceOptions(), log: LogWriter,
        mailbox: Mailbox<ServiceCommand>? = nil, ended: WakeUp? = nil,
        makeHandler: @escaping @Sendable () -> ServiceHandler
    ) throws(Errno) -> Service {
        let mailbox = if let mailbox { mailbox } else { try Mailbox<ServiceCommand>() }
        let thread = try Thread.start(name: name) {
            defer { ended?.signal() }
            do throws(Errno) {
                let service = try ServiceThread(
                    socket, options: options, mailbox: mailbox, handler: makeHandler())
                service.run()
            } catch {
                log.log(.error, "service_failed") { line in
                    line.field("service", name)
                    line.field("error", error.description)
                }
            }
        }
        return Service(address: socket.address, mailbox: mailbox, thread: thread)
    }

    /// Accepts nothing more and finishes what is under way, for so long at most. `stop` has to follow.
    package func drain(for time: Interval) { mailbox.post(.drain(time)) }

    /// Ends every connection and waits for the thread.
    package func stop() {
        guard let thread = thread.withLock({ $0.take() }) else { return }
        mailbox.post(.cut)
        thread.join()
    }
}

/// What others tell a service.
package enum ServiceCommand: Sendable {
    /// New connections begin with this from now on. For a service that has had TLS from the start.
    case tls(TLSServerContext)
    case drain(Interval)
    case cut
}

/// What runs on a service's thread: the loop, the listener, and who waits for the end.
private final class ServiceThread: EventHandler {
    private let loop: EventLoop
    private let listener: ServiceListener
    private let mailbox: Mailbox<ServiceCommand>
    private var registration = Registration(slot: 0, generation: 0)
    let timer = DeadlineTimer()

    init(
        _ socket: ListeningSocket, options: ServiceOptions, mailbox: Mailbox<ServiceCommand>,
        handler: @escaping ServiceHandler
    ) throws(Errno) {
        self.mailbox = mailbox
        loop = try EventLoop()
        listener = try ServiceListener(socket, loop: loop, options: options, handler: handler)
        registration = loop.register(self)
        try loop.watchReadable(mailbox.wakeUp.descriptor, registration)
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
            case .tls(let context): listener.tls = context
            case .drain(let time):
                listener.close()
                timer.set(loop.now.advanced(by: time), registration, loop)
            case .cut: cut()
            }
        }
    }

    /// The time to drain is over.
    func deadlineReached() { cut() }

    func resume() {}

    private func cut() {
        listener.cut()
        loop.stop()
    }
}
