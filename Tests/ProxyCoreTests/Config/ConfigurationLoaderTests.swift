import ProxyCore
import XCTest

final class ConfigurationLoaderTests: XCTestCase {
    func testDefaults() throws {
        let configuration = try load(
            #"""
            {"listen": "127.0.0.1:8080", "upstream": "http://api:9000", "routes": [
              {"path": "/v2/users/{uid}/", "methods": ["GET", "HEAD"], "scopes": ["a", "b"]},
              {"path": "/{rest...}", "any_scope": ["c"]},
              {"path": "/x", "authenticated": true}],
             "issuers": [{"issuer": "https://a/", "audiences": ["x"], "jwks_file": "keys.json"}]}
            """#)
        XCTAssertEqual(configuration.listen, .ip(IPAddress(v4: 0x7F00_0001), port: 8080))
        XCTAssertEqual(configuration.upstream.address, .tcp(host: "api", port: 9000))
        XCTAssertEqual(configuration.upstream.authority, "api:9000")
        XCTAssertEqual(configuration.upstream.hostHeader, .preserve)
        XCTAssertEqual(configuration.upstream.maxConnections, 256)
        XCTAssertEqual(configuration.limits, Limits())
        XCTAssertEqual(configuration.timeouts, Timeouts())
        XCTAssertEqual(configuration.identityHeaders, IdentityOptions())
        XCTAssertEqual(configuration.mode, .enforce)
        XCTAssertEqual(configuration.realm, "api")
        XCTAssertEqual(configuration.logLevel, .info)
        XCTAssertNil(configuration.logFormat)
        XCTAssertEqual(configuration.logWhenFull, .drop)
        XCTAssertEqual(configuration.logSample, 1)
        XCTAssertNil(configuration.workers)
        XCTAssertNil(configuration.stateDirectory)
        XCTAssertFalse(configuration.forwardsToken)
        XCTAssertTrue(configuration.trustedProxies.isEmpty)
        let issuer = try XCTUnwrap(configuration.issuers.first)
        XCTAssertEqual(issuer.token, TokenIssuer(issuer: "https://a/", audiences: ["x"]))
        XCTAssertEqual(issuer.refresh, KeyRefresh())
        XCTAssertEqual(keyFile(issuer), "conf/keys.json")
        XCTAssertEqual(configuration.routes.map(\.id), ["GET,HEAD /v2/users/{uid}/", "* /{rest...}", "* /x"])
        XCTAssertEqual(configuration.routes.map(\.requirement), [.all(["a", "b"]), .any(["c"]), .authenticated])
        XCTAssertEqual(configuration.routes.map(\.methods), [["GET", "HEAD"], nil, nil])
    }

    func testEverythingIsRead() throws {
        let configuration = try load(
            #"""
            {"$schema": "x", "listen": {"address": "[::1]:0"}, "mode": "observe", "forward_token": true, "workers": 3,
             "upstream": {"url": "http://[::1]", "host_header": "upstream", "set_headers": {"X-Key": "${KEY}$$"},
                          "max_connections": 7},
             "issuers": [{"issuer": "i", "audiences": ["x", "y"], "jwks_uri": "http://localhost:81/k?a=b",
                "algorithms": ["ES256"], "scope_claims": ["roles"], "clock_skew_seconds": 5, "token_types": ["JOSE"],
                "client_id_claims": ["a.b"], "max_token_lifetime_seconds": 60, "certificate_binding": "ignore",
                "key_refresh": {"default_seconds": 2, "min_seconds": 1, "max_seconds": 3, "cooldown_seconds": 4,
                                "fetch_timeout_seconds": 0.5, "wait_seconds": 6, "stale_seconds": 7}}],
             "routes": [{"path": "/a/{t}", "methods": ["PUT"], "public": true, "id": "the a", "mode": "enforce",
                         "allow_encoded_slash": true, "limits": {"body_bytes": 9},
                         "timeouts": {"upstream_first_byte_seconds": 1, "upstream_idle_seconds": 2.5,
                                      "tunnel_idle_seconds": 3.5}},
                        {"path": "/b/{t}", "authenticated": true, "cut_at_expiry": true,
                         "claims": {"t": "{t}", "n": 3, "s": "v"}}],
             "identity_headers": {"prefix": "X-Id-", "claims": {"X-Tenant": "tenant"}},
             "trusted_proxies": ["10.0.0.0/8"], "realm": "r", "state_dir": "/state",
             "log": {"level": "warn", "format": "json", "when_full": "block", "sample": 0.25},
             "limits": {"head_bytes": 2048, "fields": 5, "body_bytes": 6, "body_bytes_per_second": 11,
                        "connections": 7, "connections_per_address": 8, "token_cache_entries": 9,
                        "parked_requests": 10},
             "timeouts": {"request_head_seconds": 1, "request_body_idle_seconds": 2, "keep_alive_idle_seconds": 3,
                          "keep_alive_min_seconds": 0.5, "upstream_connect_seconds": 4,
                          "upstream_first_byte_seconds": 5, "upstream_idle_seconds": 6.5,
                          "tunnel_idle_seconds": 7.5, "drain_grace_seconds": 8, "drain_idle_seconds": 0,
                          "drain_seconds": 0}, "reuse_port": true}
            """#)
        XCTAssertEqual(configuration.listen.description, "[::1]:0")
        XCTAssertEqual(configuration.upstream.address, .tcp(host: "::1", port: 80))
        XCTAssertEqual(configuration.upstream.authority, "[::1]")
        XCTAssertEqual(configuration.upstream.hostHeader, .upstream)
        XCTAssertEqual(configuration.upstream.setHeaders, [.init(name: "X-Key", value: "secret$")])
        XCTAssertEqual(configuration.upstream.maxConnections, 7)
        XCTAssertEqual(configuration.mode, .observe)
        XCTAssertTrue(configuration.forwardsToken)
        XCTAssertEqual(configuration.workers, 3)
        XCTAssertTrue(configuration.reusesPort)
        XCTAssertEqual(configuration.identityHeaders.prefix, "X-Id-")
        XCTAssertEqual(configuration.identityHeaders.claims.map(\.name), ["X-Tenant"])
        XCTAssertEqual(configuration.identityHeaders.claims.map(\.claim.text), ["tenant"])
        XCTAssertEqual(configuration.trustedProxies, [CIDR("10.0.0.0/8")])
        XCTAssertEqual(configuration.realm, "r")
        XCTAssertEqual(configuration.stateDirectory, "/state")
        XCTAssertEqual(configuration.logLevel, .warn)
        XCTAssertEqual(configuration.logFormat, .json)
        XCTAssertEqual(configuration.logWhenFull, .block)
        XCTAssertEqual(configuration.logSample, 0.25)
        checkIssuer(try XCTUnwrap(configuration.issuers.first))
        checkRoutes(configuration.routes)
        checkLimits(configuration.limits)
        checkTimeouts(configuration.timeouts)
    }

    private func checkIssuer(_ issuer: IssuerSettings) {
        var expected = TokenIssuer(issuer: "i", audiences: ["x", "y"])
        expected.algorithms = SignatureAlgorithmSet([.es256])
        expected.scopeClaims = ["roles"].compactMap(ClaimPath.init(dotted:))
        expected.clockSkewSeconds = 5
        expected.tokenTypes = ["jose"]
        expected.acceptsUntyped = false
        expected.clientIDClaims = ["a.b"].compactMap(ClaimPath.init(dotted:))
        expected.maxTokenLifetimeSeconds = 60
        expected.certificateBinding = .ignored
        XCTAssertEqual(issuer.token, expected)
        var refresh = KeyRefresh()
        refresh.defaultLifetime = .seconds(2)
        refresh.minLifetime = .seconds(1)
        refresh.maxLifetime = .seconds(3)
        refresh.cooldown = .seconds(4)
        refresh.fetchTimeout = .seconds(0.5)
        refresh.wait = .seconds(6)
        refresh.stale = .seconds(7)
        XCTAssertEqual(issuer.refresh, refresh)
        guard case .network(let location) = issuer.keys else { return XCTFail("not of the network") }
        XCTAssertEqual(location.host, "localhost")
        XCTAssertEqual(location.port, 81)
        XCTAssertEqual(location.target, "/k?a=b")
    }

    private func checkRoutes(_ routes: [RouteDefinition]) {
        XCTAssertEqual(routes.map(\.id), ["the a", "* /b/{t}"])
        XCTAssertEqual(routes.map(\.mode), [.enforce, nil])
        XCTAssertEqual(routes.map(\.allowsEncodedSlash), [true, false])
        XCTAssertEqual(routes.first?.requirement, .public)
        XCTAssertEqual(routes.first?.overrides.bodyBytes, .replaced(9))
        XCTAssertEqual(routes.first?.overrides.upstreamFirstByte, .replaced(.seconds(1)))
        XCTAssertEqual(routes.first?.overrides.upstreamIdle, .replaced(.seconds(2.5)))
        XCTAssertEqual(routes.first?.overrides.tunnelIdle, .replaced(.seconds(3.5)))
        var last = RouteOverrides()
        last.cutsAtExpiry = true
        XCTAssertEqual(routes.last?.overrides, last)
        XCTAssertEqual(routes.last?.claims.map(\.claim.text), ["t", "n", "s"])
        XCTAssertEqual(routes.last?.claims.map(\.expectation), [.parameter("t"), .value("3"), .value("v")])
    }

    private func checkLimits(_ limits: Limits) {
        var expected = Limits()
        expected.headBytes = 2048
        expected.fields = 5
        expected.targetBytes = 2048
        expected.tokenBytes = 2048
        expected.bodyBytes = 6
        expected.bodyBytesPerSecond = 11
        expected.connections = 7
        expected.connectionsPerAddress = 8
        expected.tokenCacheEntries = 9
        expected.parkedRequests = 10
        XCTAssertEqual(limits, expected)
    }

    private func checkTimeouts(_ timeouts: Timeouts) {
        var expected = Timeouts()
        expected.requestHead = .seconds(1)
        expected.requestBodyIdle = .seconds(2)
        expected.keepAliveIdle = .seconds(3)
        expected.keepAliveMin = .seconds(0.5)
        expected.upstreamConnect = .seconds(4)
        expected.upstreamFirstByte = .seconds(5)
        expected.upstreamIdle = .seconds(6.5)
        expected.tunnelIdle = .seconds(7.5)
        expected.drainGrace = .seconds(8)
        expected.drainIdle = .zero
        expected.drain = .zero
        XCTAssertEqual(timeouts, expected)
    }

    func testAllProblemsAtOnceInTheOrderOfTheText() {
        let problems = refusals(
            #"""
            {
              "listen": "nowhere",
              "upstreem": "http://a",
              "issuers": [{"issuer": "i", "audience": ["a"], "jwks_file": "k", "algorithms": ["HS256", "none", "X"]}],
              "routes": [{"path": "/a"}, {"path": "b", "scopes": []}, 7],
              "workers": 0, "limits": {"fields": 1e9, "fields": 2}
            }
            """#)
        XCTAssertEqual(
            problems.map(\.keyPath),
            [
                "listen", "upstreem", "issuers[0].audience", "issuers[0].algorithms[0]", "issuers[0].algorithms[1]",
                "issuers[0].algorithms[2]", "routes[0]", "routes[1].path", "routes[1].scopes", "routes[2]", "workers",
                "limits.fields",
            ])
        XCTAssertEqual(problems.map(\.position?.line), [2, 3, 4, 4, 4, 4, 5, 5, 5, 5, 6, 6])
        XCTAssertEqual(problems.compactMap(\.suggestion), ["upstream", "audiences"])
        XCTAssertEqual(
            problems.first?.description,
            "conf/routes.json:2:13: listen: expected \"address:port\", like 127.0.0.1:8080 or [::1]:8080; "
                + "port 0 takes any free one")
        XCTAssertTrue(problems[1].description.hasSuffix("unknown key; did you mean \"upstream\"?"))
    }

    func testEverythingMissingIsNamed() {
        XCTAssertEqual(refusals("{}").map(\.keyPath), ["listen", "upstream", "routes"])
        XCTAssertEqual(
            refusals(#"{"listen": "127.0.0.1:1", "upstream": "http://a", "routes": [{"path": "/", "scopes": ["a"]}]}"#)
                .map(\.keyPath), ["issuers"])
    }

    func testTextThatIsNotJSONIsRefusedWithItsPlace() {
        let table: [(String, Int, Int)] = [
            ("", 1, 1), ("{\n  \"listen\": \"a\",\n}", 3, 1), ("{\n // x\n}", 2, 2), ("\u{FEFF}{}", 1, 1),
            ("{\"é\" 1}", 1, 6),
            ("{} {}", 1, 4),
        ]
        for (text, line, column) in table {
            let problems = refusals(text)
            XCTAssertEqual(problems.count, 1, text)
            XCTAssertEqual(problems.first?.position, SourcePosition(line: line, column: column), text)
        }
    }

    func testAFileThatCannotBeReadIsNamed() {
        do throws(ConfigurationProblems) {
            _ = try ConfigurationLoader().load("/nonexistent/routes.json")
            XCTFail("loaded")
        } catch {
            XCTAssertEqual(
                error.problems.map(\.description),
                ["/nonexistent/routes.json: cannot read the file: No such file or directory"])
        }
    }

    func testNoSecretIsShownInAProblem() {
        let problems = refusals(
            #"""
            {"listen": "${KEY}", "upstream": "${KEY}", "realm": "${KEY}\"", "mode": "${KEY}", "routes": [
              {"path": "${KEY}", "scopes": ["${KEY} x"], "methods": ["${KEY} x"], "id": "é${KEY}"},
              {"path": "/", "scopes": ["a"], "claims": {"a": "${KEY}"}}],
             "issuers": [{"issuer": "${KEY}", "audiences": ["a"], "jwks_uri": "${KEY}", "algorithms": ["${KEY}"]},
                         {"issuer": "b", "audiences": ["a"], "jwks_file": "${UNSET}"}]}
            """#)
        XCTAssertEqual(problems.count, 11)
        for problem in problems { XCTAssertFalse(problem.description.contains("secret"), problem.description) }
    }

    func testReferencesAreReplacedOnce() throws {
        let text = #"{"listen": "127.0.0.1:1", "upstream": "http://a", "routes": [{"path": "/", "public": true}]"#
        for (written, expected) in [
            ("${KEY}", "secret"), ("a${KEY}b${KEY}", "asecretbsecret"), ("$$", "$"), ("$${KEY}", "${KEY}"),
            ("$$$$", "$$"),
            ("${NESTED}", "${KEY}"), ("x", "x"), ("é", nil),
        ] as [(String, String?)] {
            let configuration = try? load("\(text), \"realm\": \"\(written)\"}")
            XCTAssertEqual(configuration?.realm, expected, written)
        }
    }

    func testPathsAreRelativeToTheFile() throws {
        let text = #"""
            {"listen": "127.0.0.1:1", "upstream": "unix:app.sock", "state_dir": "s", "routes": [
              {"path": "/", "authenticated": true}],
             "issuers": [{"issuer": "a", "audiences": ["x"], "jwks_file": "k.json"},
                         {"issuer": "b", "audiences": ["x"], "jwks_file": "/k.json"}]}
            """#
        for (file, folder) in [("routes.json", ""), ("./routes.json", "./"), ("/etc/p/routes.json", "/etc/p/")] {
            let configuration = try ConfigurationLoader(environment: { _ in nil }).load(Array(text.utf8), file: file)
            XCTAssertEqual(configuration.upstream.address, .unix(path: folder + "app.sock"))
            XCTAssertEqual(configuration.stateDirectory, folder + "s")
            XCTAssertEqual(configuration.issuers.map(keyFile), [folder + "k.json", "/k.json"])
        }
    }

    func testHostileTextIsRefusedWithoutCrash() {
        let base = Array(#"{"listen":"127.0.0.1:1","upstream":"http://a","routes":[{"path":"/","public":true}]}"#.utf8)
        let seed: UInt64 = 0xC0FF_EE
        var random = SeededRandom(seed: seed)
        for _ in 0..<3000 {
            var bytes = base
            for _ in 0..<random.next(upTo: 3) + 1 {
                bytes[random.next(upTo: bytes.count)] = UInt8(truncatingIfNeeded: random.next(upTo: 256))
            }
            for problem in refusals(bytes) { XCTAssertFalse(problem.message.isEmpty, "seed \(seed)") }
        }
    }

    private func load(_ text: String) throws(ConfigurationProblems) -> Configuration {
        let environment = ["KEY": "secret", "NESTED": "${KEY}"]
        return try ConfigurationLoader(environment: { environment[$0] })
            .load(Array(text.utf8), file: "conf/routes.json")
    }

    private func refusals(_ text: String) -> [ConfigurationProblem] { refusals(Array(text.utf8)) }

    private func refusals(_ bytes: [UInt8]) -> [ConfigurationProblem] {
        let environment = ["KEY": "secret"]
        do throws(ConfigurationProblems) {
            _ = try ConfigurationLoader(environment: { environment[$0] }).load(bytes, file: "conf/routes.json")
            return []
        } catch {
            return error.problems
        }
    }

    private func keyFile(_ issuer: IssuerSettings) -> String? {
        if case .file(let path) = issuer.keys { path } else { nil }
    }
}
