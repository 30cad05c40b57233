#if FAULT_INJECTION
    import Glibc
    import ProxyCore
    import XCTest

    /// An authorization server whose service cannot begin does not end as if that had been its end.
    final class IssuerFailureTests: XCTestCase {
        func testItEndsAndSaysWhy() throws {
            let directory = TemporaryDirectory()
            let file = directory.write(
                """
                {"issuer": "http://127.0.0.1", "listen": "127.0.0.1:0", "clients": "clients.json", "state_dir": "state",
                 "log": {"level": "error"}}
                """, to: "issuer.json")
            let configuration = try IssuerConfigurationLoader(environment: { _ in nil }).load(file)
            let standIn = HastyThreads { call, thread in
                if case .createEpoll = call, thread == "issuer" { return .fail(EMFILE) }
                return .proceed
            }
            XCTAssertThrowsError(try KernelStandIns.withInherited(standIn) { try IssuerLoop.run(configuration) }) {
                guard case IssuerStartError.system(let error) = $0 else { return XCTFail("\($0)") }
                XCTAssertEqual(error.code, EMFILE)
            }
        }
    }
#endif
