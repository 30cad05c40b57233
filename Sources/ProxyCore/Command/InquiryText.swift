/// What `explain` prints.
struct InquiryText {
    private let inquiry: Inquiry
    private let table: RouteTable
    private let routes: RouteText
    private let denials: DenialText

    init(_ inquiry: Inquiry) {
        self.inquiry = inquiry
        table = inquiry.table
        routes = RouteText(inquiry.table, mode: inquiry.configuration.mode)
        denials = DenialText(inquiry)
    }

    var lines: [String] {
        var lines = entry("request", ["\(inquiry.request.method) \(inquiry.request.target)"])
        lines += entry("caller", caller)
        lines += entry("keys", keys)
        for line in inquiry.explanation?.lines ?? [] { lines += [""] + reading(line) }
        return lines + [""] + entry("answer", answer)
    }

    /// A word and what there is to say about it, aligned; nothing when there is nothing to say.
    private func entry(_ name: String, _ texts: [String]) -> [String] {
        texts.enumerated().map { index, text in
            let name = index == 0 ? name : ""
            return name + String(repeating: " ", count: 9 - name.count) + text
        }
    }

    // MARK: - The caller

    private var caller: [String] {
        switch inquiry.caller {
        case .nobody: return ["without a token"]
        case .scopes(let scopes):
            return ["with a valid token, whose " + (scopes.isEmpty ? "scopes are none" : Self.scopes(scopes))]
        case .token:
            guard let caller = inquiry.explanation?.caller else {
                return [denials.ofToken ?? "token not looked at"] + [denials.ofClaim].compactMap(\.self)
            }
            return verified(caller.token)
        }
    }

    private func verified(_ token: VerifiedToken) -> [String] {
        let client = (token.clientID ?? token.subject).map { " of \(Self.text($0))" } ?? ""
        let scopes = token.scopes.map(Self.text)
        return [
            "with a valid token\(client), from \(inquiry.configuration.issuers[token.issuer].token.issuer)",
            "whose " + (scopes.isEmpty ? "scopes are none" : Self.scopes(scopes)) + ", " + expiry(token),
        ] + (token.certificate == nil ? [] : ["bound to the caller's certificate"])
    }

    private func expiry(_ token: VerifiedToken) -> String {
        let left = token.expiry.seconds - inquiry.now.seconds
        return left > 0 ? "valid for \(left) more seconds" : "expired \(-left) seconds ago, within the clock skew"
    }

    private static func scopes(_ scopes: [String]) -> String {
        (scopes.count == 1 ? "scope is " : "scopes are ") + scopes.joined(separator: " ")
    }

    private var keys: [String] {
        guard let search = inquiry.keySearch else { return [] }
        let name = search.issuer.token.issuer
        switch search.result {
        case .success(let set):
            let skipped = set.skipped.isEmpty ? "" : ", \(set.skipped.count) that cannot be used"
            return ["\(set.keys.count) of \(name)\(skipped)"]
        case .failure(let failure): return ["unavailable from \(name): \(failure.message)"]
        }
    }

    // MARK: - A reading

    private func reading(_ line: Explanation.Line) -> [String] {
        let steps = line.steps.map(\.description.description) + (line.ignoresCase ? ["letter case ignored"] : [])
        let origin = steps.isEmpty ? "as sent" : steps.joined(separator: ", then ")
        var lines = entry("reading", ["\(line.path) (\(origin))"])
        switch line.landing {
        case .route(let route): lines += self.route(route)
        case .methodNotAllowed(let path):
            let others = table.routes(path: path).map(routes.name).joined(separator: ", ")
            lines += entry("route", ["none for this method; the path has \(others)"])
        case .none: lines += entry("route", ["none"])
        }
        return lines + entry("outcome", [line.denial.map { "refused: \(denials.sentence($0))" } ?? "permitted"])
    }

    private func route(_ route: Int) -> [String] {
        var lines = entry("route", [routes.name(of: route)])
        let needs = [routes.requirement(of: route)] + routes.conditions(of: route)
        lines += entry("needs", [needs.joined(separator: ", ")])
        lines += entry("claims", table.definitions[route].claims.map { claim($0.claim) })
        if routes.mode(of: route) == .observe { lines += entry("mode", ["observe"]) }
        return lines
    }

    private func claim(_ claim: ClaimPath) -> String {
        switch inquiry.caller {
        case .nobody: return "\(claim.text): no token"
        case .scopes: return "\(claim.text): --scopes brings no claims"
        case .token: break
        }
        guard let token = inquiry.explanation?.caller?.token else { return "\(claim.text): no valid token" }
        guard let value = claim.value(in: token.claims.root) else { return "\(claim.text): not in the token" }
        if let text = value.stringBytes { return "\(claim.text) is \"\(Self.text(text))\"" }
        if let number = value.integer { return "\(claim.text) is \(number)" }
        return "\(claim.text) is neither a string nor a whole number"
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    // MARK: - The answer

    private var answer: [String] {
        switch inquiry.answer {
        case .publicRoute: return ["forwarded: public in every reading, no token is looked at"]
        case .forwarded: return ["forwarded"]
        case .observed(let denial):
            return [
                "forwarded, as the mode is observe",
                "enforced: \(denial.status) \(denial.code): \(denials.sentence(denial))",
            ]
        case .refused(let answer):
            let response = WrittenResponse(answer, realm: inquiry.configuration.realm, table)
            return ["\(response.status), code \(answer.code)", denials.sentence(answer)] + response.fields
        }
    }
}
