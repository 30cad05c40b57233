#if FAULT_INJECTION
    import Glibc
    import ProxyCore
    import Synchronization
    import XCTest

    /// Standing in for the kernel reaches the calls of the threads that were meant, and no others.
    final class KernelStandInTests: XCTestCase {
        /// Answers each call as the closure says, and keeps what it was asked.
        private final class StandIn: KernelStandIn, Sendable {
            let asked = Mutex<[KernelCall]>([])
            let reply: @Sendable (KernelCall) -> KernelAnswer

            init(_ reply: @escaping @Sendable (KernelCall) -> KernelAnswer = { _ in .proceed }) { self.reply = reply }

            func answer(_ call: KernelCall) -> KernelAnswer {
                asked.withLock { $0.append(call) }
                return reply(call)
            }

            var count: Int { asked.withLock { $0.count } }
        }

        func testFailedCallIsAnErrorOfTheCaller() throws {
            let standIn = StandIn { if case .open = $0 { .fail(EMFILE) } else { .proceed } }
            XCTAssertThrowsError(try KernelStandIns.with(standIn) { try FileReader.bytes("/dev/null") }) { error in
                XCTAssertEqual(error as? Errno, Errno(code: EMFILE, call: "open"))
            }
            XCTAssertEqual(standIn.count, 1)
            XCTAssertNoThrow(try FileReader.bytes("/dev/null"))
            XCTAssertEqual(standIn.count, 1)
        }

        func testBytesInTheKernelsPlaceAndShortReads() throws {
            let pair = try SocketPair()
            let buffer = ByteBuffer(capacity: 16)
            let standIn = StandIn { if case .receive = $0 { .bytes([1, 2, 3]) } else { .proceed } }
            let read = try KernelStandIns.with(standIn) { try Socket.receive(pair.far, into: buffer) }
            XCTAssertEqual(read, .bytes(3))
            XCTAssertEqual(buffer.readable.copied(), [1, 2, 3])
            let short = StandIn { if case .send = $0 { .atMost(2) } else { .proceed } }
            XCTAssertEqual(try KernelStandIns.with(short) { try Socket.send(pair.near, from: buffer) }, .bytes(2))
            XCTAssertEqual(buffer.readable.copied(), [3])
        }

        func testTimeInTheKernelsPlace() throws {
            let standIn = StandIn { _ in .time(seconds: 7, nanoseconds: 9) }
            KernelStandIns.with(standIn) {
                XCTAssertEqual(Clock.monotonic(), Instant(nanoseconds: 7_000_000_009))
                XCTAssertEqual(Clock.unixTime(), UnixTime(7))
            }
        }

        func testDescriptorIsClosedThoughCloseFails() throws {
            let before = try OpenDescriptors.count()
            let standIn = StandIn { if case .close = $0 { .fail(EIO) } else { .proceed } }
            try KernelStandIns.with(standIn) {
                let event = try WakeUp()
                event.signal()
            }
            XCTAssertEqual(try OpenDescriptors.count(), before)
            XCTAssertEqual(standIn.count, 3)
        }

        func testThreadsThatAreStartedInheritAndOthersDoNot() throws {
            let standIn = StandIn()
            let (mine, other) = (try WakeUp(), try WakeUp())
            let wait = { @Sendable (event: WakeUp) in
                try? Patience(until: .never, cancel: event).awaitDeadline()
            }
            let outside = try ProxyCore.Thread.start(name: "outside") { wait(other) }
            let inside = try KernelStandIns.withInherited(standIn) {
                try ProxyCore.Thread.start(name: "inside") {
                    wait(mine)
                    // A thread of a thread.
                    _ = try? ProxyCore.Thread.start(name: "inner") { mine.signal() }.join()
                }
            }
            other.signal()
            outside.join()
            mine.signal()
            inside.join()
            let asked = standIn.asked.withLock { $0 }
            XCTAssertEqual(asked.count { if case .startThread = $0 { true } else { false } }, 2)
            XCTAssertEqual(asked.count { if case .poll = $0 { true } else { false } }, 1)
            XCTAssertEqual(asked.count { if case .signalEvent = $0 { true } else { false } }, 1)
            // With `with`, threads that are started have the kernel.
            let alone = StandIn()
            try KernelStandIns.with(alone) { try ProxyCore.Thread.start(name: "free") { mine.clear() } }.join()
            XCTAssertEqual(alone.count, 1)
        }

        /// Its calls are made in C.
        func testTLSIsReached() throws {
            let certificates = TestCertificates()
            let server = try TLSServerContext(
                identities: [certificates.identity()], clientCertificates: .none, tickets: TicketKeyRing())
            let pair = try TLSPair(server, TLSClientContext(.host("api.example"), trust: certificates.trust))
            pair.shakeHands()
            let standIn = StandIn { if case .send = $0 { .fail(ECONNRESET) } else { .proceed } }
            let bytes = ByteBuffer(capacity: 8)
            bytes.append("12345678")
            XCTAssertThrowsError(try KernelStandIns.with(standIn) { try pair.client.send(from: bytes) })
            XCTAssertEqual(standIn.count, 1)
        }
    }
#endif
