/// The JWT by which a client that has a private key authenticates (RFC 7523 section 2.2): made for one request.
enum SignedProof {
    /// What `client_assertion_type` says.
    static let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

    /// Long enough for clocks that are a little apart, and too short to be worth stealing.
    private static let lifetimeSeconds: Int64 = 120

    /// - Parameters:
    ///   - file: where the private key is.
    ///   - audience: the token endpoint.
    static func make(
        client: String, audience: String, file: String, keyID: String?, now: UnixTime
    ) throws(TokenFailure) -> String {
        let text = try SecretPlace.bytes(of: file)
        guard let key = PrivateKey(pem: text.span) else {
            throw .credentials(
                .unusable(
                    path: file,
                    "holds no private key that can sign here: RSA of 2048 bits, P-256 or Ed25519, in PEM form, "
                        + "without a password"))
        }
        let algorithm = algorithm(for: key.material)
        let header = header(algorithm, keyID)
        var proof = Base64URL.encode(header.span)
        proof.append(ASCII.dot)
        let claims = claims(client, audience, now)
        proof += Base64URL.encode(claims.span)
        let signature = key.sign(algorithm, proof.span)
        proof.append(ASCII.dot)
        proof += Base64URL.encode(signature.span)
        return String(decoding: proof, as: UTF8.self)
    }

    private static func algorithm(for material: KeyMaterial) -> SignatureAlgorithm {
        let fitting: [SignatureAlgorithm] = [.es256, .rs256, .edDSA]
        guard let algorithm = fitting.first(where: { material.resolve($0) != nil }) else {
            preconditionFailure("every kind of private key has its algorithm")
        }
        return algorithm
    }

    private static func header(_ algorithm: SignatureAlgorithm, _ keyID: String?) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("alg")
        json.string(algorithm.name)
        json.key("typ")
        json.string("JWT")
        if let keyID {
            json.key("kid")
            json.string(keyID)
        }
        json.endObject()
        return json.bytes
    }

    private static func claims(_ client: String, _ audience: String, _ now: UnixTime) -> [UInt8] {
        let random = SecureRandom.bytes(16)
        var json = JSONWriter()
        json.beginObject()
        let id = Base64URL.encode(random.span).span.text
        for (name, value) in [("iss", client), ("sub", client), ("aud", audience), ("jti", id)] {
            json.key(name)
            json.string(value)
        }
        json.key("iat")
        json.number(now.seconds)
        json.key("exp")
        json.number(now.seconds + lifetimeSeconds)
        json.endObject()
        return json.bytes
    }
}
