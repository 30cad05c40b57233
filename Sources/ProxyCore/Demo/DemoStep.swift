/// One step of the story: what is said, what is asked, and what has to come of it.
struct DemoStep: Sendable {
    let title: String
    /// Why; one or two short sentences.
    let remark: String
    let request: DemoRequest
    let expected: DemoExpectation
}

/// What an answer has to be.
struct DemoExpectation: Sendable {
    let status: Int
    /// What stands in `WWW-Authenticate`; nil when there has to be none.
    var challenge: String?
    /// The `code` of a problem document.
    var code: String?
    /// What else stands in the body, each of it.
    var body: [String] = []

    /// For people: `403, insufficient_scope, scope="profile:create"`.
    var text: String { (["\(status)"] + [code, challenge].compactMap(\.self) + body).joined(separator: ", ") }

    /// In what `answer` differs; empty when it is as told.
    func differences(from answer: DemoAnswer) -> [String] {
        var differences: [String] = []
        if answer.status != status { differences.append("the status is \(answer.status), not \(status)") }
        let challenges = answer.values(of: "www-authenticate")
        if let challenge {
            if !challenges.contains(where: { $0.contains(challenge) }) {
                differences.append("WWW-Authenticate does not say \(challenge)")
            }
        } else if !challenges.isEmpty {
            differences.append("there is a WWW-Authenticate")
        }
        let parts = body + (code.map { ["\"code\":\"\($0)\""] } ?? [])
        for part in parts where !answer.text.contains(part) { differences.append("the body does not hold \(part)") }
        return differences
    }
}
