/// One thing that an upstream, or something in front of it, may do to a path before it looks for the resource.
package enum PathStep: Sendable, Equatable, CaseIterable {
    case decodeUnreserved
    case decodeSegments
    case decode
    case decodeHeldSlashes
    case removeDotSegments
    /// The WHATWG's URL parser takes `%2e` for a dot, also in a path that was decoded before: `%252e` was sent.
    case removeEncodedDotSegments
    case mergeSlashes
    case stripParameters
    case backslashToSlash
    case dropAuthority
    case dropAuthorityBehindSlashes
    case cutQuery
    case cutFragment

    /// For `explain`.
    package var description: StaticString {
        switch self {
        case .decodeUnreserved: "unreserved characters percent-decoded"
        case .decodeSegments: "each segment percent-decoded"
        case .decode: "percent-decoded"
        case .decodeHeldSlashes: "encoded slashes taken for separators"
        case .removeDotSegments: "dot segments removed"
        case .removeEncodedDotSegments: "dot segments that are still encoded removed"
        case .mergeSlashes: "slashes merged"
        case .stripParameters: "segment parameters stripped"
        case .backslashToSlash: "backslashes taken for slashes"
        case .dropAuthority: "//authority taken off"
        case .dropAuthorityBehindSlashes: "authority behind all leading slashes taken off"
        case .cutQuery: "cut at ?"
        case .cutFragment: "cut at #"
        }
    }
}

/// The steps, as functions of bytes. Each expects a path in which `PathProblem` finds nothing.
enum PathRewriting {
    /// Stands for `%2F` where a path is decoded segment by segment: a slash that separates nothing. No path holds
    /// this byte otherwise, since NUL is refused raw and encoded.
    static let heldSlash: UInt8 = 0

    static func apply(_ step: PathStep, to path: [UInt8]) -> [UInt8] {
        switch step {
        case .decodeUnreserved: decoding(path) { octet in ASCII.isUnreserved(octet) ? octet : nil }
        case .decodeSegments: decoding(path) { octet in octet == ASCII.slash ? heldSlash : octet }
        case .decode: decoded(path)
        case .decodeHeldSlashes: path.map { $0 == heldSlash ? ASCII.slash : $0 }
        case .removeDotSegments: removingDotSegments(path, takingEncodedDots: false)
        case .removeEncodedDotSegments: removingDotSegments(path, takingEncodedDots: true)
        case .mergeSlashes: mergingSlashes(path)
        case .stripParameters: strippingParameters(path)
        case .backslashToSlash: path.map { $0 == ASCII.backslash ? ASCII.slash : $0 }
        case .dropAuthority: droppingAuthority(path, at: 2)
        case .dropAuthorityBehindSlashes:
            droppingAuthority(path, at: path.firstIndex { $0 != ASCII.slash } ?? path.count)
        case .cutQuery: cutting(path, at: ASCII.question)
        case .cutFragment: cutting(path, at: ASCII.hash)
        }
    }

    static func decoded(_ path: [UInt8]) -> [UInt8] { decoding(path) { $0 } }

    /// The path with the hexadecimal digits of its triplets in upper case: the one spelling in which literals are kept.
    static func withUpperCaseTriplets(_ path: Span<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(path.count)
        while result.count < path.count {
            if let octet = PercentEncoding.octet(at: result.count, in: path) {
                result += PercentEncoding.triplet(octet)
            } else {
                result.append(path[result.count])
            }
        }
        return result
    }

    /// The path with each triplet replaced by what `replacement` gives for its octet, or left alone for nil.
    private static func decoding(_ path: [UInt8], _ replacement: (UInt8) -> UInt8?) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(path.count)
        var index = 0
        while index < path.count {
            if let octet = PercentEncoding.octet(at: index, in: path.span), let byte = replacement(octet) {
                result.append(byte)
                index += 3
            } else {
                result.append(path[index])
                index += 1
            }
        }
        return result
    }

    /// RFC 3986 section 5.2.4: `.` goes, `..` takes the segment before it along, the root has none to lose. An empty
    /// segment counts as one; where slashes are merged first, that is another reading.
    private static func removingDotSegments(_ path: [UInt8], takingEncodedDots: Bool) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(path.count)
        var index = 0
        while index < path.count {
            var end = index + 1
            while end < path.count, path[end] != ASCII.slash { end += 1 }
            let isLast = end == path.count
            let segment = path[(index + 1)..<end]
            let isCandidate = takingEncodedDots || !segment.contains(ASCII.percent)
            switch isCandidate ? dotCount(of: segment) : nil {
            case nil:
                result.append(ASCII.slash)
                result += segment
            case 1?:
                if isLast { result.append(ASCII.slash) }
            case _?:
                while let byte = result.popLast(), byte != ASCII.slash {}
                if isLast { result.append(ASCII.slash) }
            }
            index = end
        }
        return result.isEmpty ? [ASCII.slash] : result
    }

    /// 1 for the segment `.` and 2 for `..`, encoded or not; nil for all others.
    static func dotCount(of segment: ArraySlice<UInt8>) -> Int? {
        guard (1...6).contains(segment.count) else { return nil }
        var count = 0
        var rest = segment
        while let byte = rest.popFirst() {
            if byte == ASCII.percent, rest.prefix(2).map(ASCII.lowercased) == Array("2e".utf8) {
                rest.removeFirst(2)
            } else if byte != ASCII.dot {
                return nil
            }
            count += 1
        }
        return count <= 2 ? count : nil
    }

    private static func mergingSlashes(_ path: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(path.count)
        for byte in path where byte != ASCII.slash || result.last != ASCII.slash { result.append(byte) }
        return result
    }

    private static func strippingParameters(_ path: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(path.count)
        var isParameter = false
        for byte in path {
            if byte == ASCII.slash { isParameter = false }
            if byte == ASCII.semicolon { isParameter = true }
            if !isParameter { result.append(byte) }
        }
        return result
    }

    /// A path that begins with two slashes, as a reference that is resolved against a base: what follows them is the
    /// authority (RFC 3986 section 4.2), and the path is what comes after. The WHATWG's URL parser skips further
    /// slashes first.
    private static func droppingAuthority(_ path: [UInt8], at start: Int) -> [UInt8] {
        guard path.starts(with: [ASCII.slash, ASCII.slash]) else { return path }
        let rest = path[start...].drop { $0 != ASCII.slash }
        return rest.isEmpty ? [ASCII.slash] : Array(rest)
    }

    /// A decoded path that is parsed once more. Raw, it holds neither `?` nor `#`.
    private static func cutting(_ path: [UInt8], at delimiter: UInt8) -> [UInt8] {
        Array(path.prefix { $0 != delimiter })
    }
}
