#if FAULT_INJECTION
    import Glibc
    import ProxyCore
    import Synchronization
    import XCTest

    /// The upstream has a name, and the resolver comes and goes.
    final class LostNameTests: ProxyTestCase {
        private final class Resolver: Sendable {
            let answer = Mutex<KernelAnswer>(.proceed)
            let asked = Recorder<String>()
        }

        private let resolver = Resolver()
        private var standIn: HastyThreads {
            let resolver = resolver
            return HastyThreads("upstream-name") { call, _ in
                guard case .lookUp(let host) = call else { return .proceed }
                resolver.asked.record(host)
                return resolver.answer.withLock { $0 }
            }
        }

        private func set(_ answer: KernelAnswer) { resolver.answer.withLock { $0 = answer } }

        /// Asks until an answer has this status.
        private func awaitStatus(_ status: Int, _ proxy: ProxyFixture, line: UInt = #line) throws {
            let patience = Patience(until: .never, cancel: try WakeUp())
            for _ in 0..<400 {
                if try proxy.answer(RequestText.of("GET", "/")).status == status { return }
                try patience.atMost(.milliseconds(20)).awaitDeadline()
            }
            XCTFail("never \(status)", line: line)
        }

        func testTheLastAddressesServeWhileTheResolverIsAway() throws {
            let first = try ScriptedUpstream()
            set(.addresses([IPAddress(v4: 0x7F00_0001)]))
            let proxy = try KernelStandIns.withInherited(standIn) { try openProxy("http://backend.test:\(first.port)") }
            // On a busy machine the first look-up may be late for the hasty thread, and another one follows.
            try awaitStatus(200, proxy)
            for code in [EAI_AGAIN, EAI_FAIL, EAI_NONAME, EAI_MEMORY] {
                set(.fail(code))
                let before = resolver.asked.values.count
                try proxy.log.entries.await("upstream_not_resolved") { $0.event == "upstream_not_resolved" }
                let patience = Patience(until: .never, cancel: try WakeUp())
                for _ in 0..<400 where resolver.asked.values.count < before + 3 {
                    try patience.atMost(.milliseconds(20)).awaitDeadline()
                }
                XCTAssertGreaterThan(resolver.asked.values.count, before + 1, "it is asked again")
                XCTAssertEqual(try proxy.answer(RequestText.of("GET", "/")).status, 200, "\(code)")
            }
            // It is back, and the service has moved.
            let second = try ScriptedUpstream(on: .ip(IPAddress(v4: 0x7F00_0002), port: first.port))
            set(.addresses([IPAddress(v4: 0x7F00_0002)]))
            first.stop()
            try awaitStatus(200, proxy)
            XCTAssertGreaterThan(second.requests.count, 0)
            try assertQuiet(proxy)
        }

        func testWithoutAnAnswerAtTheStartRequestsAreRefusedUntilThereIsOne() throws {
            let upstream = try ScriptedUpstream()
            set(.fail(EAI_AGAIN))
            let proxy = try KernelStandIns.withInherited(standIn) {
                try openProxy("http://backend.test:\(upstream.port)")
            }
            let refused = try proxy.answer(RequestText.of("GET", "/"))
            XCTAssertEqual(refused.status, 502)
            set(.addresses([IPAddress(v4: 0x7F00_0001)]))
            try awaitStatus(200, proxy)
            try assertQuiet(proxy)
        }

        /// No thread can be had to ask on.
        func testNoThreadForTheResolver() throws {
            let upstream = try ScriptedUpstream()
            let resolver = resolver
            set(.proceed)
            let standIn = HastyThreads("upstream-name") { call, _ in
                switch call {
                case .startThread("resolver"): resolver.answer.withLock { $0 }
                case .lookUp: .addresses([IPAddress(v4: 0x7F00_0001)])
                case _: .proceed
                }
            }
            let proxy = try KernelStandIns.withInherited(standIn) {
                try openProxy("http://backend.test:\(upstream.port)")
            }
            set(.fail(EAGAIN))
            let told = try proxy.log.entries.await("upstream_not_resolved") { $0.event == "upstream_not_resolved" }
            XCTAssertEqual(told["error"], "pthread_create: Resource temporarily unavailable")
            XCTAssertEqual(try proxy.answer(RequestText.of("GET", "/")).status, 200)
            try assertQuiet(proxy)
        }
    }
#endif
