/// Reads `identity_headers`.
struct IdentityHeadersReader {
    private let object: ConfigurationObject

    static func read(_ value: ConfigurationValue) -> IdentityOptions? {
        value.object(.identityHeaders).map { IdentityHeadersReader(object: $0).read() }
    }

    private func read() -> IdentityOptions {
        var options = IdentityOptions()
        if let prefix = object["prefix"], let text = prefix.text() {
            options.prefix = text
            if let problem = HeaderRules.problem(withIdentityPrefix: text) {
                prefix.report(problem)
                return options
            }
        }
        guard let claims = object["claims"], let entries = claims.entries(of: "header names and claims") else {
            return options
        }
        // The places in the file of `options.claims`.
        var keys: [ConfigurationValue] = []
        for (key, value) in entries {
            let claim = readClaimPath(value)
            if let problem = HeaderRules.problem(carryingClaim: key.written) {
                key.report(problem)
            } else if let claim {
                options.claims.append(IdentityOptions.ClaimField(name: key.written, claim: claim))
                keys.append(key)
            }
        }
        check(options, keys)
        return options
    }

    private func check(_ options: IdentityOptions, _ keys: [ConfigurationValue]) {
        do throws(IdentityOptionsError) {
            _ = try IdentityFields(options)
        } catch {
            switch error {
            case .invalidPrefix: object["prefix"]?.report(error.message)
            case .invalidName(let index), .duplicateName(let index): keys[index].report(error.message)
            }
        }
    }

    private func readClaimPath(_ value: ConfigurationValue) -> ClaimPath? {
        guard let text = value.text() else { return nil }
        if let path = ClaimPath(dotted: text) { return path }
        value.report(IssuerReader.claimPathRule)
        return nil
    }
}
