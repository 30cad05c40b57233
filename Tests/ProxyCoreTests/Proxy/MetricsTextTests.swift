import ProxyCore
import XCTest

final class MetricsTextTests: XCTestCase {
    private func text(_ write: (inout MetricsText) -> Void) -> String {
        var text = MetricsText()
        write(&text)
        return String(decoding: text.bytes, as: UTF8.self)
    }

    func testAFamilyAndItsSamples() {
        let written = text { text in
            text.family("a_total", .counter, "What it is.")
            text.sample(UInt64.max)
            text.sample(3, ("one", "x"), ("other", ""))
            text.family("b", .gauge, "Another.")
            text.sample(0)
        }
        XCTAssertEqual(
            written,
            """
            # HELP a_total What it is.
            # TYPE a_total counter
            a_total 18446744073709551615
            a_total{one="x",other=""} 3
            # HELP b Another.
            # TYPE b gauge
            b 0

            """)
    }

    func testLabelsAreEscaped() {
        let written = text { $0.sample(1, ("a", "back\\slash \"quoted\"\nline é {}")) }
        XCTAssertEqual(written, "{a=\"back\\\\slash \\\"quoted\\\"\\nline é {}\"} 1\n")
    }

    func testSecondsHaveTheDigitsThatThereAre() {
        for (nanoseconds, written) in [
            (0, "0"), (1, "0.000000001"), (10_000, "0.00001"), (2_500_000_000, "2.5"), (60_000_000_000, "60"),
            (1_000_000_001, "1.000000001"), (UInt64.max, "18446744073.709551615"),
        ] {
            XCTAssertEqual(text { $0.sample(nanoseconds: nanoseconds) }, " \(written)\n")
        }
    }

    func testAHistogramIsCumulative() {
        let written = text { text in
            text.family("h_seconds", .histogram, "Durations.")
            text.histogram(bounds: [10_000, 1_000_000_000], counts: [2, 0, 5], sum: 12_345_000_000)
        }
        XCTAssertEqual(
            written.split(separator: "\n").dropFirst(2),
            [
                "h_seconds_bucket{le=\"0.00001\"} 2", "h_seconds_bucket{le=\"1\"} 2",
                "h_seconds_bucket{le=\"+Inf\"} 7", "h_seconds_sum 12.345", "h_seconds_count 7",
            ])
    }
}
