import ProxyCore

/// A parser of heads, made to look the same for requests and responses.
protocol HeadParsing: AnyObject {
    /// All that a parse tells, comparable.
    associatedtype Summary: Equatable

    /// Where the head ends and what it says; nil when more has to come.
    func parse(
        _ bytes: Span<UInt8>, limits: HeadLimits, progress: inout HeadProgress
    ) throws(HeadError) -> (end: Int, summary: Summary)?

    /// Parses another head, as a worker does for another connection meanwhile.
    func disturb()
}

enum HeadOutcome<Summary: Equatable>: Equatable {
    case incomplete
    case complete(Int, Summary)
    case refused(HeadError)
}

extension HeadParsing {
    func outcome(_ bytes: Span<UInt8>, limits: HeadLimits, progress: inout HeadProgress) -> HeadOutcome<Summary> {
        do throws(HeadError) {
            guard let found = try parse(bytes, limits: limits, progress: &progress) else { return .incomplete }
            return .complete(found.end, found.summary)
        } catch { return .refused(error) }
    }

    func whole(_ bytes: Span<UInt8>, limits: HeadLimits) -> HeadOutcome<Summary> {
        var progress = HeadProgress()
        return outcome(bytes, limits: limits, progress: &progress)
    }

    /// What the bytes come to when they arrive up to each of `cuts` and then to the end.
    func pieces(_ bytes: Span<UInt8>, cuts: some Sequence<Int>, limits: HeadLimits) -> HeadOutcome<Summary> {
        var progress = HeadProgress()
        for cut in cuts {
            let found = outcome(bytes.extracting(first: cut), limits: limits, progress: &progress)
            if found != .incomplete { return found }
            disturb()
        }
        return outcome(bytes, limits: limits, progress: &progress)
    }

    /// Holds the answers to `bytes` against each other, however they come, and returns the one that they agree on.
    func agreed(_ bytes: Span<UInt8>, limits: HeadLimits, _ random: inout SeededRandom) -> HeadOutcome<Summary> {
        let found = whole(bytes, limits: limits)
        let cuts = cuts(of: bytes.count, &random)
        let cut = pieces(bytes, cuts: cuts, limits: limits)
        require(cut == found, "the same head whole and cut at \(cuts): \(found), \(cut)")
        let bytewise = pieces(bytes, cuts: 0..<min(bytes.count, 600), limits: limits)
        require(bytewise == found, "the same head whole and byte by byte: \(found), \(bytewise)")
        if case .complete(let end, _) = found {
            require(end <= min(bytes.count, limits.headBytes), "the head ends inside the input and its limit")
            let alone = whole(bytes.extracting(first: end), limits: limits)
            require(alone == found, "what is behind a head is no part of it")
            let shorter = whole(bytes.extracting(first: end - 1), limits: limits)
            require(shorter == .incomplete, "no head ends before its end")
        }
        return found
    }
}

/// The default limits, or such as an input is likely to exceed.
func headLimits(_ random: inout SeededRandom) -> HeadLimits {
    switch random.next(upTo: 4) {
    case 0: HeadLimits(headBytes: 150, fields: 5, targetBytes: 20)
    case 1: HeadLimits(headBytes: 65_535, fields: 256, targetBytes: 65_535)
    default: HeadLimits()
    }
}
