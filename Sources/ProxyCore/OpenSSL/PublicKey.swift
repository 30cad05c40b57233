import CLibSSL

/// A key that verifies signatures, ready to use: the contexts that OpenSSL needs are kept between verifications, which
/// brings the cost of one within a few percent of the bare operation.
///
/// Belongs to one worker and is used on its thread.
@safe
package final class PublicKey {
    package let material: KeyMaterial
    private let handle: KeyHandle
    private let digests = DigestContext()
    /// The prepared EVP_PKEY_CTX of each algorithm that was asked for, by raw value. RSA keys may get several.
    private var contexts = unsafe [OpaquePointer?](repeating: nil, count: SignatureAlgorithm.allCases.count)
    private let modulusBytes: Int

    /// Checks the material: sizes, exponent, that a point lies on its curve.
    package init(_ material: KeyMaterial) throws(KeyError) {
        self.material = material
        let handle = try KeyHandle(material)
        self.handle = handle
        modulusBytes = Int(unsafe EVP_PKEY_get_size(handle.pointer))
    }

    deinit {
        for unsafe context in unsafe contexts { unsafe EVP_PKEY_CTX_free(context) }
    }

    /// True when `signature`, in JOSE form, is one of `signingInput` by this key with `algorithm`. False also when the
    /// algorithm does not fit the key. There is no other outcome: what cannot be verified is not verified.
    package func verify(
        _ algorithm: SignatureAlgorithm, signingInput: Span<UInt8>, signature: Span<UInt8>
    ) -> Bool {
        guard material.resolve(algorithm) != nil else { return false }
        let valid =
            switch algorithm.scheme {
            case .pkcs1(let digest), .pss(let digest):
                signature.count == modulusBytes && verify(algorithm, digest, signingInput, signature)
            case .ecdsa(let curve, let digest):
                verifyECDSA(algorithm, curve, digest, signingInput, signature)
            case .edwards:
                verifyEdwards(signingInput, signature)
            }
        // A bad signature leaves errors behind, and the next user of this thread's queue would take them for its own.
        if !valid { ERR_clear_error() }
        return valid
    }

    private func verifyECDSA(
        _ algorithm: SignatureAlgorithm, _ curve: EllipticCurve, _ digest: DigestAlgorithm,
        _ signingInput: Span<UInt8>, _ signature: Span<UInt8>
    ) -> Bool {
        guard let der = ECDSASignature.der(of: signature, curve) else { return false }
        return verify(algorithm, digest, signingInput, der.span)
    }

    private func verify(
        _ algorithm: SignatureAlgorithm, _ digest: DigestAlgorithm,
        _ signingInput: Span<UInt8>, _ signature: Span<UInt8>
    ) -> Bool {
        guard let context = unsafe context(for: algorithm) else { return false }
        let hash = digests.digest(signingInput, with: digest)
        // Sound: both pointers are used only inside the call and come with their lengths.
        return unsafe signature.withUnsafeBufferPointer { signature in
            unsafe EVP_PKEY_verify(context, signature.baseAddress, signature.count, hash, hash.count) == 1
        }
    }

    /// EdDSA takes the message, not a digest of it.
    private func verifyEdwards(_ signingInput: Span<UInt8>, _ signature: Span<UInt8>) -> Bool {
        guard case .edwards(let curve, _) = material, signature.count == curve.signatureBytes else { return false }
        // Sound: the pointers are used only inside the calls and come with their lengths. The digest context holds its
        // own reference to the key.
        return unsafe signature.withUnsafeBufferPointer { signature in
            unsafe signingInput.withUnsafeBufferPointer { input in
                unsafe EVP_DigestVerifyInit(digests.pointer, nil, nil, nil, handle.pointer) == 1
                    && EVP_DigestVerify(
                        digests.pointer, signature.baseAddress, signature.count, input.baseAddress, input.count) == 1
            }
        }
    }

    private func context(for algorithm: SignatureAlgorithm) -> OpaquePointer? {
        let slot = Int(algorithm.rawValue)
        if let context = unsafe contexts[slot] { return unsafe context }
        guard let context = unsafe EVP_PKEY_CTX_new_from_pkey(nil, handle.pointer, nil) else { return nil }
        guard unsafe EVP_PKEY_verify_init(context) == 1, unsafe SignaturePadding.set(algorithm, context) else {
            unsafe EVP_PKEY_CTX_free(context)
            return nil
        }
        unsafe contexts[slot] = context
        return unsafe context
    }
}

/// How the signatures of JOSE are made, told to OpenSSL.
enum SignaturePadding {
    /// Sets digest and padding of `algorithm`; false for EdDSA, which takes no digest.
    static func set(_ algorithm: SignatureAlgorithm, _ context: OpaquePointer) -> Bool {
        switch algorithm.scheme {
        case .pkcs1(let digest):
            unsafe EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1
                && EVP_PKEY_CTX_set_signature_md(context, digest.method) == 1
        case .pss(let digest):
            unsafe setPSS(context, digest)
        case .ecdsa(_, let digest):
            unsafe EVP_PKEY_CTX_set_signature_md(context, digest.method) == 1
        case .edwards:
            false
        }
    }

    /// RFC 7518 section 3.5: MGF1 with the same digest, a salt of the digest's length.
    private static func setPSS(_ context: OpaquePointer, _ digest: DigestAlgorithm) -> Bool {
        unsafe EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1
            && EVP_PKEY_CTX_set_signature_md(context, digest.method) == 1
            && EVP_PKEY_CTX_set_rsa_mgf1_md(context, digest.method) == 1
            && EVP_PKEY_CTX_set_rsa_pss_saltlen(context, Int32(digest.byteCount)) == 1
    }
}
