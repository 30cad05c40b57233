/// Why a key of a set is passed over (RFC 7517 section 5: what is not understood is ignored).
package enum KeySkipReason: Error, Equatable, Sendable {
    case notAnObject
    /// A member that is needed is missing, or is not of its form.
    case malformedMember
    case unsupportedKeyType
    /// `oct`: a secret has no place among public keys, and HMAC none here.
    case symmetricKey
    case unsupportedCurve
    case notForSignatures
    case notForVerification
    case unsupportedAlgorithm
    /// `alg` does not fit `kty` and `crv`.
    case algorithmMismatch
    case unsound(KeyError)
    case duplicate

    package var description: StaticString {
        switch self {
        case .notAnObject: "not a JSON object"
        case .malformedMember: "a member is missing or malformed"
        case .unsupportedKeyType: "kty is none of RSA, EC, OKP"
        case .symmetricKey: "a symmetric key"
        case .unsupportedCurve: "crv is not supported"
        case .notForSignatures: "use is not sig"
        case .notForVerification: "key_ops does not hold verify"
        case .unsupportedAlgorithm: "alg is not a supported signature algorithm"
        case .algorithmMismatch: "alg does not fit the kind of key"
        case .unsound(.modulusTooShort): "RSA key below 2048 bits"
        case .unsound(.modulusTooLong): "RSA key above 16384 bits"
        case .unsound(.unsoundNumbers): "RSA modulus or exponent is not sound"
        case .unsound(.wrongCoordinateLength): "a coordinate has the wrong length"
        case .unsound(.notOnCurve): "the point is not on the curve"
        case .duplicate: "the same key was given before in the set"
        }
    }
}

/// A public key that an issuer publishes, usable for verifying signatures (RFC 7517).
package struct JSONWebKey: Sendable, Equatable {
    package let keyID: [UInt8]?
    /// The one algorithm that the key may be used with, by its fully specified name; nil for every one that fits.
    package let algorithm: SignatureAlgorithm?
    package let material: KeyMaterial
    package let identity: KeyIdentity

    /// Reads one member of a set. Private members of the key are not looked at.
    package init(_ value: JSONValue) throws(KeySkipReason) {
        guard value.kind == .object else { throw .notAnObject }
        try Self.checkPurpose(value)
        keyID = try Self.text(value["kid"])
        material = try Self.readMaterial(value)
        if let name = try Self.text(value["alg"]) {
            guard let named = SignatureAlgorithm(name: name.span) else { throw .unsupportedAlgorithm }
            guard let resolved = material.resolve(named) else { throw .algorithmMismatch }
            algorithm = resolved
        } else {
            algorithm = nil
        }
        identity = KeyIdentity(keyID: keyID, algorithm: algorithm, material: material)
    }

    /// The fully specified algorithm under which the key verifies a token that names `algorithm`; nil when the two do
    /// not fit, or the key is for another algorithm.
    package func resolve(_ algorithm: SignatureAlgorithm) -> SignatureAlgorithm? {
        guard let resolved = material.resolve(algorithm) else { return nil }
        return self.algorithm == nil || self.algorithm == resolved ? resolved : nil
    }

    /// RFC 7517 sections 4.2 and 4.3.
    private static func checkPurpose(_ value: JSONValue) throws(KeySkipReason) {
        if let use = try text(value["use"]), !use.span.equals("sig") { throw .notForSignatures }
        guard let operations = value["key_ops"] else { return }
        guard operations.kind == .array else { throw .malformedMember }
        let verifies = operations.elements.contains { $0.isString(equalTo: StaticString("verify").bytes) }
        guard verifies else { throw .notForVerification }
    }

    private static func readMaterial(_ value: JSONValue) throws(KeySkipReason) -> KeyMaterial {
        guard let type = value["kty"]?.string else { throw .malformedMember }
        switch type {
        case "RSA": return .rsa(modulus: try bytes(value["n"]), exponent: try bytes(value["e"]))
        case "EC":
            let name = try curveName(value)
            guard let curve = EllipticCurve.allCases.first(where: { name.span.equals($0.name) }) else {
                throw .unsupportedCurve
            }
            return .elliptic(curve, x: try bytes(value["x"]), y: try bytes(value["y"]))
        case "OKP":
            let name = try curveName(value)
            guard let curve = EdwardsCurve.allCases.first(where: { name.span.equals($0.name) }) else {
                throw .unsupportedCurve
            }
            return .edwards(curve, x: try bytes(value["x"]))
        case "oct": throw .symmetricKey
        case _: throw .unsupportedKeyType
        }
    }

    private static func curveName(_ value: JSONValue) throws(KeySkipReason) -> [UInt8] {
        guard let name = try text(value["crv"]) else { throw .malformedMember }
        return name
    }

    /// A member that holds base64url.
    private static func bytes(_ value: JSONValue?) throws(KeySkipReason) -> [UInt8] {
        guard let encoded = try text(value), let bytes = Base64URL.decode(encoded.span) else {
            throw .malformedMember
        }
        return bytes
    }

    /// The text of a member that has to be a string where it is present.
    private static func text(_ value: JSONValue?) throws(KeySkipReason) -> [UInt8]? {
        guard let value else { return nil }
        guard let bytes = value.stringBytes else { throw .malformedMember }
        return bytes
    }
}
