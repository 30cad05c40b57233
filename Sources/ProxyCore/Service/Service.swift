import Synchronization

/// A service on a thread of its own. Stopped by whoever started it; any thread.
package final class Service: Sendable {
    package let address: SocketAddress
    private let end: WakeUp
    private let thread: Mutex<Thread?>

    private init(address: SocketAddress, end: WakeUp, thread: Thread) {
        self.address = address
        self.end = end
        self.thread = Mutex(thread)
    }

    /// Starts to serve `socket`.
    ///
    /// - Parameters:
    ///   - name: of the thread; at most 15 bytes are kept.
    ///   - makeHandler: runs on the service's thread, where what it makes stays.
    package static func start(
        _ name: String, on socket: ListeningSocket, options: ServiceOptions = ServiceOptions(), log: LogWriter,
        makeHandler: @escaping @Sendable () -> ServiceHandler
    ) throws(Errno) -> Service {
        let end = try WakeUp()
        let thread = try Thread.start(name: name) {
            do throws(Errno) {
                let service = try ServiceThread(socket, options: options, end: end, handler: makeHandler())
                service.run()
            } catch {
                log.log(.error, "service_failed") { line in
                    line.field("service", name)
                    line.field("error", error.description)
                }
            }
        }
        return Service(address: socket.address, end: end, thread: thread)
    }

    /// Ends every connection and waits for the thread.
    package func stop() {
        guard let thread = thread.withLock({ $0.take() }) else { return }
        end.signal()
        thread.join()
    }
}

/// What runs on a service's thread: the loop, the listener, and who waits for the end.
private final class ServiceThread: EventHandler {
    private let loop: EventLoop
    private let listener: ServiceListener
    private var registration = Registration(slot: 0, generation: 0)
    let timer = DeadlineTimer()

    init(
        _ socket: ListeningSocket, options: ServiceOptions, end: WakeUp, handler: @escaping ServiceHandler
    ) throws(Errno) {
        loop = try EventLoop()
        listener = try ServiceListener(socket, loop: loop, options: options, handler: handler)
        registration = loop.register(self)
        try loop.watchReadable(end.descriptor, registration)
    }

    func run() {
        loop.run {}
        // The loop keeps its handlers alive, and they it.
        loop.unregister(registration)
    }

    /// The end was signalled.
    func ready(_ readiness: Readiness) {
        listener.cut()
        loop.stop()
    }

    func deadlineReached() {}
    func resume() {}
}
