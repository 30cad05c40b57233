/// The trace that a request belongs to, and our own step in it: what the application is told, and what the log says.
///
/// A caller's trace goes on, from whoever it comes: its identifier is a name for what happened, and decides nothing.
struct TraceContext: BitwiseCopyable {
    /// What the application gets: the trace, and our step as the one before its own.
    let onward: TraceParent
    /// The caller's step; nil when the trace begins here.
    let parentID: UInt64?

    var isContinued: Bool { parentID != nil }

    /// Goes on with what the request came with, or begins a trace when that is nothing usable: no `traceparent`, a
    /// malformed one, or several, of which nobody can say which one counts.
    init(_ head: borrowing RequestHead, _ bytes: Span<UInt8>, _ random: inout FastRandom) {
        if case .one(let value) = head.fields.occurrence(of: .traceparent), let came = TraceParent(bytes.slice(value)) {
            parentID = came.parentID
            onward = TraceParent(
                traceHigh: came.traceHigh, traceLow: came.traceLow, parentID: random.nextNonzero(), flags: came.flags)
        } else {
            parentID = nil
            // Sampled: the log has our step, and an application that follows the flag records as if it began the trace.
            onward = TraceParent(
                traceHigh: random.nextNonzero(), traceLow: random.next(), parentID: random.nextNonzero(),
                flags: TraceParent.sampled)
        }
    }
}
