/// The story that the demo tells, in the order in which it is told: a table, which a test holds against the servers.
enum DemoStory {
    /// - Parameter hasCertificates: callers can show some, which takes TLS.
    static func steps(_ clients: DemoClients, hasCertificates: Bool) -> [DemoStep] {
        tokens(clients) + calls + refusals + forgeries(clients) + paths + tenants
            + (hasCertificates ? certificates(clients.job) : []) + egress
    }

    private static func tokens(_ clients: DemoClients) -> [DemoStep] {
        [
            DemoStep(
                title: "A daemon gets a token",
                remark: "The client credentials grant, form-encoded as RFC 6749 has it. It asks for one scope only.",
                request: grant(clients.daemon, [("scope", "profile:read")], keeps: .reader),
                expected: DemoExpectation(
                    status: 200, body: ["\"token_type\":\"Bearer\"", "\"scope\":\"profile:read\""])),
            DemoStep(
                title: "A partner gets one too, in JSON",
                remark: "Many providers take JSON. This client's tokens are signed with RS256, the others with ES256.",
                request: DemoRequest(
                    server: .issuer, method: .post, path: AuthorizationServer.Path.token,
                    content: .json(
                        """
                        {"grant_type": "client_credentials",
                               "client_id": "\(clients.partner.id)",
                               "client_secret": "\(clients.partner.secret)"}
                        """),
                    keeps: .partner),
                expected: DemoExpectation(status: 200, body: ["\"scope\":\"reports:read\""])),
        ]
    }

    private static let calls = [
        DemoStep(
            title: "An allowed call",
            remark: "The token carries profile:read, which is what the route asks for. The API is told who calls.",
            request: DemoRequest(path: "/v2/users/1", token: .reader),
            expected: DemoExpectation(
                status: 200, body: ["\"X-Auth-Client-Id\":\"billing-daemon\"", "\"X-Auth-Scopes\":\"profile:read\""])),
        DemoStep(
            title: "A caller cannot say itself who it is",
            remark: "Whatever it sends under X-Auth- is removed.",
            request: DemoRequest(path: "/v2/users/1", token: .reader, fields: [("X-Auth-Client-Id", "admin")]),
            expected: DemoExpectation(status: 200, body: ["\"X-Auth-Client-Id\":\"billing-daemon\""])),
        DemoStep(
            title: "A public route",
            remark: "No token is needed where routes.json says so.",
            request: DemoRequest(path: "/healthz"), expected: DemoExpectation(status: 200, body: ["\"ok\""])),
    ]

    private static let refusals = [
        DemoStep(
            title: "No token",
            remark: "The API would have answered. The proxy does not ask it.",
            request: DemoRequest(path: "/v2/users/1"),
            expected: DemoExpectation(status: 401, challenge: "Bearer realm=", code: "missing_token")),
        DemoStep(
            title: "The wrong scope",
            remark: "This token may read and not create. The answer names the scope that is missing.",
            request: DemoRequest(
                method: .post, path: "/v2/users", token: .reader, content: .json("{\"name\":\"Alan Turing\"}")),
            expected: DemoExpectation(
                status: 403, challenge: "scope=\"profile:create\"", code: "insufficient_scope")),
    ]

    private static func forgeries(_ clients: DemoClients) -> [DemoStep] {
        [
            DemoStep(
                title: "A token with that scope",
                remark: "The daemon may have it, and has to ask for it.",
                request: grant(clients.daemon, [("scope", "profile:create")], keeps: .writer),
                expected: DemoExpectation(status: 200, body: ["\"scope\":\"profile:create\""])),
            DemoStep(
                title: "Now it may create",
                remark: "The same request with the new token.",
                request: DemoRequest(
                    method: .post, path: "/v2/users", token: .writer, content: .json("{\"name\":\"Alan Turing\"}")),
                expected: DemoExpectation(status: 201, body: ["\"name\":\"Alan Turing\""])),
            DemoStep(
                title: "A tampered token",
                remark: "The claims of one token under the signature of another.",
                request: DemoRequest(path: "/v2/users/1", token: .forged),
                expected: refusedToken("The signature of the token is not valid")),
            DemoStep(
                title: "An expired token",
                remark: "Signed by the same authorization server, an hour ago.",
                request: DemoRequest(path: "/v2/users/1", token: .expired),
                expected: refusedToken("The token has expired")),
            DemoStep(
                title: "A token for another API",
                remark: "The daemon may call that one as well, so the authorization server grants it.",
                request: grant(
                    clients.daemon, [("scope", "profile:read"), ("audience", DemoClients.otherAudience)],
                    keeps: .elsewhere),
                expected: DemoExpectation(status: 200, body: ["\"scope\":\"profile:read\""])),
            DemoStep(
                title: "It is of no use here",
                remark: "Good signature, right scope, wrong audience.",
                request: DemoRequest(path: "/v2/users/1", token: .elsewhere),
                expected: refusedToken("The token is meant for another audience")),
        ]
    }

    private static let paths = [
        DemoStep(
            title: "An unknown route",
            remark: "What routes.json does not name is refused, even if the API would answer.",
            request: DemoRequest(path: "/v2/invoices", token: .reader),
            expected: DemoExpectation(status: 404, code: "no_route")),
        DemoStep(
            title: "A method that is not allowed",
            remark: "The path is known; PUT has no rule there.",
            request: DemoRequest(
                method: .put, path: "/v2/users/1", token: .reader, content: .json("{\"name\":\"Eve\"}")),
            expected: DemoExpectation(status: 405, code: "method_not_allowed")),
        DemoStep(
            title: "A path trick",
            remark: "One reader sees /healthz, another /v2/users. What passes has to be allowed under each reading.",
            request: DemoRequest(path: "/healthz/..%2fv2/users", token: .partner),
            expected: DemoExpectation(status: 400, code: "ambiguous_path")),
    ]

    private static let tenants = [
        DemoStep(
            title: "A tenant's own report",
            remark: "The route wants the claim tenant to be what stands in the path.",
            request: DemoRequest(path: "/v2/reports/globex", token: .partner),
            expected: DemoExpectation(status: 200, body: ["\"tenant\":\"globex\""])),
        DemoStep(
            title: "Another tenant's report",
            remark: "The scope is right, the tenant is not.",
            request: DemoRequest(path: "/v2/reports/acme", token: .partner),
            expected: DemoExpectation(
                status: 403, challenge: "error=\"insufficient_scope\"", code: "insufficient_scope")),
    ]

    private static func certificates(_ client: RegisteredClient) -> [DemoStep] {
        [
            DemoStep(
                title: "A certificate instead of a secret",
                remark: "The client shows it in the handshake (RFC 8705), and its token is bound to it.",
                request: DemoRequest(
                    server: .issuer, method: .post, path: AuthorizationServer.Path.token, certificate: .job,
                    content: .form([("grant_type", "client_credentials"), ("client_id", client.id)]), keeps: .bound),
                expected: DemoExpectation(status: 200, body: ["\"scope\":\"profile:read\""])),
            DemoStep(
                title: "The token with its certificate",
                remark: "The proxy compares the certificate of the connection with the one that the token names.",
                request: DemoRequest(path: "/v2/users/1", certificate: .job, token: .bound),
                expected: DemoExpectation(status: 200, body: ["\"X-Auth-Client-Id\":\"\(client.id)\""])),
            DemoStep(
                title: "The token without it",
                remark: "Whoever steals the token has nothing.",
                request: DemoRequest(path: "/v2/users/1", token: .bound),
                expected: refusedToken("The token is bound to a client certificate, and the connection has none")),
            DemoStep(
                title: "The token with another's certificate",
                remark: "The same authority vouches for that one; it is not the one that the token is bound to.",
                request: DemoRequest(path: "/v2/users/1", certificate: .other, token: .bound),
                expected: refusedToken("The token is bound to another client certificate")),
        ]
    }

    private static let egress = [
        DemoStep(
            title: "A daemon that knows nothing of tokens",
            remark: "It calls its own ScopeProxy, whose egress has the secret, gets the token and puts it on.",
            request: DemoRequest(server: .egress, path: "/v2/users/1"),
            expected: DemoExpectation(status: 200, body: ["\"X-Auth-Client-Id\":\"sync-daemon\""]))
    ]

    private static func grant(
        _ client: DemoClient, _ parameters: [(name: String, value: String)], keeps token: DemoToken
    ) -> DemoRequest {
        DemoRequest(
            server: .issuer, method: .post, path: AuthorizationServer.Path.token, client: client,
            content: .form([("grant_type", "client_credentials")] + parameters), keeps: token)
    }

    private static func refusedToken(_ description: String) -> DemoExpectation {
        DemoExpectation(
            status: 401, challenge: "error_description=\"\(description)\"", code: "invalid_token")
    }
}
