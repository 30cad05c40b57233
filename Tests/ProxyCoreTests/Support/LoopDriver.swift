import ProxyCore
import XCTest

/// Turns a loop on the test's own thread until something has happened, for 20 seconds at most.
final class LoopDriver: EventHandler {
    let loop: EventLoop
    let timer = DeadlineTimer()
    private var registration = Registration(slot: 0, generation: 0)
    private var isLate = false

    init() throws {
        loop = try EventLoop()
        registration = loop.register(self)
    }

    /// Loop and driver hold each other until this.
    func end() { loop.unregister(registration) }

    func run(_ what: String, line: UInt = #line, until isDone: () -> Bool) {
        timer.set(loop.now.advanced(by: .seconds(20)), registration, loop)
        guard !isDone() else { return }
        loop.run { if isLate || isDone() { loop.stop() } }
        XCTAssertFalse(isLate, "never \(what)", line: line)
    }

    func ready(_ readiness: Readiness) {}
    func deadlineReached() { isLate = true }
    func resume() {}
}

/// A connected pair of sockets on the loopback interface.
final class SocketPair {
    let near: FileDescriptor
    let far: FileDescriptor

    init() throws {
        let listener = try Socket.listen(on: ScriptedUpstream.loopback, sharedPort: false)
        let address = try XCTUnwrap(try Socket.localAddress(listener))
        near = try Socket.connect(to: address)
        try Patience(until: .never, cancel: try WakeUp()).atMost(.seconds(20)).awaitReadable(listener)
        guard let accepted = try Socket.accept(from: listener) else { throw RawClient.Failed() }
        far = accepted.takeDescriptor()
    }
}
