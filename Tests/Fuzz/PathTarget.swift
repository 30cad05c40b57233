import ProxyCore

/// The rule of all readings: whatever steps an upstream takes on its way from a path to a resource, a permitted request
/// lands on no route that this caller may not use.
///
/// Input is text: the caller's line (`nobody`, `-` for a token without scopes, or scopes), a line for each route
/// (`public`, `any` or a scope, with a `*` behind it for `allow_encoded_slash`, then the template), and the path.
final class PathTarget: FuzzTarget {
    private var head = RequestHead()
    private let identity: IdentityFields

    init() throws { identity = try IdentityFields(IdentityOptions()) }

    func run(_ input: Span<UInt8>) {
        let bytes = input.copied()
        guard let question = PathQuestion(bytes) else { return }
        let definitions = question.routes.map(\.definition)
        let table: RouteTable
        do throws(RouteTableError) { table = try RouteTable(definitions) } catch { return }
        let policy = AccessPolicy(table: table, identity: identity, mode: .enforce)
        let gate = Gate(policy: policy, issuers: [], limits: Limits())
        let path = String(decoding: question.path, as: UTF8.self)
        let now = UnixTime(ClaimsText.now)
        let answer = gate.explain(method: "GET", path: path, question.caller, now: now).answer
        checkJudged(question, gate)
        // The plain models below work on text.
        guard question.path.allSatisfy({ $0 < 0x80 }), PathProblem.found(in: question.path.span) == nil else { return }
        guard UpstreamModel.decode(path).utf8.allSatisfy({ $0 < 0x80 }) else { return }
        let router = NaiveRouter(question.routes.map(\.definition.template.text))
        checkPlain(question, path, table, router)
        guard answer == .permitted || answer == .publicRoute else { return }
        for lookup in question.lookups(path, router) {
            for route in router.routes(for: lookup) where !question.permits(route) {
                fatalError("broken: permitted, but \(lookup) lands on \(definitions[route].template.text)")
            }
        }
    }

    /// The gate judges as it explains.
    private func checkJudged(_ question: PathQuestion, _ gate: Gate) {
        let request = Array("GET ".utf8) + question.path + Array(" HTTP/1.1\r\nHost: h\r\n\r\n".utf8)
        var progress = HeadProgress()
        guard case .complete? = try? head.parse(request.span, limits: HeadLimits(), progress: &progress) else { return }
        let path = request.span.slice(head.path).text
        let now = UnixTime(ClaimsText.now)
        let explained = gate.explain(method: "GET", path: path, .nobody, now: now).answer
        switch gate.judge(head, request.span, certificate: nil, now: now, mayAwaitKeys: true) {
        case .permit: require(explained == .publicRoute, "judged otherwise than explained: \(explained)")
        case .refuse(let refusal): require(explained == .refused(refusal.denial), "judged otherwise than explained")
        case .awaitKeys: fatalError("broken: there are no keys to wait for")
        }
    }

    /// A plain path lands where a plain list says.
    private func checkPlain(_ question: PathQuestion, _ path: String, _ table: RouteTable, _ router: NaiveRouter) {
        guard PathReadings.isPlain(question.path.span) else { return }
        let lookup = UpstreamModel.Lookup(segments: UpstreamModel.split(path), isRaw: true)
        let landing = table.match(question.path.span, method: MethodNames.get).landing
        require(landing == router.routes(for: lookup).first.map(RouteLanding.route) ?? .none, "a plain path's landing")
    }
}

/// What an input asks: who, which routes, which path.
private struct PathQuestion {
    struct Route {
        let definition: RouteDefinition
        let needs: String
    }

    let path: [UInt8]
    private(set) var routes: [Route] = []
    /// nil: no token.
    private let scopes: [String]?

    /// nil for what is no question.
    init?(_ bytes: [UInt8]) {
        guard bytes.count <= 400 else { return nil }
        var lines = bytes.split(separator: ASCII.lineFeed, omittingEmptySubsequences: false).map(Array.init)
        guard lines.count >= 2, let path = lines.popLast() else { return nil }
        self.path = path
        let caller = String(decoding: lines.removeFirst(), as: UTF8.self)
        scopes = caller == "nobody" ? nil : caller.split(separator: " ").map(String.init)
        for line in lines {
            let words = String(decoding: line, as: UTF8.self).split(separator: " ", omittingEmptySubsequences: false)
            guard words.count == 2, let template = try? PathTemplate(String(words[1])) else { return nil }
            let allowsSlash = words[0].hasSuffix("*")
            let needs = String(allowsSlash ? words[0].dropLast() : words[0])
            let requirement: RouteDefinition.Requirement =
                needs == "public" ? .public : needs == "any" ? .authenticated : .all([needs])
            var definition = RouteDefinition(
                id: "r\(routes.count)", template: template, methods: ["GET"], requirement: requirement)
            definition.allowsEncodedSlash = allowsSlash
            routes.append(Route(definition: definition, needs: needs))
        }
    }

    var caller: ExplainedCaller { scopes.map(ExplainedCaller.scopes) ?? .nobody }

    /// Whether the caller may use a route, without any code of the gate.
    func permits(_ route: Int) -> Bool {
        switch routes[route].needs {
        case "public": true
        case "any": scopes != nil
        case let scope: scopes?.contains(scope) ?? false
        }
    }

    /// What upstreams may look up for the path.
    func lookups(_ path: String, _ router: NaiveRouter) -> [UpstreamModel.Lookup] {
        let asSent = UpstreamModel.Lookup(segments: UpstreamModel.split(path), isRaw: true)
        let keepsSlashes = router.routes(for: asSent).contains { routes[$0].definition.allowsEncodedSlash }
        var lookups: [UpstreamModel.Lookup] = []
        for steps in RewrittenPath.all(Array(path.utf8), keepsSlashes: keepsSlashes) {
            let segments = steps.segments
            lookups.append(UpstreamModel.Lookup(segments: segments, isRaw: !steps.isDecoded))
            lookups.append(UpstreamModel.Lookup(segments: segments, isRaw: !steps.isDecoded, ignoresCase: true))
        }
        // The models of servers take an encoded slash for whatever theirs does.
        return keepsSlashes ? lookups : lookups + UpstreamModel.all.map { $0.read(path) }
    }
}
