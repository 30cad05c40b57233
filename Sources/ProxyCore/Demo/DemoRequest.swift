/// A token of the story, by the shell variable that holds it.
enum DemoToken: String, Sendable {
    case reader = "TOKEN"
    case writer = "WRITER"
    case partner = "PARTNER"
    case elsewhere = "OTHER"
    case expired = "EXPIRED"
    case forged = "FORGED"
    case bound = "BOUND"

    /// How one comes by it.
    enum Origin {
        /// From the answer to an earlier step.
        case step
        /// Signed by the authorization server an hour ago, as its clock said.
        case past
        /// Header and claims of one token with the signature of another.
        case spliced(claims: DemoToken, signature: DemoToken)
    }

    var origin: Origin {
        switch self {
        case .reader, .writer, .partner, .elsewhere, .bound: .step
        case .expired: .past
        case .forged: .spliced(claims: .writer, signature: .reader)
        }
    }
}

/// One request of the story: what is sent here, and what the curl line that stands beside it sends.
struct DemoRequest: Sendable {
    enum Server: Sendable {
        case issuer
        case proxy
        /// The side of the daemon's own ScopeProxy that it calls, without TLS: it is beside the daemon.
        case egress
    }

    enum Content: Sendable {
        case none
        case form([(name: String, value: String)])
        case json(String)

        var type: String? {
            switch self {
            case .none: nil
            case .form: "application/x-www-form-urlencoded"
            case .json: "application/json"
            }
        }

        var bytes: [UInt8] {
            switch self {
            case .none: []
            case .form(let parameters):
                Array(parameters.map { "\($0.name)=\(Self.encode($0.value))" }.joined(separator: "&").utf8)
            case .json(let text): Array(text.utf8)
            }
        }

        /// As `curl --data-urlencode` does it.
        private static func encode(_ value: String) -> String {
            let encoded = value.utf8.flatMap { ASCII.isUnreserved($0) ? [$0] : PercentEncoding.triplet($0) }
            return String(decoding: encoded, as: UTF8.self)
        }
    }

    var server = Server.proxy
    var method = Method.get
    let path: String
    /// Authenticates with `client_secret_basic`.
    var client: DemoClient?
    /// Shown in the handshake.
    var certificate: DemoCertificate?
    /// Sent as `Authorization: Bearer`.
    var token: DemoToken?
    var fields: [(name: String, value: String)] = []
    var content = Content.none
    /// Under which name the token in the answer is kept.
    var keeps: DemoToken?

    /// All fields but `Host` and those that frame the content.
    func allFields(_ tokens: [DemoToken: String]) -> [(name: String, value: String)] {
        var all = fields
        if let client { all.append(("Authorization", "Basic " + Self.base64("\(client.id):\(client.secret)"))) }
        if let token { all.append(("Authorization", "Bearer " + (tokens[token] ?? ""))) }
        if let type = content.type { all.append(("Content-Type", type)) }
        return all
    }

    /// The request as bytes.
    func message(host: SocketAddress, _ tokens: [DemoToken: String]) -> [UInt8] {
        var head = "\(method.name) \(path) HTTP/1.1\r\nHost: \(host)\r\nUser-Agent: scopeproxy-demo\r\nAccept: */*\r\n"
        for field in allFields(tokens) { head += "\(field.name): \(field.value)\r\n" }
        let body = content.bytes
        if content.type != nil { head += "Content-Length: \(body.count)\r\n" }
        return Array((head + "\r\n").utf8) + body
    }

    private static func base64(_ text: String) -> String {
        let text = Array(text.utf8)
        return String(decoding: Base64.encode(text.span), as: UTF8.self)
    }
}
