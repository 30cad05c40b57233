/// What the log calls the numbers in the record of a request: those of the table that judged it. And which share of the
/// requests is logged. Belongs to a worker.
package final class RequestNames {
    let words: RequestLogWords
    let table: RouteTable
    let routeIDs: [[UInt8]]
    let issuers: [[UInt8]]
    private var sampling: Sampling

    /// - Parameters:
    ///   - issuers: their names, in the order of the gate's.
    ///   - sample: the share of the permitted requests that is logged, 0 to 1.
    package convenience init(table: RouteTable, issuers: [String], sample: Double) {
        self.init(.ofCallers, table, table.definitions.map(\.id), issuers, sample)
    }

    /// For outgoing calls.
    ///
    /// - Parameter targets: their identifiers, in the order of the configuration.
    package convenience init(targets: [String], sample: Double) {
        self.init(.outgoing, .empty, targets, [], sample)
    }

    private init(
        _ words: RequestLogWords, _ table: RouteTable, _ routeIDs: [String], _ issuers: [String], _ sample: Double
    ) {
        self.words = words
        self.table = table
        self.routeIDs = routeIDs.map { Array($0.utf8) }
        self.issuers = issuers.map { Array($0.utf8) }
        sampling = Sampling(share: sample)
    }

    /// Whether every request is logged.
    var isWhole: Bool { sampling.isWhole }

    /// The share, as it is written in lines.
    var share: [UInt8] { sampling.text }

    /// Whether this one is logged.
    func draw() -> Bool { sampling.draw() }
}

/// How lines about two kinds of requests differ.
struct RequestLogWords {
    let event: StaticString
    /// What the request was matched with.
    let place: StaticString
    /// How long it waited for what it takes to send it on.
    let wait: StaticString

    static let ofCallers = RequestLogWords(event: "request", place: "route", wait: "keys_ms")
    static let outgoing = RequestLogWords(event: "outgoing_call", place: "target", wait: "token_ms")
}

/// Draws which of the requests that went well are logged: each by itself, so that no pattern of theirs, of the workers
/// or of the callers decides. Callers see none of the numbers that are drawn here.
private struct Sampling {
    let isWhole: Bool
    /// The share, as it is written in lines.
    let text: [UInt8]
    private let threshold: UInt64
    private var random = FastRandom()

    init(share: Double) {
        isWhole = share >= 1
        text = Array("\(share)".utf8)
        threshold = isWhole ? .max : UInt64(share * 0x1p64)
    }

    mutating func draw() -> Bool { random.next() < threshold }
}
