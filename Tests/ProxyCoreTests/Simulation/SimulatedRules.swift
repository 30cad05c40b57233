#if FAULT_INJECTION
    /// A configuration that the simulated worker may have, and what it permits, said once more in plain words.
    struct SimulatedRules: Equatable {
        enum Need: Equatable {
            case nothing
            case token
            case scope(Character)
            /// There is no such route.
            case unreachable
        }

        let name: String
        var open = Need.nothing
        var a = Need.scope("a")
        var b = Need.scope("b")
        var any = Need.token
        var nowhere = Need.unreachable
        /// The most bytes of a body to /small.
        var smallMax: Int? = 1_000
        /// The issuer of the tokens is one of those that are known, and they are meant for us.
        var knowsIssuer = true
        var isAudience = true
        /// Which of two applications is behind it.
        var upstream = 0

        /// The first one is what a worker begins with.
        static let all = [
            SimulatedRules(name: "base"),
            SimulatedRules(name: "tighter", open: .scope("a"), b: .unreachable, any: .scope("b"), smallMax: 100),
            SimulatedRules(name: "looser", a: .nothing, b: .token, nowhere: .scope("a"), smallMax: nil),
            SimulatedRules(name: "another application", upstream: 1),
            SimulatedRules(name: "another audience", isAudience: false),
            SimulatedRules(name: "another issuer", knowsIssuer: false),
            SimulatedRules(
                name: "much", open: .token, a: .unreachable, any: .nothing, nowhere: .nothing, upstream: 1),
        ]

        func need(_ route: PlannedRequest.Route) -> Need {
            switch route {
            case .open: open
            case .a: a
            case .b: b
            case .any: any
            case .small: .nothing
            case .nowhere, .ambiguous: nowhere
            }
        }

        /// As a file says it.
        var text: String {
            let issuer = knowsIssuer ? ClaimsText.issuer : "https://another.test/"
            let audience = isAudience ? ClaimsText.audience : "https://another-api.test"
            var routes = [#"{"path": "/files/{rest...}", "public": true}"#]
            for (path, need) in [("open", open), ("a", a), ("b", b), ("any", any), ("nowhere", nowhere)] {
                guard let condition = Self.condition(need) else { continue }
                routes.append("{\"path\": \"/\(path)/{id}\", \(condition)}")
            }
            let bound = smallMax.map { ", \"limits\": {\"body_bytes\": \($0)}" } ?? ""
            routes.append("{\"path\": \"/small/{id}\", \"public\": true\(bound)}")
            return """
                {
                  "listen": "127.0.0.1:8080", "workers": 1, "upstream": "http://127.0.0.1:\(9000 + upstream)",
                  "issuers": [{
                    "issuer": "\(issuer)", "audiences": ["\(audience)"],
                    "jwks_uri": "http://127.0.0.1:1/keys", "clock_skew_seconds": 0,
                    "key_refresh": {
                      "min_seconds": 1, "default_seconds": 20, "stale_seconds": 300, "cooldown_seconds": 2
                    }
                  }],
                  "routes": [\(routes.joined(separator: ", "))],
                  "timeouts": {"drain_seconds": 30}
                }
                """
        }

        private static func condition(_ need: Need) -> String? {
            switch need {
            case .nothing: #""public": true"#
            case .token: #""authenticated": true"#
            case .scope(let scope): "\"scopes\": [\"\(scope)\"]"
            case .unreachable: nil
            }
        }
    }
#endif
