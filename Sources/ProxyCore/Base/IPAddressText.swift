/// The text of an address: dotted decimal, or the form of RFC 5952.
package struct IPAddressText: Sendable {
    /// The text is in the first `count`.
    package private(set) var bytes: InlineArray<40, UInt8> = .init(repeating: 0)
    package private(set) var count = 0

    init(_ address: IPAddress) {
        if let bits = address.v4Bits {
            for shift in stride(from: UInt32(24), through: 0, by: -8) {
                append(decimal: UInt8(truncatingIfNeeded: bits >> shift))
                if shift > 0 { append(ASCII.dot) }
            }
        } else {
            appendGroups(of: address)
        }
    }

    private mutating func appendGroups(of address: IPAddress) {
        let gap = Self.longestZeros(of: address)
        var index = 0
        while index < 8 {
            if index == gap.lowerBound, !gap.isEmpty {
                append(ASCII.colon)
                append(ASCII.colon)
                index = gap.upperBound
                continue
            }
            if index > 0, index != gap.upperBound { append(ASCII.colon) }
            append(hex: Self.group(index, of: address))
            index += 1
        }
    }

    private static func group(_ index: Int, of address: IPAddress) -> UInt16 {
        let (high, low) = address.bits
        return UInt16(truncatingIfNeeded: (index < 4 ? high : low) >> UInt64(48 - 16 * (index % 4)))
    }

    /// The first of the longest runs of two and more zero groups; empty when there is none.
    private static func longestZeros(of address: IPAddress) -> Range<Int> {
        var best = 0..<0
        var start = 0
        for index in 0..<8 {
            if group(index, of: address) != 0 {
                start = index + 1
            } else if index + 1 - start > max(1, best.count) {
                best = start..<index + 1
            }
        }
        return best
    }

    private mutating func append(_ byte: UInt8) {
        bytes[count] = byte
        count += 1
    }

    private mutating func append(decimal value: UInt8) {
        if value >= 100 { append(ASCII.zero + value / 100) }
        if value >= 10 { append(ASCII.zero + value / 10 % 10) }
        append(ASCII.zero + value % 10)
    }

    private mutating func append(hex value: UInt16) {
        var shift: UInt16 = 12
        while shift > 0, value >> shift == 0 { shift -= 4 }
        while true {
            append(ASCII.hexDigit(UInt8(truncatingIfNeeded: value >> shift) & 15))
            if shift == 0 { return }
            shift -= 4
        }
    }
}
