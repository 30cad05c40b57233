/// The embedded authorization server: which resource answers a request. Does no input or output: a request and the time
/// go in, a response comes out. One thread.
package final class AuthorizationServer {
    /// The paths of its resources.
    package enum Path {
        package static let token = "/oauth/token"
        package static let keys = "/.well-known/jwks.json"
    }

    private let tokens: TokenEndpoint
    private let keys: [SigningKey]

    /// How long verifiers may keep the keys. One that meets an unknown `kid` asks again anyway.
    private static let keysMaxAgeSeconds = 600

    /// - Parameters:
    ///   - issuer: `iss` of its tokens: the URL that verifiers know it by.
    ///   - keys: one for each algorithm of the clients; all of them are published.
    package init(issuer: String, clients: [RegisteredClient], keys: [SigningKey]) {
        tokens = TokenEndpoint(issuer: issuer, clients: clients, keys: keys)
        self.keys = keys
    }

    package func answer(_ request: ServiceRequest, now: UnixTime) -> ServiceResponse {
        switch String(decoding: request.path, as: UTF8.self) {
        case Path.token: tokens.answer(request, now: now)
        case Path.keys: answerKeys(request)
        case _: .problem(404)
        }
    }

    /// The JWK Set (RFC 7517 section 5).
    private func answerKeys(_ request: ServiceRequest) -> ServiceResponse {
        guard request.method == .get || request.method == .head else { return .methodNotAllowed(allow: "GET, HEAD") }
        let lifetime = ServiceResponse.Field("Cache-Control", "public, max-age=\(Self.keysMaxAgeSeconds)")
        return .json(fields: [lifetime]) { json in
            json.beginObject()
            json.key("keys")
            json.beginArray()
            for key in keys { key.write(to: &json) }
            json.endArray()
            json.endObject()
        }
    }
}
