/// One line of the audit log.
struct AuditRecord {
    enum Event {
        case grant
        case refusal
        case revocation

        var name: StaticString {
            switch self {
            case .grant: "grant"
            case .refusal: "refusal"
            case .revocation: "revocation"
            }
        }
    }

    var event = Event.refusal
    /// Which resource was asked.
    let endpoint: StaticString
    let time: UnixTime
    let peer: IPAddress?
    /// A client that there is, whether or not the caller has proved to be it.
    var client: String?
    /// How it did so; nil when it has not.
    var method: AuthenticationMethod?
    var audiences: [String] = []
    /// As the client wrote them; nil when it asked for none. Only of clients that are who they say they are.
    var scopesAsked: String?
    var scopes: [String]?
    var tokenID: String?
    var expires: UnixTime?
    /// Of a refusal.
    var reason: StaticString?

    /// What is written at most of a text that a client has made up.
    private static let textBytesMax = 2048

    init(_ call: IssuerCall, _ endpoint: StaticString) {
        self.endpoint = endpoint
        time = call.now
        peer = call.peer
    }

    func write(to json: inout JSONWriter) {
        json.beginObject()
        json.key("time")
        json.string(Timestamp.text(time))
        json.key("event")
        json.string(event.name)
        json.key("endpoint")
        json.string(endpoint)
        if let reason {
            json.key("reason")
            json.string(reason)
        }
        json.key("client")
        if let client { json.string(client) } else { json.null() }
        if let method {
            json.key("method")
            json.string(method.name)
        }
        write("audience", audiences.isEmpty ? nil : audiences, to: &json)
        if let scopesAsked {
            json.key("scope_asked")
            json.string(Self.cut(scopesAsked))
        }
        write("scope", scopes, to: &json)
        if let tokenID {
            json.key("jti")
            json.string(Self.cut(tokenID))
        }
        if let expires {
            json.key("expires")
            json.string(Timestamp.text(expires))
        }
        if let peer {
            json.key("peer")
            let text = peer.text
            json.string(text.bytes.span.extracting(first: text.count))
        }
        json.endObject()
    }

    private func write(_ name: StaticString, _ texts: [String]?, to json: inout JSONWriter) {
        guard let texts else { return }
        json.key(name)
        json.beginArray()
        for text in texts { json.string(text) }
        json.endArray()
    }

    private static func cut(_ text: String) -> String {
        text.utf8.count <= textBytesMax ? text : String(decoding: text.utf8.prefix(textBytesMax), as: UTF8.self)
    }
}
