import ProxyCore
import XCTest

/// What is remembered of tokens when other rules come: no more than these would find themselves.
final class TakenOverTokensTests: XCTestCase {
    private static let request = "GET /a"
    private static let permitted = GateHarness.Outcome.permit(route: 0, identified: true)

    /// What a reload may change.
    private struct Terms {
        var issuer = TokenIssuer(issuer: GateHarness.issuer, audiences: ["https://api.test"])
        var limits = Limits()
        var keySource: Int? = 0
        var keys: KeySet?
    }

    private func gate(_ terms: Terms, _ routes: [RouteDefinition]? = nil, more: [TokenIssuer] = []) throws -> Gate {
        let table = try RouteTable(try routes ?? [.route("* /a", .all(["read"]))])
        let policy = AccessPolicy(table: table, identity: try IdentityFields(IdentityOptions()), mode: .enforce)
        let sources = terms.keySource.map { Array(100..<(100 + more.count)) + [$0] }
        let gate = Gate(
            policy: policy, issuers: more + [terms.issuer], limits: terms.limits, keySources: sources)
        gate.install(terms.keys, issuer: more.count)
        return gate
    }

    private func harness() throws -> (harness: GateHarness, terms: Terms, token: String) {
        let harness = try GateHarness([.route("* /a", .all(["read"]))])
        let token = harness.bearer("read")
        XCTAssertEqual(harness.judge(Self.request, token), Self.permitted)
        var terms = Terms()
        terms.keys = try harness.signer.keySet
        return (harness, terms, token)
    }

    func testRulesThatStay() throws {
        let (harness, terms, token) = try harness()
        for generation in 1...3 {
            harness.succeed(try gate(terms))
            XCTAssertEqual(harness.gate.cache.count, 1)
            for _ in 0..<2 { XCTAssertEqual(harness.judge(Self.request, token), Self.permitted) }
            XCTAssertEqual(harness.gate.cache.misses, 1, "verified once, \(generation) generations ago")
        }
    }

    func testWhatIsNotUsedForGenerations() throws {
        let (harness, terms, token) = try harness()
        let other = TokenIssuer(issuer: "https://other.test", audiences: ["x"])
        harness.succeed(try gate(terms, more: [other]))
        harness.succeed(try gate(terms))
        harness.succeed(try gate(terms, more: [other, TokenIssuer(issuer: "https://third.test", audiences: ["x"])]))
        let place = harness.judge(Self.request, fields: [token]) { verdict -> Int? in
            if case .permit(let permit) = consume verdict { permit.caller?.token.issuer } else { nil }
        }
        XCTAssertEqual(place, 2, "in terms of the gate that judges")
        XCTAssertEqual(harness.gate.cache.misses, 1)
    }

    /// A token is held against the routes, scopes and identity fields that there are now.
    func testOtherRoutes() throws {
        let (harness, terms, token) = try harness()
        harness.succeed(try gate(terms, [.route("* /a", .all(["write"])), .route("* /b", .all(["read"]))]))
        XCTAssertEqual(harness.judge(Self.request, token), .refuse(.insufficientScope(route: 0)))
        XCTAssertEqual(harness.judge("GET /b", token), .permit(route: 1, identified: true))
        XCTAssertEqual(harness.gate.cache.misses, 1)
        XCTAssertEqual(
            harness.judge(Self.request, token, now: UnixTime(1_700_000_430)), .refuse(.invalidToken(.expired)))
    }

    func testWhatJudgesOtherwiseForgets() throws {
        let changes: [(name: String, change: (inout Terms) -> Void)] = [
            ("issuer", { $0.issuer.issuer = "https://other.test/" }),
            ("audiences", { $0.issuer.audiences = ["https://other.test"] }),
            ("another audience as well", { $0.issuer.audiences.append("https://other.test") }),
            ("algorithms", { $0.issuer.algorithms = SignatureAlgorithmSet([.rs256]) }),
            ("scope_claims", { $0.issuer.scopeClaims = [ClaimPath(dotted: "roles")].compactMap(\.self) }),
            ("clock_skew_seconds", { $0.issuer.clockSkewSeconds = 0 }),
            ("token_types", { $0.issuer.tokenTypes = ["other"] }),
            ("no type", { $0.issuer.acceptsUntyped = false }),
            ("max_token_lifetime_seconds", { $0.issuer.maxTokenLifetimeSeconds = 5 }),
            ("certificate_binding", { $0.issuer.certificateBinding = .required }),
            ("client_id_claims", { $0.issuer.clientIDClaims = [ClaimPath(dotted: "azp")].compactMap(\.self) }),
            ("key source", { $0.keySource = 1 }),
            ("unknown key source", { $0.keySource = nil }),
            ("token_bytes", { $0.limits.tokenBytes = 256 }),
            ("token_cache_entries", { $0.limits.tokenCacheEntries += 1 }),
            ("keys", { $0.keys = try? TestSigner(.p256, keyID: "key-2").keySet }),
            ("no keys", { $0.keys = nil }),
        ]
        for (name, change) in changes {
            var (harness, terms, token) = try harness()
            change(&terms)
            harness.succeed(try gate(terms))
            XCTAssertEqual(harness.gate.cache.count, 0, name)
            // What it says then, it says to a token that it has never seen.
            let fresh = try GateHarness([.route("* /a", .all(["read"]))])
            fresh.succeed(try gate(terms))
            XCTAssertEqual(harness.judge(Self.request, token), fresh.judge(Self.request, token), name)
        }
    }

    /// Two texts that Swift finds equal, of other bytes.
    func testTextsThatLookTheSame() throws {
        var (harness, terms, _) = try harness()
        terms.issuer.audiences = ["https://api.test", "caf\u{E9}"]
        harness.succeed(try gate(terms))
        XCTAssertEqual(harness.judge(Self.request, harness.bearer("read")), Self.permitted)
        XCTAssertEqual(harness.gate.cache.count, 1)
        terms.issuer.audiences[1] = "cafe\u{301}"
        harness.succeed(try gate(terms))
        XCTAssertEqual(harness.gate.cache.count, 0)
    }

    func testKeysThatLeaveLater() throws {
        let (harness, terms, token) = try harness()
        harness.succeed(try gate(terms))
        // Before the token has been seen by the new gate.
        harness.gate.install(try TestSigner(.p256, keyID: "key-2").keySet, issuer: 0)
        XCTAssertEqual(harness.gate.cache.count, 0)
        XCTAssertEqual(harness.judge(Self.request, token), .awaitKeys(0))
    }
}
