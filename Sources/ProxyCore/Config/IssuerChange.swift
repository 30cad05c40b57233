/// What one configuration says otherwise of an issuer than another.
package struct IssuerChange: Sendable, Equatable {
    package enum Kind: Sendable {
        /// Its tokens are believed from now on.
        case added
        /// Its tokens are not believed any more.
        case removed
        /// Its tokens, or its keys, are held to other rules.
        case changed
    }

    package let kind: Kind
    package let issuer: String

    /// Whether tokens may be believed that were not. What has changed in the rules of an issuer is not weighed.
    package var permitsMore: Bool { kind != .removed }

    /// In the order of the new configuration; those that are gone at the end.
    package static func all(from old: Configuration, to new: Configuration) -> [IssuerChange] {
        var changes: [IssuerChange] = []
        for issuer in new.issuers {
            guard let before = old.issuers.first(where: { $0.token.issuer == issuer.token.issuer }) else {
                changes.append(IssuerChange(kind: .added, issuer: issuer.token.issuer))
                continue
            }
            if before.token != issuer.token || !before.hasSameKeys(as: issuer) {
                changes.append(IssuerChange(kind: .changed, issuer: issuer.token.issuer))
            }
        }
        for issuer in old.issuers where !new.issuers.contains(where: { $0.token.issuer == issuer.token.issuer }) {
            changes.append(IssuerChange(kind: .removed, issuer: issuer.token.issuer))
        }
        return changes
    }
}
