/// By what rules and which source of keys tokens have been verified, from one gate to the next: tells which of those
/// that are remembered would be verified in the same way again.
struct TokenHeritage {
    /// Where something remembered comes from.
    struct Origin: Sendable, Equatable {
        /// Stands for an issuer's rules together with the source of its keys. Never used for others.
        let number: Int
        /// Of the gate by whose policy it was judged.
        let generation: Int
    }

    private let issuers: [TokenIssuer]
    private let keySources: [Int]?
    /// Of each issuer.
    private var numbers: [Int]
    private var nextNumber: Int
    private(set) var generation = 0

    init(issuers: [TokenIssuer], keySources: [Int]?) {
        precondition(keySources == nil || keySources?.count == issuers.count)
        self.issuers = issuers
        self.keySources = keySources
        numbers = Array(issuers.indices)
        nextNumber = issuers.count
    }

    /// To be told before anything is remembered in its own name.
    mutating func succeed(_ previous: TokenHeritage) {
        generation = previous.generation + 1
        nextNumber = previous.nextNumber
        for place in issuers.indices {
            if let known = previous.number(of: issuers[place], keySource: keySources?[place]) {
                numbers[place] = known
            } else {
                numbers[place] = nextNumber
                nextNumber += 1
            }
        }
    }

    func origin(_ issuer: Int) -> Origin { Origin(number: numbers[issuer], generation: generation) }

    /// The place of the issuer that has the same rules and source of keys now; nil for none.
    func issuer(_ origin: Origin) -> Int? { numbers.firstIndex(of: origin.number) }

    private func number(of issuer: TokenIssuer, keySource: Int?) -> Int? {
        guard let keySources, let keySource else { return nil }
        let place = issuers.indices.first { issuers[$0].judgesLike(issuer) && keySources[$0] == keySource }
        return place.map { numbers[$0] }
    }
}
