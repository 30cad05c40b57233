/// The file of clients as it is written. Who reads it is `Config/`, which knows how to tell what is wrong in it.
package enum ClientsDocument {
    /// The document, laid out for people.
    package static func bytes(_ clients: [RegisteredClient]) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("clients")
        json.beginArray()
        for client in clients { write(client, to: &json) }
        json.endArray()
        json.endObject()
        return JSONIndent.lines(json.bytes)
    }

    /// One client, as the file has it. `withHashes` false leaves out what only the server needs.
    package static func write(_ client: RegisteredClient, to json: inout JSONWriter, withHashes: Bool = true) {
        json.beginObject()
        json.key("id")
        json.string(client.id)
        json.key("enabled")
        json.bool(client.isEnabled)
        json.key("scopes")
        write(client.scopes, to: &json)
        json.key("audiences")
        write(client.audiences, to: &json)
        if let lifetime = client.lifetimeSeconds {
            json.key("lifetime_seconds")
            json.number(lifetime)
        }
        if client.mayIntrospect {
            json.key("introspect")
            json.bool(true)
        }
        writeClaims(client.claims, to: &json)
        json.key("secrets")
        json.beginArray()
        for secret in client.secrets { write(secret, to: &json, withHashes) }
        json.endArray()
        writeKeys(client.keys, to: &json)
        writeCertificate(client.certificate, to: &json)
        json.endObject()
    }

    private static func writeClaims(_ claims: [ClientClaim], to json: inout JSONWriter) {
        guard !claims.isEmpty else { return }
        json.key("claims")
        json.beginObject()
        for claim in claims {
            json.key(claim.name)
            json.string(claim.value)
        }
        json.endObject()
    }

    private static func write(_ secret: ClientSecret, to json: inout JSONWriter, _ withHashes: Bool) {
        json.beginObject()
        if withHashes {
            json.key("hash")
            json.string(secret.hash)
        }
        json.key("created")
        json.string(Timestamp.text(secret.created))
        if let expires = secret.expires {
            json.key("expires")
            json.string(Timestamp.text(expires))
        }
        json.endObject()
    }

    private static func writeKeys(_ keys: ClientKeys?, to json: inout JSONWriter) {
        guard let keys, let document = try? JSONDocument(parsing: keys.document) else { return }
        json.key("jwks")
        json.value(document.root)
    }

    private static func writeCertificate(_ certificate: ClientCertificate?, to json: inout JSONWriter) {
        guard let certificate else { return }
        json.key("certificate")
        json.beginObject()
        switch certificate {
        case .subject(let name):
            json.key("subject")
            json.string(name)
        case .thumbprint(let digest):
            json.key("thumbprint")
            json.string(digest)
        }
        json.endObject()
    }

    private static func write(_ texts: [String], to json: inout JSONWriter) {
        json.beginArray()
        for text in texts { json.string(text) }
        json.endArray()
    }
}
