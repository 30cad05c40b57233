import ProxyCore

/// A request as the upstream got it, and the rules that it has to have passed.
struct ForwardedRequest {
    private struct Rule {
        let template: String
        /// `public`, `any`, or a scope.
        let needs: String
    }

    private static let rules = [
        Rule(template: "/public/{x...}", needs: "public"), Rule(template: "/a/{x}", needs: "a"),
        Rule(template: "/a/{x}/any", needs: "any"), Rule(template: "/any", needs: "any"),
        Rule(template: "/b", needs: "b"),
    ]

    static var routes: [RouteDefinition] {
        get throws {
            try rules.map { rule in
                RouteDefinition(
                    id: rule.template, template: try PathTemplate(rule.template), methods: nil,
                    requirement: rule.needs == "public" ? .public : rule.needs == "any" ? .authenticated
                        : .all([rule.needs]))
            }
        }
    }

    /// Method, path and query.
    let target: [UInt8]
    let framing: BodyFraming
    let body: MessageBody
    /// The upstream is asked for WebSocket.
    let upgrades: Bool
    private let path: String
    private let head: PlainHead

    /// The requests that came over one connection.
    ///
    /// - Parameter sent: what the caller sent, if the upstream may have agreed to another protocol: behind the request
    ///   for that, a piece of it as it came is what goes through a tunnel, and holds no requests.
    static func all(_ bytes: [UInt8], tunnelling sent: [UInt8]? = nil) -> [ForwardedRequest] {
        var requests: [ForwardedRequest] = []
        var rest = bytes[...]
        var head = RequestHead()
        while !rest.isEmpty {
            let window = Array(rest)
            var progress = HeadProgress()
            let limits = HeadLimits(headBytes: 65_535, fields: 256)
            guard let parsed = try? head.parse(window.span, limits: limits, progress: &progress) else {
                fatalError("broken: the upstream gets what is no request: \(window.span.text)")
            }
            guard case .complete(let end) = parsed else { return requests }
            guard let body = MessageBody(head.framing, Array(window[end...])) else {
                fatalError("broken: the upstream gets a malformed body: \(window.span.text)")
            }
            let request = ForwardedRequest(
                target: CallerStream.target(head, window), framing: head.framing, body: body,
                upgrades: head.fields.contains(.upgrade), path: window.span.slice(head.path).text,
                head: PlainHead(Array(window[..<end])))
            requests.append(request)
            guard body.isWhole else { return requests }
            if request.upgrades, let sent, isPart(window[end...], of: sent) { return requests }
            rest = window[(end + body.end)...]
        }
        return requests
    }

    private static func isPart(_ piece: ArraySlice<UInt8>, of whole: [UInt8]) -> Bool {
        guard let first = piece.first else { return true }
        return whole.indices.contains { whole[$0] == first && whole[$0...].starts(with: piece) }
    }

    func checkPermitted() {
        let lookup = UpstreamModel.Lookup(segments: UpstreamModel.split(path), isRaw: true)
        guard let route = NaiveRouter(Self.rules.map(\.template)).routes(for: lookup).first else {
            fatalError("broken: \(path) is forwarded without a route")
        }
        let identity = head.fields.filter { Self.isIdentity($0.name) }
        switch Self.rules[route].needs {
        case "public": require(identity.isEmpty, "nobody is named on a public route")
        case "any": break
        case let scope:
            let scopes = head.values(of: "x-auth-scopes").flatMap { $0.split(separator: ASCII.space).map(Array.init) }
            require(scopes.contains(Array(scope.utf8)), "\(path) is forwarded without its scope")
        }
        if Self.rules[route].needs != "public" {
            require(head.values(of: "x-auth-client-id") == [Array("client-1".utf8)], "the caller is named, once")
            let names = Set(identity.map { PlainHead.lowercased($0.name) })
            require(names.count == identity.count && names.count <= 4, "no identity beside ours")
        }
        checkFields()
    }

    private func checkFields() {
        for name in ["authorization", "http2-settings", "keep-alive", "proxy", "proxy-connection", "te"] {
            require(head.values(of: name).isEmpty, "\(name) is not for the upstream")
        }
        let asked = [head.values(of: "upgrade"), head.values(of: "connection")]
        let isForWebSocket = asked == [[Array("websocket".utf8)], [Array("Upgrade".utf8)]]
        require(asked == [[], []] || isForWebSocket && framing.isEmpty, "another protocol is asked for")
        for name in ["host", "x-request-id", "x-forwarded-for", "x-forwarded-proto"] {
            require(head.values(of: name).count == 1, "one \(name)")
        }
        require(!body.trailers.contains(where: Self.isIdentity), "no identity in trailers")
    }

    /// A name that some application could take for one of the fields that tell who calls.
    private static func isIdentity(_ name: [UInt8]) -> Bool {
        let folded = PlainHead.lowercased(name).map { ASCII.isLetter($0) || ASCII.isDigit($0) ? $0 : ASCII.hyphen }
        return folded.starts(with: Array("x-auth-".utf8))
    }
}
