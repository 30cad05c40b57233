/// What a response says about how long it may be used (RFC 9111 section 4.2).
package enum Freshness: Sendable, Equatable {
    /// Nothing: the configured default counts.
    case unstated
    /// Not at all: `no-store`, `no-cache`, or directives that contradict themselves or cannot be read, which section
    /// 4.2.1 wants to be taken as stale.
    case stale
    /// For so many seconds from now: `max-age` less the `Age` that the document already had.
    case seconds(Double)
}

/// Reads `Cache-Control` and `Age` fields as they come by. Any number of fields may be fed, in any order.
package struct FreshnessReader: Sendable {
    private var maxAge: Double?
    private var age: Double = 0
    private var forbidden = false

    package init() {}

    package var freshness: Freshness {
        if forbidden { return .stale }
        guard let maxAge else { return .unstated }
        return maxAge > age ? .seconds(maxAge - age) : .stale
    }

    /// One `Age` field. What is not a number is ignored (RFC 9111 section 5.1).
    package mutating func read(age value: Span<UInt8>) {
        age = max(age, Self.deltaSeconds(value) ?? 0)
    }

    /// One `Cache-Control` field (RFC 9111 section 5.2).
    package mutating func read(cacheControl value: Span<UInt8>) {
        var directives = ListElements(of: ByteRange(0, value.count))
        while let directive = directives.next(in: value) { read(directive: value.slice(directive)) }
    }

    private mutating func read(directive: Span<UInt8>) {
        var nameEnd = 0
        while nameEnd < directive.count, directive[nameEnd] != ASCII.equals { nameEnd += 1 }
        let name = directive.extracting(first: nameEnd)
        if name.equalsIgnoringCase("no-store") || name.equalsIgnoringCase("no-cache") {
            forbidden = true
        } else if name.equalsIgnoringCase("max-age") {
            let whole = ByteRange(0, directive.count)
            let argument = FieldValue.argument(of: "max-age", in: whole, of: directive)
            guard let argument, let seconds = Self.deltaSeconds(directive.slice(argument)) else {
                forbidden = true
                return
            }
            maxAge = min(maxAge ?? seconds, seconds)
        }
    }

    /// A number of seconds (RFC 9111 section 1.2.2): digits only; too large a number is a large number.
    private static func deltaSeconds(_ text: Span<UInt8>) -> Double? {
        guard !text.isEmpty else { return nil }
        var value: Double = 0
        for index in text.indices {
            guard ASCII.isDigit(text[index]) else { return nil }
            value = min(value * 10 + Double(text[index] - ASCII.zero), 2_147_483_648)
        }
        return value
    }
}
