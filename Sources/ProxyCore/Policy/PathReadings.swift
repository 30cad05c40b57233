/// Every way in which an upstream may read a path: all results of applying the steps of `PathStep` in any order and
/// as often as wanted, but decoding each triplet at most once. The first is the path as it was sent.
///
/// Decoding has three shapes, since upstreams differ in it: everything at once; segment by segment after splitting, so
/// that `%2F` separates nothing; and of unreserved characters only, which normalizers do before removing dot segments.
/// Letter case is left to the match.
package struct PathReadings: Sendable {
    package struct Reading: Sendable, Equatable {
        /// Triplets that were not decoded have upper-case digits; a NUL stands for a `%2F` that separates nothing.
        package let bytes: [UInt8]
        /// How the reading comes about; one shortest way of possibly several.
        package let steps: [PathStep]

        /// For people.
        package var text: String {
            let shown = bytes.flatMap { $0 == PathRewriting.heldSlash ? PercentEncoding.triplet(ASCII.slash) : [$0] }
            return String(decoding: shown, as: UTF8.self)
        }
    }

    /// All different.
    package let readings: [Reading]

    /// A path that has more readings than this was built to have them.
    package static let readingsMax = 64
    /// All readings together, in bytes: eight of the longest usual path.
    package static let bytesMax = 65_536

    /// The readings of a path in which `PathProblem` finds nothing, or nil when there are too many to judge.
    ///
    /// With `slashIsData` no reading takes `%2F` for a separator.
    package init?(of path: Span<UInt8>, slashIsData: Bool = false) {
        var search = ReadingSearch(path, slashIsData: slashIsData)
        guard search.run() else { return nil }
        readings = search.readings
    }

    /// True for a path that every upstream reads as it was sent, but for letter case: it holds only characters that
    /// are safe in a segment, no `;`, no `//` and no `/.`. Most paths are like that; this allocates nothing.
    package static func isPlain(_ path: Span<UInt8>) -> Bool {
        guard !path.isEmpty, path[0] == ASCII.slash else { return false }
        // A static's storage is asked for anew at each use, to see whether it is there yet.
        let plain = plainCharacters
        var previous: UInt8 = 0
        for index in path.indices {
            let byte = path[index]
            guard plain[byte] else { return false }
            if previous == ASCII.slash, byte == ASCII.slash || byte == ASCII.dot { return false }
            previous = byte
        }
        return true
    }

    /// True when some upstream that takes `%2F` for data could still find a dot segment in a decoded parameter of
    /// `path`, as in `..%2F..`.
    package static func hidesDotSegments(_ path: Span<UInt8>) -> Bool {
        let flattened = PathRewriting.decoded(path.copied()).map { $0 == ASCII.backslash ? ASCII.slash : $0 }
        return flattened.split(separator: ASCII.slash).contains { segment in
            let name = segment.prefix { $0 != ASCII.semicolon && $0 != ASCII.question && $0 != ASCII.hash }
            return PathRewriting.dotCount(of: Array(name)[...]) != nil
        }
    }

    private static let plainCharacters = ByteSet { byte in
        byte == ASCII.slash || PercentEncoding.isPathCharacter(byte) && byte != ASCII.semicolon
    }
}

/// Finds the readings of one path, breadth first.
private struct ReadingSearch {
    /// How much of the path's percent-encoding is still there to be decoded.
    private enum Encoding {
        case asSent
        /// Decoded segment by segment: only held slashes are left.
        case heldSlashes
        case decoded
    }

    private struct State {
        let bytes: [UInt8]
        let encoding: Encoding
        /// Index of the state that this one comes from, by `step`.
        let origin: Int
        let step: PathStep?
    }

    private var states: [State] = []
    private var byteCount = 0
    private let slashIsData: Bool

    init(_ path: Span<UInt8>, slashIsData: Bool) {
        self.slashIsData = slashIsData
        add(PathRewriting.withUpperCaseTriplets(path), .asSent, origin: 0, step: nil)
    }

    /// False when there are too many readings.
    mutating func run() -> Bool {
        var index = 0
        while index < states.count {
            for step in PathStep.allCases {
                guard let encoding = encoding(after: step, states[index]) else { continue }
                add(PathRewriting.apply(step, to: states[index].bytes), encoding, origin: index, step: step)
                if states.count > PathReadings.readingsMax || byteCount > PathReadings.bytesMax { return false }
            }
            index += 1
        }
        return true
    }

    var readings: [PathReadings.Reading] {
        var readings: [PathReadings.Reading] = []
        for (index, state) in states.enumerated() {
            let isKnown = readings.contains { $0.bytes == state.bytes }
            if !isKnown { readings.append(PathReadings.Reading(bytes: state.bytes, steps: steps(to: index))) }
        }
        return readings
    }

    private func encoding(after step: PathStep, _ state: State) -> Encoding? {
        switch step {
        case .removeDotSegments, .mergeSlashes, .stripParameters, .backslashToSlash, .dropAuthority,
            .dropAuthorityBehindSlashes, .cutQuery, .cutFragment:
            state.encoding
        // Of what has not been decoded, decoding the unreserved characters first gives the same.
        case .removeEncodedDotSegments: state.encoding == .asSent ? nil : state.encoding
        case .decodeUnreserved: state.encoding == .asSent ? .asSent : nil
        case .decodeSegments: state.encoding == .asSent ? .heldSlashes : nil
        case .decode: state.encoding == .asSent && !slashIsData ? .decoded : nil
        case .decodeHeldSlashes: state.encoding == .heldSlashes && !slashIsData ? .decoded : nil
        }
    }

    private mutating func add(_ bytes: [UInt8], _ encoding: Encoding, origin: Int, step: PathStep?) {
        var encoding = encoding
        if encoding == .heldSlashes, !bytes.contains(PathRewriting.heldSlash) { encoding = .decoded }
        if encoding == .asSent, !bytes.contains(ASCII.percent) { encoding = .decoded }
        for state in states where state.encoding == encoding && state.bytes == bytes { return }
        byteCount += bytes.count
        states.append(State(bytes: bytes, encoding: encoding, origin: origin, step: step))
    }

    private func steps(to index: Int) -> [PathStep] {
        var steps: [PathStep] = []
        var index = index
        while let step = states[index].step {
            steps.append(step)
            index = states[index].origin
        }
        return steps.reversed()
    }
}
