#if FAULT_INJECTION
    import Glibc
    import ProxyCore
    import Synchronization
    import XCTest

    /// Another process listens on the port that a proxy leaves: whoever calls at the last moment is not lost.
    final class LeftPortTests: ProxyTestCase {
        /// Stands between the last look at the queue and the end of listening.
        private final class Moment: KernelStandIn, Sendable {
            let hasCome: WakeUp
            private let mayPass: Latch
            private let isOver = Atomic<Bool>(false)

            init() throws {
                hasCome = try WakeUp()
                mayPass = try Latch()
            }

            func pass() { mayPass.open() }

            func answer(_ call: KernelCall) -> KernelAnswer {
                if case .shutDown(_, how: Int32(SHUT_RD)) = call,
                    !isOver.exchange(true, ordering: .sequentiallyConsistent)
                {
                    hasCome.signal()
                    mayPass.pass()
                }
                return .proceed
            }
        }

        private func openSharing(_ upstream: ScriptedUpstream, port: UInt16) throws -> ProxyFixture {
            try ProxyFixture(
                upstream.url, routes: #"{"path": "/{rest...}", "public": true}"#, #""reuse_port": true"#,
                listen: "\"127.0.0.1:\(port)\"")
        }

        func testWhoCallsAtTheLastMomentIsServedByTheOther() throws {
            let upstream = try ScriptedUpstream()
            let moment = try Moment()
            let first = try KernelStandIns.withInherited(moment) { try openSharing(upstream, port: 0) }
            let port = try XCTUnwrap(first.server.address.port)
            let second = try openSharing(upstream, port: port)
            first.server.drain()
            try Patience(until: .never, cancel: try WakeUp()).atMost(.seconds(20)).awaitSignal(of: moment.hasCome)
            // Half of them would wait in the queue that is about to be closed.
            let clients = try (0..<16).map { _ in try second.client() }
            moment.pass()
            try first.awaitEnd()
            for client in clients {
                try client.send(RequestText.of("GET", "/"))
                XCTAssertEqual(try client.response().status, 200)
                client.close()
            }
            try assertQuiet(second)
        }
    }
#endif
