import CLibSSL

/// A key that signs, made here and kept in memory: for the embedded authorization server and for tests. One thread.
@safe
package final class PrivateKey {
    package enum Kind: CaseIterable, Sendable {
        case rsa2048
        case p256
        case ed25519
    }

    /// The public half.
    package let material: KeyMaterial
    private let handle: KeyHandle

    private init(_ handle: KeyHandle, _ material: KeyMaterial) {
        self.handle = handle
        self.material = material
    }

    package static func generate(_ kind: Kind) -> PrivateKey {
        let pointer =
            switch kind {
            case .rsa2048: unsafe clibssl_generate_rsa(2048)
            case .p256: unsafe clibssl_generate_ec("P-256")
            case .ed25519: unsafe clibssl_generate_ed25519()
            }
        guard let pointer = unsafe pointer else { preconditionFailure("libcrypto cannot make keys") }
        let handle = unsafe KeyHandle(owning: pointer)
        let material: KeyMaterial =
            switch kind {
            case .rsa2048:
                .rsa(
                    modulus: handle.number(OSSL_PKEY_PARAM_RSA_N), exponent: handle.number(OSSL_PKEY_PARAM_RSA_E))
            case .p256:
                .elliptic(
                    .p256, x: handle.number(OSSL_PKEY_PARAM_EC_PUB_X, bytes: 32),
                    y: handle.number(OSSL_PKEY_PARAM_EC_PUB_Y, bytes: 32))
            case .ed25519: .edwards(.ed25519, x: handle.rawPublicKey(bytes: 32))
            }
        return PrivateKey(handle, material)
    }

    /// The signature of `input` in JOSE form (RFC 7518 section 3, RFC 8037 section 3.1). The algorithm has to fit the
    /// key: choosing it is the program's business, never a peer's.
    package func sign(_ algorithm: SignatureAlgorithm, _ input: Span<UInt8>) -> [UInt8] {
        precondition(material.resolve(algorithm) != nil, "an algorithm of another kind of key")
        let context = DigestContext()
        var keyContext: OpaquePointer?
        let name = algorithm.scheme.digestName
        // Sound: the key context belongs to the digest context, which outlives its use here.
        let ready = unsafe EVP_DigestSignInit_ex(context.pointer, &keyContext, name, nil, nil, handle.pointer, nil) == 1
        precondition(ready, "libcrypto cannot sign")
        if case .pss(let digest) = algorithm.scheme, let keyContext = unsafe keyContext {
            precondition(unsafe SignaturePadding.setPSS(keyContext, digest), "libcrypto cannot sign with PSS")
        }
        let signature = signature(of: input, with: context)
        if case .ecdsa(let curve, _) = algorithm.scheme { return raw(signature, curve) }
        return signature
    }

    private func signature(of input: Span<UInt8>, with context: DigestContext) -> [UInt8] {
        var length = Int(unsafe EVP_PKEY_get_size(handle.pointer))
        var signature = [UInt8](repeating: 0, count: length)
        // Sound: the buffer has the size that the key asks for, and `length` says so.
        let done = unsafe input.withUnsafeBufferPointer { input in
            unsafe EVP_DigestSign(context.pointer, &signature, &length, input.baseAddress, input.count) == 1
        }
        precondition(done, "libcrypto cannot sign")
        return Array(signature.prefix(length))
    }

    /// r || s of a DER signature that OpenSSL has just made.
    private func raw(_ der: [UInt8], _ curve: EllipticCurve) -> [UInt8] {
        // Sound: the pointer into the array is used only inside the closure; the parsed signature is a copy.
        let parsed = unsafe der.withUnsafeBufferPointer { buffer -> OpaquePointer? in
            var start = buffer.baseAddress
            return unsafe d2i_ECDSA_SIG(nil, &start, buffer.count)
        }
        guard let parsed = unsafe parsed else { preconditionFailure("libcrypto made a malformed signature") }
        defer { unsafe ECDSA_SIG_free(parsed) }
        let r = unsafe bigEndian(ECDSA_SIG_get0_r(parsed), bytes: curve.coordinateBytes)
        let s = unsafe bigEndian(ECDSA_SIG_get0_s(parsed), bytes: curve.coordinateBytes)
        return r + s
    }
}

extension SignatureAlgorithm.Scheme {
    /// The digest that the signing operation makes by itself; nil for EdDSA, which has its own inside.
    fileprivate var digestName: String? {
        switch self {
        case .pkcs1(let digest), .pss(let digest), .ecdsa(_, let digest):
            switch digest {
            case .sha256: "SHA256"
            case .sha384: "SHA384"
            case .sha512: "SHA512"
            }
        case .edwards: nil
        }
    }
}

extension KeyHandle {
    /// A number of the key, big-endian: in its shortest form, or in `bytes` bytes.
    fileprivate func number(_ name: String, bytes: Int? = nil) -> [UInt8] {
        var number: OpaquePointer?
        let found = unsafe EVP_PKEY_get_bn_param(pointer, name, &number) == 1
        precondition(found, "a key of this kind has this number")
        defer { unsafe BN_free(number) }
        return unsafe bigEndian(number, bytes: bytes ?? (Int(BN_num_bits(number)) + 7) / 8)
    }

    fileprivate func rawPublicKey(bytes: Int) -> [UInt8] {
        var key = [UInt8](repeating: 0, count: bytes)
        var length = bytes
        // Sound: the buffer has `length` bytes, and the call checks that they suffice.
        let done = unsafe EVP_PKEY_get_raw_public_key(pointer, &key, &length) == 1 && length == bytes
        precondition(done, "a key of this kind has a raw form")
        return key
    }
}

private func bigEndian(_ number: OpaquePointer?, bytes: Int) -> [UInt8] {
    var output = [UInt8](repeating: 0, count: bytes)
    // Sound: the call writes exactly `bytes` bytes, or fails when the number needs more.
    let written = unsafe BN_bn2binpad(number, &output, Int32(bytes))
    precondition(written == bytes, "the number fits its field")
    return output
}
