/// What upstreams are told of a caller, as the configuration says it (`identity_headers`).
package struct IdentityOptions: Sendable, Equatable {
    package struct ClaimField: Sendable, Equatable {
        /// The field's whole name, with or without the prefix.
        package var name: String
        package var claim: ClaimPath

        package init(name: String, claim: ClaimPath) {
            self.name = name
            self.claim = claim
        }
    }

    /// What the names of the fixed fields begin with. Whatever a caller sends under it is removed.
    package var prefix = "X-Auth-"
    package var claims: [ClaimField] = []

    package init() {}
}

/// What is wrong with identity options.
package enum IdentityOptionsError: Error, Sendable, Equatable {
    /// Not a token that ends with a hyphen and has something before it.
    case invalidPrefix
    /// The claim field at this place has a name that no field can have, or one that HTTP or the proxy needs itself.
    case invalidName(Int)
    /// It has the name of another identity field, in some spelling.
    case duplicateName(Int)

    /// For the person who wrote them.
    package var message: String {
        switch self {
        case .invalidPrefix:
            "the prefix of a field name is letters, digits and hyphens, and ends with a hyphen: `X-Auth-`"
        case .invalidName: "this name cannot carry a claim: use one that begins with the identity prefix"
        case .duplicateName: "another identity field has this name, letter case, `_` and `.` aside"
        }
    }
}
