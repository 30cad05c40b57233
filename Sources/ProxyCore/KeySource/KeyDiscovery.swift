/// Where an issuer says itself where its keys are: the places of its metadata (RFC 8414 section 3.1, OpenID Connect
/// Discovery 1.0 section 4.1), and what a document found there has to be. Does no input or output.
package struct KeyDiscovery: Sendable, Equatable {
    /// Why an issuer's name leads to no metadata.
    package enum Problem: Error, Sendable, Equatable {
        case notAnAddress(KeyLocation.Problem)
        /// RFC 8414 section 2: an issuer identifier has no query.
        case query
        /// Anyone on the way could put in keys of their own.
        case insecure

        package var message: StaticString {
            switch self {
            case .notAnAddress(let problem): problem.message
            case .query: "holds a query"
            case .insecure: "is an http:// address beyond loopback, where anyone on the way can put in their own keys"
            }
        }
    }

    /// The exact name that the document has to give.
    package let issuer: String
    /// `/.well-known/oauth-authorization-server` before the path of the issuer (RFC 8414).
    package let authorizationServerMetadata: KeyLocation
    /// `/.well-known/openid-configuration` behind the path of the issuer (OpenID Connect).
    package let openIDConfiguration: KeyLocation
    private let allowsInsecure: Bool

    /// - Parameter allowsInsecure: http may lead beyond loopback, for the documents as for the keys.
    package init(issuer: String, allowsInsecure: Bool) throws(Problem) {
        let location: KeyLocation
        do throws(KeyLocation.Problem) { location = try KeyLocation(issuer) } catch { throw .notAnAddress(error) }
        guard !location.target.utf8.contains(ASCII.question) else { throw .query }
        guard allowsInsecure || location.isProtected else { throw .insecure }
        self.issuer = issuer
        self.allowsInsecure = allowsInsecure
        let target = location.target
        // Both standards remove one slash at the end before they insert or append.
        let path = target.utf8.last == ASCII.slash ? target.dropLast() : target[...]
        authorizationServerMetadata = location.replacing(target: "/.well-known/oauth-authorization-server\(path)")
        openIDConfiguration = location.replacing(target: "\(path)/.well-known/openid-configuration")
    }

    /// The address of the keys that a metadata document names (RFC 8414 section 3.3).
    package func keyLocation(in document: [UInt8]) throws(MetadataProblem) -> KeyLocation {
        let root = try checkedRoot(of: document)
        guard let value = root["jwks_uri"], value.kind != .null else { throw .noKeyAddress }
        guard let location = Self.location(value) else { throw .badKeyAddress }
        guard isProtected(location) else { throw .insecureKeyAddress }
        return location
    }

    /// The address of the token endpoint that a metadata document names.
    ///
    /// - Parameter forCertificate: the one for clients that show a certificate, if there is one (RFC 8705 section 5).
    package func tokenEndpoint(
        in document: [UInt8], forCertificate: Bool
    ) throws(MetadataProblem) -> KeyLocation {
        let root = try checkedRoot(of: document)
        let alias = forCertificate ? root["mtls_endpoint_aliases"]?["token_endpoint"] : nil
        guard let value = alias ?? root["token_endpoint"], value.kind != .null else { throw .noTokenEndpoint }
        guard let location = Self.location(value) else { throw .badTokenEndpoint }
        guard isProtected(location) else { throw .insecureTokenEndpoint }
        return location
    }

    private func checkedRoot(of document: [UInt8]) throws(MetadataProblem) -> JSONValue {
        let root: JSONValue
        do throws(JSONError) { root = try JSONDocument(parsing: document).root } catch { throw .notJSON(error) }
        let expected = issuer
        // Octet for octet, as section 4 of RFC 8414 wants it: two names that only look the same are two issuers.
        guard let name = root["issuer"], name.isString(equalTo: expected.utf8.span) else {
            throw MetadataProblem.otherIssuer(root["issuer"]?.string, expected: issuer)
        }
        return root
    }

    private static func location(_ value: JSONValue) -> KeyLocation? {
        value.string.flatMap { try? KeyLocation($0) }
    }

    /// Metadata from another machine has no business with this one's loopback.
    private func isProtected(_ location: KeyLocation) -> Bool {
        allowsInsecure || location.scheme == .https || authorizationServerMetadata.isLoopback && location.isLoopback
    }
}
