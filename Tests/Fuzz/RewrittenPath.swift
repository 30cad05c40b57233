import ProxyCore

/// A path on its way through an upstream, after some of the steps that `explain` speaks of. Told anew, without any code
/// of the proxy's: each byte knows whether it was sent like that or has been decoded.
struct RewrittenPath: Hashable {
    struct Unit: Hashable {
        let byte: UInt8
        /// Came out of a triplet, and is never decoded again.
        var isDecoded = false
        /// A decoded slash that separates nothing.
        var isHeld = false

        var isSlash: Bool { byte == 0x2F && !isHeld }
    }

    private var units: [Unit]
    /// Every triplet has been decoded: what is left of percent signs means nothing.
    private(set) var isDecoded = false

    /// Far more than the proxy is ready to judge.
    private static let pathsMax = 400

    /// All that a path can become.
    static func all(_ path: [UInt8], keepsSlashes: Bool) -> [RewrittenPath] {
        var found = [RewrittenPath(units: path.map { Unit(byte: $0) })]
        var known = Set(found)
        var index = 0
        while index < found.count, found.count < pathsMax {
            for next in found[index].successors(keepsSlashes: keepsSlashes) where known.insert(next).inserted {
                found.append(next)
            }
            index += 1
        }
        return found
    }

    var segments: [String] {
        var segments = split(units).map { String(decoding: $0.map(\.byte), as: UTF8.self) }
        if segments.first == "" { segments.removeFirst() }
        return segments.last == "" ? segments.dropLast() : segments
    }

    private func successors(keepsSlashes: Bool) -> [RewrittenPath] {
        var next = [
            with(removingDots()), with(mergingSlashes()), with(withoutParameters()),
            with(units.map { $0.byte == 0x5C ? Unit(byte: 0x2F, isDecoded: $0.isDecoded) : $0 }),
            with(withoutAuthority(behind: 2)), with(withoutAuthority(behind: units.prefix { $0.isSlash }.count)),
            with(Array(units.prefix { $0.byte != 0x3F })), with(Array(units.prefix { $0.byte != 0x23 })),
        ]
        if !isDecoded {
            next.append(with(decoding { ASCII.isUnreserved($0) }))
            next.append(with(decoding { _ in true }.map(Self.held), isDecoded: true))
            if !keepsSlashes { next.append(with(decoding { _ in true }, isDecoded: true)) }
        } else if !keepsSlashes {
            next.append(with(units.map { Unit(byte: $0.byte, isDecoded: $0.isDecoded) }))
        }
        return next
    }

    private func with(_ units: [Unit], isDecoded: Bool = false) -> RewrittenPath {
        RewrittenPath(units: units, isDecoded: self.isDecoded || isDecoded)
    }

    private init(units: [Unit], isDecoded: Bool = false) {
        self.units = units
        self.isDecoded = isDecoded
    }

    private static func held(_ unit: Unit) -> Unit {
        Unit(byte: unit.byte, isDecoded: unit.isDecoded, isHeld: unit.byte == 0x2F && unit.isDecoded)
    }

    private func decoding(_ isWanted: (UInt8) -> Bool) -> [Unit] {
        var result: [Unit] = []
        var rest = units[...]
        while let unit = rest.popFirst() {
            let digits = rest.prefix(2)
            if unit.byte == 0x25, !unit.isDecoded, digits.count == 2, !digits.contains(where: \.isDecoded),
                let octet = UInt8(String(decoding: digits.map(\.byte), as: UTF8.self), radix: 16), isWanted(octet)
            {
                result.append(Unit(byte: octet, isDecoded: true))
                rest = rest.dropFirst(2)
            } else {
                result.append(unit)
            }
        }
        return result
    }

    private func split(_ units: [Unit]) -> [[Unit]] {
        units.split(omittingEmptySubsequences: false) { $0.isSlash }.map(Array.init)
    }

    private func joined(_ segments: [[Unit]]) -> [Unit] {
        Array(segments.joined(separator: [Unit(byte: 0x2F)]))
    }

    /// RFC 3986 section 5.2.4.
    private func removingDots() -> [Unit] {
        var kept: [[Unit]] = []
        let segments = split(units).dropFirst()
        for (index, segment) in segments.enumerated() {
            let text = segment.map(\.byte)
            let isDot = text == [0x2E]
            let isDots = text == [0x2E, 0x2E]
            if isDots { _ = kept.popLast() }
            if !isDot && !isDots { kept.append(segment) }
            if isDot || isDots, index == segments.count - 1 { kept.append([]) }
        }
        return kept.isEmpty ? [Unit(byte: 0x2F)] : joined([[]] + kept)
    }

    private func mergingSlashes() -> [Unit] {
        var result: [Unit] = []
        for unit in units where !(unit.isSlash && result.last?.isSlash == true) { result.append(unit) }
        return result
    }

    private func withoutParameters() -> [Unit] { joined(split(units).map { Array($0.prefix { $0.byte != 0x3B }) }) }

    private func withoutAuthority(behind count: Int) -> [Unit] {
        guard units.count >= 2, units[0].isSlash, units[1].isSlash else { return units }
        let rest = units.dropFirst(count).drop { !$0.isSlash }
        return rest.isEmpty ? [Unit(byte: 0x2F)] : Array(rest)
    }
}
