/// An IPv4 or IPv6 address. An IPv4-mapped IPv6 address (`::ffff:a.b.c.d`) is the IPv4 address it stands for, so that
/// one peer has one name whichever socket it came in by.
package struct IPAddress: Sendable, Hashable {
    /// The address as 128 bits; IPv4 in its mapped form.
    private let high: UInt64
    private let low: UInt64

    package init(v4 bits: UInt32) {
        high = 0
        low = 0xFFFF_0000_0000 | UInt64(bits)
    }

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    package var isV4: Bool { high == 0 && low >> 32 == 0xFFFF }
    package var v4Bits: UInt32? { isV4 ? UInt32(truncatingIfNeeded: low) : nil }
    package var bits: (high: UInt64, low: UInt64) { (high, low) }

    /// 0.0.0.0 or ::, on which a listener stands for every address of the machine.
    package var isUnspecified: Bool { isV4 ? UInt32(truncatingIfNeeded: low) == 0 : high == 0 && low == 0 }
    /// 127.0.0.0/8 or ::1.
    package var isLoopback: Bool { isV4 ? low >> 24 & 0xFF == 127 : high == 0 && low == 1 }

    /// What one caller has, so that it cannot be many by changing its address: the address itself, but of IPv6 the
    /// network of 64 bits (RFC 6177 gives nobody less).
    package var callersNetwork: IPAddress { high == 0 ? self : IPAddress(high: high, low: 0) }

    /// Parses dotted decimal or the text forms of RFC 4291 section 2.2, without brackets or a zone.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard let address = Self.parseV4(bytes[...]).map(IPAddress.init(v4:)) ?? Self.parseV6(bytes) else { return nil }
        self = address
    }

    private static func parseV4(_ bytes: ArraySlice<UInt8>) -> UInt32? {
        let parts = bytes.split(separator: ASCII.dot, omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bits: UInt32 = 0
        for part in parts {
            // A leading zero is octal to some readers and decimal to others: refused.
            guard (1...3).contains(part.count), part.count == 1 || part.first != ASCII.zero else { return nil }
            var value: UInt32 = 0
            for byte in part {
                guard ASCII.isDigit(byte) else { return nil }
                value = value * 10 + UInt32(byte - ASCII.zero)
            }
            guard value <= 255 else { return nil }
            bits = bits << 8 | value
        }
        return bits
    }

    private static func parseV6(_ bytes: [UInt8]) -> IPAddress? {
        guard let (head, tail) = splitAtGap(bytes) else { return nil }
        guard var groups = parseGroups(head, endsAddress: tail == nil) else { return nil }
        if let tail {
            guard let rest = parseGroups(tail, endsAddress: true), groups.count + rest.count <= 7 else { return nil }
            groups += [UInt16](repeating: 0, count: 8 - groups.count - rest.count) + rest
        }
        guard groups.count == 8 else { return nil }
        let high = groups[0..<4].reduce(UInt64(0)) { $0 << 16 | UInt64($1) }
        let low = groups[4..<8].reduce(UInt64(0)) { $0 << 16 | UInt64($1) }
        return IPAddress(high: high, low: low)
    }

    /// What stands before and after the `::`; no second part when there is none, nil when there are several.
    private static func splitAtGap(_ bytes: [UInt8]) -> (ArraySlice<UInt8>, ArraySlice<UInt8>?)? {
        var gap: Int?
        for index in bytes.indices.dropLast() where bytes[index] == ASCII.colon && bytes[index + 1] == ASCII.colon {
            if gap != nil { return nil }
            gap = index
        }
        guard let gap else { return (bytes[...], nil) }
        return (bytes[..<gap], bytes[(gap + 2)...])
    }

    /// Only the end of an address may be written in dotted decimal.
    private static func parseGroups(_ bytes: ArraySlice<UInt8>, endsAddress: Bool) -> [UInt16]? {
        if bytes.isEmpty { return [] }
        let parts = bytes.split(separator: ASCII.colon, omittingEmptySubsequences: false)
        var groups: [UInt16] = []
        for (position, part) in parts.enumerated() {
            if endsAddress, position == parts.count - 1, part.contains(ASCII.dot) {
                guard let bits = parseV4(part) else { return nil }
                groups += [UInt16(bits >> 16), UInt16(truncatingIfNeeded: bits)]
                continue
            }
            guard (1...4).contains(part.count) else { return nil }
            var value: UInt16 = 0
            for byte in part {
                guard let digit = ASCII.hexValue(byte) else { return nil }
                value = value << 4 | UInt16(digit)
            }
            groups.append(value)
        }
        return groups
    }
}

extension IPAddress: CustomStringConvertible {
    /// Dotted decimal, or the form of RFC 5952 (the first longest run of zero groups compressed).
    package var description: String {
        let text = text
        return String(decoding: (0..<text.count).map { text.bytes[$0] }, as: UTF8.self)
    }

    /// The text of `description`, made without memory of its own.
    package var text: IPAddressText { IPAddressText(self) }
}

/// A block of addresses, `address/prefix` (RFC 4632); a bare address is a block of one.
package struct CIDR: Sendable, Equatable {
    private let base: IPAddress
    private let prefix: Int

    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let first = parts.first, let address = IPAddress(String(first)) else { return nil }
        let offset = address.isV4 ? 96 : 0
        switch parts.count {
        case 1: prefix = 128
        case 2:
            guard (1...3).contains(parts[1].utf8.count), parts[1].utf8.allSatisfy(ASCII.isDigit),
                let length = Int(parts[1]), length <= 128 - offset
            else { return nil }
            prefix = offset + length
        default: return nil
        }
        base = address
    }

    package func contains(_ address: IPAddress) -> Bool {
        let (high, low) = (address.bits.high ^ base.bits.high, address.bits.low ^ base.bits.low)
        if prefix <= 64 { return prefix == 0 || high >> UInt64(64 - prefix) == 0 }
        return high == 0 && (prefix == 64 || low >> UInt64(128 - prefix) == 0)
    }
}
