/// Refusals in words, for the person who asks why.
struct DenialText {
    private let inquiry: Inquiry

    init(_ inquiry: Inquiry) { self.inquiry = inquiry }

    func sentence(_ answer: ProxyAnswer) -> String {
        switch answer {
        case .refused(let refusal): sentence(refusal.denial)
        case .malformedHead(let error): "not a request that HTTP allows here: \(error.reason)"
        case _: answer.reason.description
        }
    }

    func sentence(_ denial: Denial) -> String {
        switch denial {
        case .missingToken: return "there is no token"
        case .invalidRequest(let problem): return sentence(problem)
        case .invalidToken(let error): return error.description.description
        case .insufficientScope(let route): return missingScopes(of: route)
        case .claimMismatch: return "a claim does not have the value that the route asks for"
        case .noRoute: return "no route matches"
        case .methodNotAllowed(let path):
            let methods = inquiry.table.methods.names(in: inquiry.table.allowedMethods(path: path))
            return "the path answers only to \(methods.joined(separator: ", "))"
        case .ambiguousPath: return ambiguity
        case .invalidPath(let problem): return problem.description.description
        case .keysUnavailable(let issuer):
            return "there are no keys of \(inquiry.configuration.issuers[issuer].token.issuer)"
        }
    }

    /// What is wrong with the token; nil when it was not looked at.
    var ofToken: String? {
        for denial in inquiry.explanation?.lines.compactMap(\.denial) ?? [] {
            switch denial {
            case .invalidToken, .invalidRequest: return "with a token that is refused: \(sentence(denial))"
            case .keysUnavailable: return "with a token that cannot be verified: \(sentence(denial))"
            case .missingToken, .insufficientScope, .claimMismatch, .noRoute, .methodNotAllowed, .ambiguousPath,
                .invalidPath:
                continue
            }
        }
        return nil
    }

    /// The claim that is why the token is refused, and what is wrong with it; nil when there is no more to say.
    var ofClaim: String? {
        guard case .token(let token, _) = inquiry.caller else { return nil }
        for denial in inquiry.explanation?.lines.compactMap(\.denial) ?? [] {
            guard case .invalidToken(let error) = denial else { continue }
            return RefusedTokenText(error, token: token, inquiry.configuration, now: inquiry.now)?.line
        }
        return nil
    }

    private func sentence(_ problem: CredentialsProblem) -> String {
        switch problem {
        case .severalFields: "there are several Authorization fields"
        case .malformed: "the token is empty, or holds a character that no bearer token can hold"
        }
    }

    private var ambiguity: String {
        guard let explanation = inquiry.explanation, !explanation.lines.isEmpty else {
            return PathProblem.tooManyReadings.description.description
        }
        if explanation.hidesDotSegments { return "an encoded slash hides dot segments, which some upstreams obey" }
        return "the readings of the path come to different answers"
    }

    private func missingScopes(of route: Int) -> String {
        let missing: [String]
        switch inquiry.table.definitions[route].requirement {
        case .any(let scopes): return "one of these scopes is missing: \(scopes.joined(separator: " "))"
        case .all(let scopes): missing = scopes.filter { !held.contains($0) }
        case .authenticated, .public: missing = []
        }
        return (missing.count == 1 ? "a scope is missing: " : "scopes are missing: ") + missing.joined(separator: " ")
    }

    private var held: [String] {
        switch inquiry.caller {
        case .nobody: []
        case .scopes(let scopes): scopes
        case .token: inquiry.explanation?.caller?.token.scopes.map { String(decoding: $0, as: UTF8.self) } ?? []
        }
    }
}
