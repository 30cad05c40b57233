/// `/keys`: the keys of every issuer, where they came from and how they are used.
enum KeysPage {
    static func write(_ statuses: [KeyStatus], now: UnixTime, to json: inout JSONWriter) {
        json.beginObject()
        json.key("issuers")
        json.beginArray()
        for status in statuses { write(status, now, to: &json) }
        json.endArray()
        json.endObject()
    }

    private static func write(_ status: KeyStatus, _ now: UnixTime, to json: inout JSONWriter) {
        json.beginObject()
        json.key("issuer")
        json.string(status.issuer)
        json.key("source")
        if let snapshot = status.snapshot { json.string(word(for: snapshot.origin)) } else { json.null() }
        json.key("uri")
        if let location = status.snapshot?.location { json.string(location.text) } else { json.null() }
        AdminText.write("fetched", status.snapshot?.fetchedAt, to: &json)
        json.key("age_seconds")
        if let age = status.age(at: now) { json.number(age) } else { json.null() }
        AdminText.write("expires", status.snapshot?.origin == .network ? status.freshUntil : nil, to: &json)
        AdminText.write("retry", status.retryAt, to: &json)
        json.key("last_error")
        if let failure = status.lastFailure { write(failure, to: &json) } else { json.null() }
        writeKeys(status.snapshot?.keys, to: &json)
        json.endObject()
    }

    private static func write(_ failure: KeyStatus.Failure, to json: inout JSONWriter) {
        AdminText.write(failure.failure.cause, failure.failure.message, at: failure.at, to: &json)
    }

    private static func writeKeys(_ set: KeySet?, to json: inout JSONWriter) {
        json.key("keys")
        json.beginArray()
        if let set {
            for (key, use) in zip(set.keys, set.uses) { write(key, use, to: &json) }
        }
        json.endArray()
        json.key("skipped")
        json.beginArray()
        for key in set?.skipped ?? [] {
            json.beginObject()
            json.key("position")
            json.number(key.position)
            writeKeyID(key.keyID, to: &json)
            json.key("why")
            json.string(key.reason.description)
            json.endObject()
        }
        json.endArray()
    }

    private static func write(_ key: JSONWebKey, _ use: KeyUse, to json: inout JSONWriter) {
        json.beginObject()
        writeKeyID(key.keyID, to: &json)
        for (name, value) in key.material.members where name.bytes.equals("kty") || name.bytes.equals("crv") {
            json.key(name)
            json.string(value)
        }
        json.key("alg")
        if let algorithm = key.algorithm { json.string(algorithm.name) } else { json.null() }
        AdminText.write("last_used", use.last, to: &json)
        json.endObject()
    }

    private static func writeKeyID(_ keyID: [UInt8]?, to json: inout JSONWriter) {
        json.key("kid")
        if let keyID { json.string(keyID.span) } else { json.null() }
    }

    private static func word(for origin: KeySnapshot.Origin) -> StaticString {
        switch origin {
        case .network: "network"
        case .file: "file"
        case .inline: "inline"
        case .diskCopy: "disk_copy"
        }
    }
}
