/// What the server tells of itself (RFC 8414 section 2), the same at the address of OpenID Connect Discovery.
enum IssuerMetadata {
    static func write(_ issuer: IssuerURL, hasCertificates: Bool, to json: inout JSONWriter) {
        var methods: [AuthenticationMethod] = [.basic, .post, .privateKey]
        if hasCertificates { methods += [.certificate, .selfSigned] }
        json.beginObject()
        write("issuer", issuer.name, to: &json)
        write("token_endpoint", issuer.endpoint(AuthorizationServer.Path.token), to: &json)
        write("jwks_uri", issuer.endpoint(AuthorizationServer.Path.keys), to: &json)
        // Required, and empty lists have to be left out: the one registered response type that asks for nothing.
        write("response_types_supported", ["none"], to: &json)
        write("grant_types_supported", ["client_credentials"], to: &json)
        writeMethods("token_endpoint", methods, to: &json)
        write("revocation_endpoint", issuer.endpoint(AuthorizationServer.Path.revocation), to: &json)
        writeMethods("revocation_endpoint", methods, to: &json)
        write("introspection_endpoint", issuer.endpoint(AuthorizationServer.Path.introspection), to: &json)
        writeMethods("introspection_endpoint", methods, to: &json)
        if hasCertificates {
            json.key("tls_client_certificate_bound_access_tokens")
            json.bool(true)
        }
        json.endObject()
    }

    private static func writeMethods(
        _ endpoint: String, _ methods: [AuthenticationMethod], to json: inout JSONWriter
    ) {
        write("\(endpoint)_auth_methods_supported", methods.map(\.name.description), to: &json)
        let algorithms = SignatureAlgorithm.allCases.map(\.name.description)
        write("\(endpoint)_auth_signing_alg_values_supported", algorithms, to: &json)
    }

    private static func write(_ name: StaticString, _ value: String, to json: inout JSONWriter) {
        json.key(name)
        json.string(value)
    }

    private static func write(_ name: String, _ values: [String], to json: inout JSONWriter) {
        json.key(name)
        json.beginArray()
        for value in values { json.string(value) }
        json.endArray()
    }
}
