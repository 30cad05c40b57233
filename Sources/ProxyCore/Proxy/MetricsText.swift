/// Writes the text format of Prometheus, version 0.0.4: families one after the other, each with its samples.
package struct MetricsText {
    package enum Kind: Sendable {
        case counter
        case gauge
        case histogram
    }

    package typealias Label = (name: StaticString, value: String)

    package static let mediaType = "text/plain; version=0.0.4; charset=utf-8"

    package private(set) var bytes: [UInt8] = []
    private var name: StaticString = ""

    package init() {}

    /// Begins the family that the samples from here on belong to.
    package mutating func family(_ name: StaticString, _ kind: Kind, _ help: StaticString) {
        self.name = name
        append("# HELP ")
        append(name)
        append(" ")
        append(help)
        append("\n# TYPE ")
        append(name)
        switch kind {
        case .counter: append(" counter\n")
        case .gauge: append(" gauge\n")
        case .histogram: append(" histogram\n")
        }
    }

    package mutating func sample(_ value: UInt64, _ labels: Label...) { sample("", String(value), labels) }

    package mutating func sample(_ value: Int, _ labels: Label...) { sample("", String(value), labels) }

    /// Nanoseconds, written as seconds.
    package mutating func sample(nanoseconds value: UInt64, _ labels: Label...) {
        sample("", Self.seconds(value), labels)
    }

    /// The samples of a histogram of seconds.
    ///
    /// - Parameters:
    ///   - bounds: of the buckets, in nanoseconds.
    ///   - counts: one for each bound, and one for what lies above all of them.
    ///   - sum: of everything that was counted, in nanoseconds.
    package mutating func histogram(bounds: [UInt64], counts: [UInt64], sum: UInt64) {
        precondition(counts.count == bounds.count + 1)
        var count: UInt64 = 0
        for (index, more) in counts.enumerated() {
            count += more
            sample("_bucket", String(count), [("le", index < bounds.count ? Self.seconds(bounds[index]) : "+Inf")])
        }
        sample("_sum", Self.seconds(sum), [])
        sample("_count", String(count), [])
    }

    private mutating func sample(_ suffix: StaticString, _ value: String, _ labels: [Label]) {
        append(name)
        append(suffix)
        for (index, label) in labels.enumerated() {
            append(index == 0 ? "{" : ",")
            append(label.name)
            append("=\"")
            append(escaping: label.value)
            append("\"")
        }
        if !labels.isEmpty { append("}") }
        append(" ")
        bytes += value.utf8
        append("\n")
    }

    /// What the format wants escaped in the value of a label.
    private mutating func append(escaping text: String) {
        for byte in text.utf8 {
            switch byte {
            case ASCII.backslash: append("\\\\")
            case ASCII.quote: append("\\\"")
            case ASCII.lineFeed: append("\\n")
            case _: bytes.append(byte)
            }
        }
    }

    private mutating func append(_ literal: StaticString) {
        let literal = literal.bytes
        for index in literal.indices { bytes.append(literal[index]) }
    }

    /// All the digits that there are, and no more.
    private static func seconds(_ nanoseconds: UInt64) -> String {
        let whole = String(nanoseconds / 1_000_000_000)
        let fraction = nanoseconds % 1_000_000_000
        guard fraction > 0 else { return whole }
        var digits = Array(String(fraction).utf8)
        digits = [UInt8](repeating: ASCII.zero, count: 9 - digits.count) + digits
        while digits.last == ASCII.zero { digits.removeLast() }
        return whole + "." + String(decoding: digits, as: UTF8.self)
    }
}
