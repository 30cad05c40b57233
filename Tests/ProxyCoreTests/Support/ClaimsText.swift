/// The claims of a token that is good in every way at `now`, as JSON text, with some of them replaced or removed.
/// Values are JSON text too, so that a test can say what no well-behaved issuer would.
struct ClaimsText {
    static let now: Int64 = 1_800_000_000
    static let issuer = "https://issuer.test/"
    static let audience = "https://api.test"

    private var members: [(name: String, value: String)]

    /// The claims of a token issued at `now`, for ten minutes.
    init(now: Int64 = Self.now) {
        members = [
            ("iss", "\"\(Self.issuer)\""), ("aud", "\"\(Self.audience)\""), ("sub", "\"service-1\""),
            ("client_id", "\"client-1\""), ("scope", "\"profile:read profile:create\""),
            ("iat", "\(now)"), ("nbf", "\(now)"), ("exp", "\(now + 600)"),
        ]
    }

    /// The claims with `value` for `name`; without the claim when it is nil.
    func with(_ name: String, _ value: String?) -> ClaimsText {
        var copy = self
        copy.members.removeAll { $0.name == name }
        if let value { copy.members.append((name, value)) }
        return copy
    }

    var text: String { "{" + members.map { "\"\($0.name)\":\($0.value)" }.joined(separator: ",") + "}" }
}
