/// Reads the file of clients: strictly, as whoever writes it by hand would want to be told.
package enum ClientsReader {
    private static let limits = JSONLimits(depth: 16, values: 1_000_000, bytes: 64 << 20)
    private static let lifetimes = 1...31_536_000

    /// The clients in the file at `path`; none when there is no such file.
    package static func load(_ path: String) throws(ConfigurationProblems) -> [RegisteredClient] {
        let bytes = try ConfigurationSource.bytes(of: path, bytesMax: limits.bytes)
        return try load(bytes, file: path)
    }

    /// The same for a server that has read the file before.
    package static func reload(_ path: String) throws(FileProblems) -> [RegisteredClient] {
        do throws(ConfigurationProblems) {
            return try load(path)
        } catch {
            let isUnread = error.problems.contains { $0.position == nil }
            let hint = isUnread ? "; in ten seconds, nothing is granted until it can be read" : ""
            throw FileProblems(error.problems.map { $0.description + hint }, isUnread: isUnread)
        }
    }

    /// The clients in `bytes`; `file` names them in problems.
    package static func load(_ bytes: [UInt8], file: String) throws(ConfigurationProblems) -> [RegisteredClient] {
        let source = try ConfigurationSource(parsing: bytes, file: file, limits: limits, environment: nil)
        return try source.result(read(source))
    }

    private static func read(_ source: ConfigurationSource) -> [RegisteredClient]? {
        guard let object = source.root.object(.clients),
            let value = object.required("clients", "missing: an array of clients")
        else { return nil }
        guard value.json.kind == .array else { return value.mismatch("an array of clients") }
        let elements = value.json.elements.map { ConfigurationValue(json: $0, source: source) }
        var clients: [RegisteredClient] = []
        var firstByID: [String: Int] = [:]
        for (index, element) in elements.enumerated() {
            guard let object = element.object(.client), let client = readClient(object) else { continue }
            if let first = firstByID[client.id] {
                object["id"]?.report("the same id as clients[\(first)]")
            }
            firstByID[client.id] = firstByID[client.id] ?? index
            clients.append(client)
        }
        return clients.count == elements.count ? clients : nil
    }

    private static func readClient(_ object: ConfigurationObject) -> RegisteredClient? {
        let id = object.required("id", "missing: the client_id").flatMap(readID)
        let audiences = object.required("audiences", "missing: whom the client may call")?
            .list(of: "audiences") { $1 }
        let scopes = object.required("scopes", "missing: what the client may have; [] for nothing").flatMap(readScopes)
        guard let id, let audiences, let scopes else { return nil }
        var client = RegisteredClient(id: id, scopes: scopes, audiences: audiences)
        for (key, list) in [("scopes", scopes), ("audiences", audiences)] where list.count > RegisteredClient.listMax {
            object[key]?.report("must not hold more than \(RegisteredClient.listMax)")
        }
        if let isEnabled = object["enabled"]?.bool() { client.isEnabled = isEnabled }
        if let mayIntrospect = object["introspect"]?.bool() { client.mayIntrospect = mayIntrospect }
        client.lifetimeSeconds = object["lifetime_seconds"]?.integer(in: lifetimes).map(Int64.init)
        if let claims = object["claims"] { client.claims = readClaims(claims) }
        if let secrets = object["secrets"] { client.secrets = readSecrets(secrets) }
        client.keys = object["jwks"].flatMap(readKeys)
        client.certificate = object["certificate"]?.object(.clientCertificate).flatMap(readCertificate)
        return client
    }

    private static func readID(_ value: ConfigurationValue) -> String? {
        guard let text = value.text() else { return nil }
        if RegisteredClient.isID(text) { return text }
        value.report("must be 1 to \(RegisteredClient.idBytesMax) printable ASCII characters")
        return nil
    }

    private static func readScopes(_ value: ConfigurationValue) -> [String]? {
        if value.json.kind == .array, value.json.elements.isEmpty { return [] }
        return value.list(of: "scopes") { element, text in
            if Scopes.isScope(text) { return text }
            element.report("expected a scope: printable ASCII without spaces, \" and \\")
            return nil
        }
    }

    private static func readClaims(_ value: ConfigurationValue) -> [ClientClaim] {
        guard let entries = value.entries(of: "claims") else { return [] }
        if entries.count > RegisteredClient.listMax {
            value.report("must not hold more than \(RegisteredClient.listMax)")
        }
        return entries.compactMap { key, value in
            guard let text = value.text() else { return nil }
            if let claim = ClientClaim(key.written, text) { return claim }
            key.report("is a claim that the issuer sets itself")
            return nil
        }
    }

    private static func readSecrets(_ value: ConfigurationValue) -> [ClientSecret] {
        guard value.json.kind == .array else { return value.mismatch("an array of secrets") ?? [] }
        let elements = value.json.elements.map { ConfigurationValue(json: $0, source: value.source) }
        if elements.count > RegisteredClient.secretsMax {
            value.report("must not hold more than \(RegisteredClient.secretsMax)")
        }
        return elements.compactMap { element in
            guard let object = element.object(.clientSecret) else { return nil }
            let hash = object.required("hash", "missing: what scopeproxy client add and rotate write")
            let created = object.required("created", "missing: when the secret was made").flatMap(readTime)
            let expires = object["expires"].flatMap(readTime)
            guard let hash, let text = hash.text(), let created else { return nil }
            if let secret = ClientSecret(hash: text, created: created, expires: expires) { return secret }
            hash.report("expected sha256:SALT:DIGEST, in base64url, as scopeproxy client add and rotate write it")
            return nil
        }
    }

    private static func readTime(_ value: ConfigurationValue) -> UnixTime? {
        guard let text = value.text() else { return nil }
        if let time = Timestamp.parse(text) { return time }
        value.report("expected a time like 2026-07-12T08:30:00Z")
        return nil
    }

    private static func readKeys(_ value: ConfigurationValue) -> ClientKeys? {
        guard value.json.kind == .object else { return value.mismatch("a JWK set: {\"keys\": [...]}") }
        var json = JSONWriter()
        json.value(value.json)
        do throws(KeySetError) {
            let keys = try ClientKeys(parsing: json.bytes)
            if !keys.isEmpty { return keys }
            value.report("holds no usable key")
        } catch {
            if case .notJSON(let cause) = error, cause.kind == .duplicateMember { return nil }
            value.report("not usable: \(error.description)")
        }
        return nil
    }

    private static func readCertificate(_ object: ConfigurationObject) -> ClientCertificate? {
        let subject = object["subject"]?.text()
        let thumbprint = object["thumbprint"]?.text()
        if object.has("subject"), object.has("thumbprint") {
            object.report("name either the subject or the thumbprint, not both")
        } else if let subject {
            if subject.utf8.count < CallerCertificate.subjectBytesMax { return .subject(subject) }
            object["subject"]?.report("must be shorter than \(CallerCertificate.subjectBytesMax) bytes")
        } else if let thumbprint {
            let text = Array(thumbprint.utf8)
            if Base64URL.decode(text.span)?.count == 32 { return .thumbprint(thumbprint) }
            object["thumbprint"]?.report("expected SHA-256 of the certificate in base64url: 43 characters")
        } else if !object.has("subject"), !object.has("thumbprint") {
            object.report("name either the subject or the thumbprint")
        }
        return nil
    }
}
