import ProxyCore
import XCTest

final class DescriptorBudgetTests: XCTestCase {
    private func connections(_ limit: Int, workers: Int, upstream: Int, issuers: Int = 1) -> Int {
        DescriptorBudget(limit: limit, workers: workers, upstreamPerWorker: upstream, issuers: issuers).connectionsMax
    }

    func testWhatIsLeftForCallers() {
        // What remains when the upstream's are set aside.
        XCTAssertEqual(connections(1_048_576, workers: 2, upstream: 256), 1_048_576 - 512 - 64 - 12)
        XCTAssertEqual(connections(1024, workers: 2, upstream: 256), 1024 - 512 - 64 - 12)
        // Where that would be little, no more callers than what each of them may need fits.
        XCTAssertEqual(connections(1024, workers: 4, upstream: 256), (1024 - 64 - 20) / 5)
        XCTAssertEqual(connections(256, workers: 1, upstream: 65_535, issuers: 0), (256 - 68) / 2)
        XCTAssertEqual(connections(64, workers: 8, upstream: 256), 1)
        XCTAssertEqual(connections(0, workers: 1, upstream: 1), 1)
    }

    /// Whatever callers do, a request finds a descriptor for its way to the upstream.
    func testTheUpstreamsConnectionsAlwaysFit() {
        for limit in stride(from: 100, through: 5000, by: 37) {
            for workers in [1, 2, 3, 8] {
                for upstream in [1, 16, 256, 4096] {
                    let callers = connections(limit, workers: workers, upstream: upstream)
                    let usable = limit - 64 - 4 * (workers + 1)
                    guard usable > workers else { continue }
                    XCTAssertLessThanOrEqual(callers + workers * min(upstream, callers), usable)
                }
            }
        }
    }

    func testTheLimitIsRaisedAndStaysSo() {
        let limit = DescriptorLimit.raise()
        XCTAssertGreaterThan(limit, 0)
        XCTAssertEqual(DescriptorLimit.raise(), limit)
    }

    private func start(_ limit: Int) throws -> (ProxyServer, LogCapture) {
        let text = """
            {"listen": "127.0.0.1:0", "workers": 1, "upstream": "http://127.0.0.1:9",
             "routes": [{"path": "/", "public": true}], "limits": {"connections": 500}}
            """
        let configuration = try ConfigurationLoader(environment: { _ in nil }).load(
            Array(text.utf8), file: "/nowhere/routes.json")
        let log = try LogCapture()
        return (try ProxyServer.start(configuration, log: log.writer, descriptorLimit: limit), log)
    }

    func testALimitThatIsTooLowIsReported() throws {
        for (limit, allowed) in [(100_000, 500), (600, 276), (168, 50), (10, 1)] {
            let (server, log) = try start(limit)
            server.cut()
            server.join()
            log.stop()
            let lines = log.entries.values.filter { $0.event == "connections_lowered" }
            XCTAssertEqual(lines.count, allowed < 500 ? 1 : 0)
            for line in lines {
                XCTAssertEqual(line.number("configured"), 500)
                XCTAssertEqual(line.number("allowed"), Double(allowed))
                XCTAssertEqual(line.number("open_files"), Double(limit))
            }
        }
    }
}
