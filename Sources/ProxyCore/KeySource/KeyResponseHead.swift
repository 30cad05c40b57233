/// What matters of a response's head, freed from the buffer that it came in.
struct KeyResponseHead {
    let status: Int
    let framing: BodyFraming
    private(set) var freshness = Freshness.unstated
    private(set) var location: String?
    private(set) var isEncoded = false

    init(_ head: borrowing ResponseHead, in bytes: Span<UInt8>) {
        status = head.status
        framing = head.framing
        var reader = FreshnessReader()
        for index in 0..<head.fields.count {
            let field = head.fields[index]
            let value = bytes.slice(field.value)
            if field.id == .cacheControl { reader.read(cacheControl: value) }
            if field.id == .age { reader.read(age: value) }
            if bytes.slice(field.name).equalsIgnoringCase("content-encoding") {
                isEncoded = isEncoded || !value.equalsIgnoringCase("identity")
            }
        }
        freshness = reader.freshness
        if case .one(let value) = head.fields.occurrence(of: .location) { location = bytes.slice(value).text }
    }
}
