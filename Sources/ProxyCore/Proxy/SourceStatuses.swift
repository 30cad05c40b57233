/// What the admin listener shows of one source of keys or tokens.
protocol SourceStatus: Sendable {
    /// Whose the keys or tokens are: the issuer, or the target.
    var owner: String { get }

    /// Goes on counting where the source of before has ended.
    mutating func carryOn(_ before: Self)
}

/// The sources of one kind, through all reloads.
struct SourceStatuses<Status: SourceStatus>: Sendable {
    /// By the numbers of the sources; those that are about to be used, too.
    var statuses: [Int: Status] = [:]
    /// The sources in use, in the order of the configuration.
    private var order: [Int] = []

    /// In the order of the configuration.
    var current: [Status] { order.compactMap { statuses[$0] } }

    /// These sources are in use from now on, and no others. What was counted for an owner whose source is another one
    /// now stays counted.
    mutating func commit(_ order: [Int]) {
        let gone = self.order.filter { !order.contains($0) }.compactMap { statuses[$0] }
        for number in order where !self.order.contains(number) {
            let before = gone.first { $0.owner == statuses[number]?.owner }
            if let before { statuses[number]?.carryOn(before) }
        }
        self.order = order
        let numbers = Set(order)
        statuses = statuses.filter { numbers.contains($0.key) }
    }
}
