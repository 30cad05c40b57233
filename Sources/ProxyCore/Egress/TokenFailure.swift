/// Why an attempt to get a token brought none: one cause, one message, and no word of a secret in either.
package enum TokenFailure: Error, Sendable, Equatable {
    case credentials(CredentialsTrouble)
    /// On the way to the server or in its HTTP.
    case exchange(KeyFetchFailure)
    /// An answer of RFC 6749 section 5.2.
    case refused(TokenRefusal)
    /// A status without such an answer.
    case status(Int)
    /// Status 200, but not the answer of RFC 6749 section 5.1.
    case malformed(TokenAnswerProblem)
    /// The source was stopped meanwhile.
    case cancelled

    /// Whether the server is away, as far as one can tell, and says nothing against the client.
    package var isOutage: Bool {
        switch self {
        case .exchange, .refused(.temporarilyUnavailable), .cancelled: true
        case .status(let status): status >= 500 || status == 429
        case .credentials, .refused, .malformed: false
        }
    }

    /// For log fields and metrics.
    package var cause: StaticString {
        switch self {
        case .credentials: "credentials"
        case .exchange(let failure): failure.cause
        case .refused(let refusal): refusal.code
        case .status: "status"
        case .malformed: "malformed_answer"
        case .cancelled: "cancelled"
        }
    }

    /// Every cause there is.
    package static let causes: [StaticString] =
        ["credentials", "malformed_answer"] + TokenRefusal.allCases.map(\.code)
        + KeyFetchFailure.causes.filter { !keysOnly.contains("\($0)") }

    /// What can go wrong with keys, and never with tokens.
    private static let keysOnly: Set<String> = ["file", "not_json", "not_a_key_set", "no_usable_keys"]

    /// A clause for people. Of what the server sent there is nothing in it but its own name.
    package var message: String {
        switch self {
        case .credentials(let trouble): trouble.message
        case .exchange(let failure): failure.message
        case .refused(let refusal): "the server refuses with \(refusal.code): \(refusal.meaning)"
        case .status(let status): "the server answered with status \(status)"
        case .malformed(let problem): "the server's answer is no token: \(problem.reason)"
        case .cancelled: "the attempt was broken off"
        }
    }
}
