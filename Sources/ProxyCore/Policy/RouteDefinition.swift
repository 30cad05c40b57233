/// Whether a denial for lack of token, scope or route is carried out or only written down.
package enum EnforcementMode: Sendable, Equatable {
    case enforce
    case observe
}

/// One entry of `routes`, as the configuration fills it in.
package struct RouteDefinition: Sendable {
    /// What a caller needs besides meeting the claim conditions.
    package enum Requirement: Sendable, Equatable {
        /// Every one of these scopes.
        case all([String])
        /// At least one of these scopes.
        case any([String])
        /// A valid token, whatever its scopes.
        case authenticated
        /// Nothing, not even a token.
        case `public`
    }

    /// For logs and metrics.
    package var id: String
    package var template: PathTemplate
    /// nil: any method.
    package var methods: [String]?
    package var requirement: Requirement
    package var claims: [ClaimCondition] = []
    /// nil: as at the top level.
    package var mode: EnforcementMode?
    /// `%2F` in a parameter of this route is data to the upstream, not a separator.
    package var allowsEncodedSlash = false
    package var overrides = RouteOverrides()

    package init(id: String, template: PathTemplate, methods: [String]?, requirement: Requirement) {
        self.id = id
        self.template = template
        self.methods = methods
        self.requirement = requirement
    }
}

/// A claim of the token that has to have a certain value.
///
/// Only strings and whole numbers can meet a condition, the latter by their decimal digits: a claim that is an array
/// does not equal any of its elements.
package struct ClaimCondition: Sendable, Equatable {
    package enum Expectation: Sendable, Equatable {
        case value(String)
        /// What the path holds in the parameter of this name, byte for byte, in every reading of the path. A value
        /// that has to be percent-encoded in a path therefore never equals a claim.
        case parameter(String)
    }

    package var claim: ClaimPath
    package var expectation: Expectation

    package init(claim: ClaimPath, expectation: Expectation) {
        self.claim = claim
        self.expectation = expectation
    }
}
