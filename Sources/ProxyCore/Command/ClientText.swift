/// Clients as they are shown.
enum ClientText {
    /// The new secret, this once.
    static func secret(_ secret: String, of client: RegisteredClient, _ lead: String) -> [String] {
        var table = TextTable()
        table.add("client_id", client.id)
        table.add("client_secret", secret)
        return [lead, ""] + table.lines + ["", "The secret is not kept here and cannot be shown again."]
    }

    static func json(_ secret: String?, of client: RegisteredClient) -> [String] {
        var json = JSONWriter()
        json.beginObject()
        json.key("client_id")
        json.string(client.id)
        if let secret {
            json.key("client_secret")
            json.string(secret)
        }
        json.endObject()
        return lines(json)
    }

    static func json(_ clients: [RegisteredClient]) -> [String] {
        var json = JSONWriter()
        json.beginArray()
        for client in clients { ClientsDocument.write(client, to: &json, withHashes: false) }
        json.endArray()
        return lines(json)
    }

    static func json(_ client: RegisteredClient) -> [String] {
        var json = JSONWriter()
        ClientsDocument.write(client, to: &json, withHashes: false)
        return lines(json)
    }

    static func lines(_ json: JSONWriter) -> [String] {
        String(decoding: JSONIndent.lines(json.bytes).dropLast(), as: UTF8.self).split(separator: "\n").map(String.init)
    }

    static func table(_ clients: [RegisteredClient], at now: UnixTime) -> [String] {
        var table = TextTable()
        table.add("CLIENT", "STATE", "AUTHENTICATES BY", "SCOPES", "AUDIENCES")
        for client in clients {
            table.add(
                client.id, client.isEnabled ? "enabled" : "disabled", methods(of: client, at: now),
                shown(client.scopes), shown(client.audiences))
        }
        return table.lines
    }

    static func details(_ client: RegisteredClient, at now: UnixTime) -> [String] {
        var table = TextTable()
        table.add("client_id", client.id)
        table.add("state", client.isEnabled ? "enabled" : "disabled")
        table.add("scopes", shown(client.scopes))
        table.add("audiences", shown(client.audiences))
        table.add("lifetime", client.lifetimeSeconds.map { "\($0) s" } ?? "the issuer's default")
        if client.mayIntrospect { table.add("introspection", "of every client's tokens") }
        for claim in client.claims { table.add("claim", "\(claim.name)=\(claim.value)") }
        for secret in client.secrets { table.add("secret", Self.secret(secret, at: now)) }
        if client.keys != nil { table.add("keys", "a key set, for private_key_jwt") }
        switch client.certificate {
        case .subject(let name): table.add("certificate", "with the subject \(name)")
        case .thumbprint(let digest): table.add("certificate", "with the thumbprint \(digest)")
        case nil: break
        }
        return table.lines
    }

    private static func secret(_ secret: ClientSecret, at now: UnixTime) -> String {
        let made = "made \(Timestamp.text(secret.created))"
        guard let expires = secret.expires else { return made }
        return made + (secret.isLive(at: now) ? ", valid until " : ", expired ") + Timestamp.text(expires)
    }

    private static func methods(of client: RegisteredClient, at now: UnixTime) -> String {
        let live = client.secrets.count { $0.isLive(at: now) }
        var methods = live > 0 ? [live == 1 ? "secret" : "\(live) secrets"] : []
        if client.keys != nil { methods.append("key") }
        if client.certificate != nil { methods.append("certificate") }
        return shown(methods)
    }

    private static func shown(_ texts: [String]) -> String { texts.isEmpty ? "-" : texts.joined(separator: " ") }
}
