import ProxyCore
import XCTest

/// Asks the admin listener of a proxy.
struct AdminClient {
    let address: SocketAddress

    init(_ proxy: ProxyFixture) throws { address = try XCTUnwrap(proxy.server.adminAddress) }

    func answer(_ path: String, method: String = "GET") throws -> RawResponse {
        let client = try RawClient(address)
        try client.send("\(method) \(path) HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n")
        return try client.response(to: method)
    }

    /// The answer to `path` for which `isWanted` is true. Fails the test when there is none for long.
    @discardableResult
    func answer(
        _ path: String, line: UInt = #line, where isWanted: (RawResponse) -> Bool
    ) throws -> RawResponse {
        let patience = Patience(until: .never, cancel: try WakeUp())
        var last = ""
        for _ in 0..<4000 {
            let answer = try answer(path)
            if isWanted(answer) { return answer }
            last = answer.text
            try patience.atMost(.milliseconds(5)).awaitDeadline()
        }
        XCTFail("no such answer; the last one was \(last)", line: line)
        throw RawClient.Failed()
    }

    func scrape() throws -> Scrape { Scrape(try answer("/metrics").text) }

    /// The metrics, once all these series have these values: a request is counted when it has ended, which its caller
    /// may see a little earlier.
    @discardableResult
    func awaitMetrics(_ wanted: [String: Double], line: UInt = #line) throws -> Scrape {
        let answer = try answer("/metrics", line: line) { answer in
            let scrape = Scrape(answer.text)
            return wanted.allSatisfy { scrape[$0.key] == $0.value }
        }
        return Scrape(answer.text)
    }
}

/// The samples of one answer of `/metrics`.
struct Scrape {
    let text: String
    /// By name and labels as they are written.
    let values: [String: Double]

    init(_ text: String) {
        self.text = text
        var values: [String: Double] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            guard let space = line.lastIndex(of: " ") else { continue }
            let series = String(line[..<space])
            XCTAssertNil(values[series], "\(series) is there twice")
            values[series] = Double(line[line.index(after: space)...])
        }
        self.values = values
    }

    subscript(series: String) -> Double? { values[series] }

    /// How many requests ended so on this route.
    static func requests(_ route: String, _ decision: String, _ reason: String = "") -> String {
        "scopeproxy_requests_total{route=\"\(route)\",decision=\"\(decision)\",reason=\"\(reason)\"}"
    }

    func sum(_ family: String) -> Double {
        values.filter { $0.key == family || $0.key.hasPrefix(family + "{") }.values.reduce(0, +)
    }
}
