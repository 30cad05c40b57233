import CLibSSL

/// A key that signs: for the authorization server and for tests. One thread.
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
    private let digests = DigestContext()
    /// The prepared EVP_PKEY_CTX of each algorithm that was signed with, by raw value.
    private var contexts = unsafe [OpaquePointer?](repeating: nil, count: SignatureAlgorithm.allCases.count)

    private init(_ handle: KeyHandle, _ material: KeyMaterial) {
        self.handle = handle
        self.material = material
    }

    deinit {
        for unsafe context in unsafe contexts { unsafe EVP_PKEY_CTX_free(context) }
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
        return PrivateKey(handle, handle.material(of: kind))
    }

    /// The key in the text form of PKCS #8 without a pass phrase (RFC 7468 section 10); nil when it is none, or none
    /// of `Kind`.
    package convenience init?(pem: Span<UInt8>) {
        // Sound: the stream reads the bytes in place, and both end with the closure.
        let pointer = unsafe pem.withUnsafeBytes { bytes -> OpaquePointer? in
            guard let stream = unsafe BIO_new_mem_buf(bytes.baseAddress, Int32(clamping: bytes.count)) else {
                return nil
            }
            defer { unsafe BIO_free(stream) }
            // An empty pass phrase, so that nobody is asked for one at the terminal.
            return unsafe PEM_read_bio_PrivateKey(stream, nil, { _, _, _, _ in 0 }, nil)
        }
        guard let pointer = unsafe pointer else {
            ERR_clear_error()
            return nil
        }
        let handle = unsafe KeyHandle(owning: pointer)
        guard let kind = handle.kind else { return nil }
        self.init(handle, handle.material(of: kind))
    }

    /// The text form that `init(pem:)` reads. Whoever has it can sign.
    package var pem: SecretBytes {
        // Its memory is wiped when it goes.
        guard let stream = unsafe BIO_new(BIO_s_mem()) else { preconditionFailure("out of memory") }
        defer { unsafe BIO_free(stream) }
        let written = unsafe PEM_write_bio_PrivateKey(stream, handle.pointer, nil, nil, 0, nil, nil) == 1
        precondition(written, "libcrypto can write its own keys")
        let count = unsafe BIO_ctrl_pending(stream)
        // Sound: the call writes at most as many bytes as the place has.
        let text = unsafe SecretBytes(count: count) { place in
            unsafe BIO_read(stream, place.baseAddress, Int32(place.count)) == Int32(count)
        }
        guard let text else { preconditionFailure("what was written can be read") }
        return text
    }

    /// The signature of `input` in JOSE form (RFC 7518 section 3, RFC 8037 section 3.1). The algorithm has to fit the
    /// key: choosing it is the program's business, never a peer's.
    package func sign(_ algorithm: SignatureAlgorithm, _ input: Span<UInt8>) -> [UInt8] {
        precondition(material.resolve(algorithm) != nil, "an algorithm of another kind of key")
        switch algorithm.scheme {
        case .pkcs1(let digest), .pss(let digest): return sign(algorithm, digests.digest(input, with: digest))
        case .ecdsa(let curve, let digest):
            let signature = sign(algorithm, digests.digest(input, with: digest))
            return ECDSASignature.raw(of: signature.span, curve)
        case .edwards: return signEdwards(input)
        }
    }

    private func sign(_ algorithm: SignatureAlgorithm, _ hash: [UInt8]) -> [UInt8] {
        let context = unsafe context(for: algorithm)
        var length = Int(unsafe EVP_PKEY_get_size(handle.pointer))
        var signature = [UInt8](repeating: 0, count: length)
        // Sound: the buffer has the size that the key asks for, and `length` says so.
        let done = unsafe EVP_PKEY_sign(context, &signature, &length, hash, hash.count) == 1
        precondition(done, "libcrypto cannot sign")
        signature.removeLast(signature.count - length)
        return signature
    }

    /// EdDSA takes the message, not a digest of it.
    private func signEdwards(_ input: Span<UInt8>) -> [UInt8] {
        var length = Int(unsafe EVP_PKEY_get_size(handle.pointer))
        var signature = [UInt8](repeating: 0, count: length)
        // Sound: the buffer has the size that the key asks for, and `length` says so. The digest context holds its own
        // reference to the key.
        let done = unsafe input.withUnsafeBufferPointer { input in
            unsafe EVP_DigestSignInit(digests.pointer, nil, nil, nil, handle.pointer) == 1
                && EVP_DigestSign(digests.pointer, &signature, &length, input.baseAddress, input.count) == 1
        }
        precondition(done, "libcrypto cannot sign")
        return Array(signature.prefix(length))
    }

    /// Made once for each algorithm: that costs about as much as a signature.
    private func context(for algorithm: SignatureAlgorithm) -> OpaquePointer {
        let slot = Int(algorithm.rawValue)
        if let context = unsafe contexts[slot] { return unsafe context }
        guard let context = unsafe EVP_PKEY_CTX_new_from_pkey(nil, handle.pointer, nil) else {
            preconditionFailure("out of memory")
        }
        let isReady = unsafe EVP_PKEY_sign_init(context) == 1 && SignaturePadding.set(algorithm, context)
        precondition(isReady, "libcrypto cannot sign")
        unsafe contexts[slot] = context
        return unsafe context
    }
}

extension KeyHandle {
    /// nil for a key that no `PrivateKey` can be.
    fileprivate var kind: PrivateKey.Kind? {
        if unsafe EVP_PKEY_is_a(pointer, "RSA") == 1 {
            return unsafe EVP_PKEY_get_bits(pointer) == 2048 ? .rsa2048 : nil
        }
        if unsafe EVP_PKEY_is_a(pointer, "ED25519") == 1 { return .ed25519 }
        guard unsafe EVP_PKEY_is_a(pointer, "EC") == 1 else { return nil }
        var name = [CChar](repeating: 0, count: 64)
        var count = 0
        // Sound: the buffer has 64 bytes, which is what the call is told.
        guard unsafe EVP_PKEY_get_group_name(pointer, &name, name.count, &count) == 1 else { return nil }
        let letters = name.prefix(count).map { UInt8(bitPattern: $0) }
        return String(decoding: letters, as: UTF8.self) == "prime256v1" ? .p256 : nil
    }

    fileprivate func material(of kind: PrivateKey.Kind) -> KeyMaterial {
        switch kind {
        case .rsa2048:
            .rsa(modulus: number(OSSL_PKEY_PARAM_RSA_N), exponent: number(OSSL_PKEY_PARAM_RSA_E))
        case .p256:
            .elliptic(
                .p256, x: number(OSSL_PKEY_PARAM_EC_PUB_X, bytes: 32), y: number(OSSL_PKEY_PARAM_EC_PUB_Y, bytes: 32))
        case .ed25519: .edwards(.ed25519, x: rawPublicKey(bytes: 32))
        }
    }

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
