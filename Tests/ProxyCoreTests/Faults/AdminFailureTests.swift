#if FAULT_INJECTION
    import Glibc
    import ProxyCore
    import XCTest

    /// An admin listener that cannot begin: probes would take the proxy for dead, and nobody could watch it.
    final class AdminFailureTests: ProxyTestCase {
        func testTheProxyEndsAndSaysWhy() throws {
            let upstream = try ScriptedUpstream()
            let standIn = HastyThreads { call, thread in
                if case .createEpoll = call, thread == "admin" { return .fail(EMFILE) }
                return .proceed
            }
            let proxy = try KernelStandIns.withInherited(standIn) {
                try openProxy(upstream, #""admin": "127.0.0.1:0""#, workers: 2)
            }
            try proxy.awaitEnd()
            XCTAssertEqual(proxy.server.failure?.code, EMFILE)
            XCTAssertEqual(proxy.log.entries.values.first { $0.event == "service_failed" }?["service"], "admin")
        }
    }
#endif
