import ProxyCore
import XCTest

/// A gate with one issuer, and requests in short form.
final class GateHarness {
    /// What the gate said, comparable.
    enum Outcome: Equatable {
        case permit(route: Int?, identified: Bool)
        case observe(Denial, route: Int?)
        case refuse(Denial)
        case awaitKeys(Int)
    }

    static let now = UnixTime(1_700_000_100)
    static let issuer = "https://issuer.test/"

    let signer = TestSigner(.p256)
    let gate: Gate
    /// What callers show of themselves.
    var certificate: CertificateThumbprint?
    private var head = RequestHead()

    init(
        _ routes: [RouteDefinition], mode: EnforcementMode = .enforce, identity: IdentityOptions = IdentityOptions(),
        withKeys: Bool = true, binding: CertificateBinding = .optional
    ) throws {
        let policy = AccessPolicy(
            table: try RouteTable(routes), identity: try IdentityFields(identity), mode: mode)
        var issuer = TokenIssuer(issuer: Self.issuer, audiences: ["https://api.test"])
        issuer.certificateBinding = binding
        gate = Gate(policy: policy, issuers: [issuer], limits: Limits())
        if withKeys { gate.install(try signer.keySet, issuer: 0) }
    }

    /// `Bearer` and a token with these scopes; `more` are further claims as JSON members.
    func bearer(_ scopes: String = "", _ more: String = "", expiry: Int64 = 1_700_000_400) -> String {
        let claims = """
            {"iss":"\(Self.issuer)","aud":"https://api.test","sub":"service-1","client_id":"client-1",\
            "scope":"\(scopes)","exp":\(expiry)\(more.isEmpty ? "" : "," + more)}
            """
        return "Bearer " + String(decoding: signer.token(claims), as: UTF8.self)
    }

    func judge(
        _ request: String, _ authorization: String..., now: UnixTime = GateHarness.now, mayAwaitKeys: Bool = true
    ) -> Outcome {
        outcome(request, authorization, now: now, mayAwaitKeys: mayAwaitKeys)
    }

    /// With these values of `Authorization`, each in a field of its own.
    func outcome(
        _ request: String, _ authorization: [String], now: UnixTime = GateHarness.now, mayAwaitKeys: Bool = true
    ) -> Outcome {
        judge(request, fields: authorization, now: now, mayAwaitKeys: mayAwaitKeys) { verdict in
            switch consume verdict {
            case .permit(let permit):
                if let observed = permit.observed {
                    XCTAssertTrue(permit.identityLines.isEmpty, "an observed request carries no identity")
                    return .observe(observed.denial, route: permit.route)
                }
                return .permit(route: permit.route, identified: !permit.identityLines.isEmpty)
            case .refuse(let refusal): return .refuse(refusal.denial)
            case .awaitKeys(let issuer): return .awaitKeys(issuer)
            }
        }
    }

    func judge<Result>(
        _ request: String, fields authorization: [String], now: UnixTime = GateHarness.now, mayAwaitKeys: Bool = true,
        _ use: (consuming Verdict) -> Result
    ) -> Result {
        var text = "\(request) HTTP/1.1\r\nHost: api.test\r\n"
        for value in authorization { text += "Authorization: \(value)\r\n" }
        let bytes = Array((text + "\r\n").utf8)
        var progress = HeadProgress()
        do throws(HeadError) {
            let result = try head.parse(bytes.span, limits: HeadLimits(), progress: &progress)
            XCTAssertEqual(result, .complete(bytes.count))
        } catch {
            XCTFail("\(request): \(error)")
        }
        return use(gate.judge(head, bytes.span, certificate: certificate, now: now, mayAwaitKeys: mayAwaitKeys))
    }
}

extension RouteDefinition {
    /// A route from `GET,POST /path`, or `* /path` for any method.
    static func route(
        _ text: String, _ requirement: Requirement = .authenticated,
        _ change: (inout RouteDefinition) -> Void = { _ in }
    ) throws -> RouteDefinition {
        let parts = text.split(separator: " ", maxSplits: 1).map(String.init)
        let methods = parts[0] == "*" ? nil : parts[0].split(separator: ",").map(String.init)
        var route = RouteDefinition(
            id: text, template: try PathTemplate(parts[1]), methods: methods, requirement: requirement)
        change(&route)
        return route
    }
}
