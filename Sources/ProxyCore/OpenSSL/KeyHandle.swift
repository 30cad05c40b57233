import CLibSSL

/// Why a key cannot be used.
package enum KeyError: Error, Equatable, Sendable {
    /// RSA below 2048 bits (RFC 7518 section 3.3).
    case modulusTooShort
    /// RSA above 16384 bits, where a single verification takes milliseconds.
    case modulusTooLong
    /// An RSA modulus that is even, or an exponent that is even, below 3 or above 64 bits.
    case unsoundNumbers
    /// A coordinate that does not have the length of its curve's field (RFC 7518 section 6.2.1.2).
    case wrongCoordinateLength
    /// Coordinates that are no point of the curve.
    case notOnCurve
}

/// An EVP_PKEY that is freed with its owner. One thread.
@safe
final class KeyHandle {
    let pointer: OpaquePointer

    /// Takes over a reference.
    init(owning pointer: OpaquePointer) { unsafe self.pointer = pointer }

    /// The public key of that material, checked.
    convenience init(_ material: KeyMaterial) throws(KeyError) {
        let pointer =
            switch material {
            case .rsa(let modulus, let exponent): try unsafe Self.rsa(modulus, exponent)
            case .elliptic(let curve, let x, let y): try unsafe Self.elliptic(curve, x, y)
            case .edwards(let curve, let x): try unsafe Self.edwards(curve, x)
            }
        unsafe self.init(owning: pointer)
    }

    deinit { unsafe EVP_PKEY_free(pointer) }

    private static func rsa(_ modulus: [UInt8], _ exponent: [UInt8]) throws(KeyError) -> OpaquePointer {
        // Some issuers send the sign byte of ASN.1 along; it does not change the number.
        let modulus = Array(modulus.drop { $0 == 0 })
        let exponent = Array(exponent.drop { $0 == 0 })
        let bits = modulus.count * 8 - (modulus.first?.leadingZeroBitCount ?? 0)
        guard bits >= 2048 else { throw .modulusTooShort }
        guard bits <= 16384 else { throw .modulusTooLong }
        guard let oddModulus = modulus.last, oddModulus & 1 == 1 else { throw .unsoundNumbers }
        // OpenSSL refuses longer exponents with large moduli anyway; none is in use, and they cost time.
        guard exponent.count <= 8, let last = exponent.last, last & 1 == 1, exponent != [1] else {
            throw .unsoundNumbers
        }
        let n = unsafe BN_bin2bn(modulus, Int32(modulus.count), nil)
        let e = unsafe BN_bin2bn(exponent, Int32(exponent.count), nil)
        // The builder refers to the numbers until the key is built.
        defer {
            unsafe BN_free(n)
            unsafe BN_free(e)
        }
        let pointer = unsafe build("RSA") { builder in
            unsafe OSSL_PARAM_BLD_push_BN(builder, ParameterName.modulus.cString, n) == 1
                && OSSL_PARAM_BLD_push_BN(builder, ParameterName.exponent.cString, e) == 1
        }
        guard let pointer = unsafe pointer else { throw .unsoundNumbers }
        return unsafe pointer
    }

    private static func elliptic(_ curve: EllipticCurve, _ x: [UInt8], _ y: [UInt8]) throws(KeyError) -> OpaquePointer {
        guard x.count == curve.coordinateBytes, y.count == curve.coordinateBytes else { throw .wrongCoordinateLength }
        // The uncompressed form of SEC 1 section 2.3.3.
        let point = [0x04] + x + y
        // Sound: the builder refers to the point until the key is built, and that happens inside the closure.
        let pointer = unsafe point.withUnsafeBytes { point in
            unsafe build("EC") { builder in
                unsafe OSSL_PARAM_BLD_push_utf8_string(builder, ParameterName.group.cString, curve.name.cString, 0) == 1
                    && OSSL_PARAM_BLD_push_octet_string(
                        builder, ParameterName.publicKey.cString, point.baseAddress, point.count) == 1
            }
        }
        guard let pointer = unsafe pointer else { throw .notOnCurve }
        guard unsafe isSoundPublicKey(pointer) else {
            unsafe EVP_PKEY_free(pointer)
            throw .notOnCurve
        }
        return unsafe pointer
    }

    private static func edwards(_ curve: EdwardsCurve, _ x: [UInt8]) throws(KeyError) -> OpaquePointer {
        guard x.count == curve.keyBytes else { throw .wrongCoordinateLength }
        // Sound: the name and the key are copied by the call.
        let pointer = unsafe EVP_PKEY_new_raw_public_key_ex(nil, curve.name.description, nil, x, x.count)
        guard let pointer = unsafe pointer else {
            ERR_clear_error()
            throw .notOnCurve
        }
        return unsafe pointer
    }

    /// Builds a public key of `type` from the parameters that `fill` adds; nil when OpenSSL refuses them. The builder
    /// copies neither names nor values, nor does the context copy its type: they have to live until this returns.
    private static func build(_ type: StaticString, _ fill: (OpaquePointer) -> Bool) -> OpaquePointer? {
        guard let builder = unsafe OSSL_PARAM_BLD_new() else { return nil }
        defer { unsafe OSSL_PARAM_BLD_free(builder) }
        guard unsafe fill(builder), let parameters = unsafe OSSL_PARAM_BLD_to_param(builder) else { return nil }
        defer { unsafe OSSL_PARAM_free(parameters) }
        guard let context = unsafe EVP_PKEY_CTX_new_from_name(nil, type.cString, nil) else { return nil }
        defer { unsafe EVP_PKEY_CTX_free(context) }
        var pointer: OpaquePointer?
        // Sound: parameters end with OSSL_PARAM_END, which to_param has written; the key copies what it needs.
        let built = unsafe EVP_PKEY_fromdata_init(context) == 1
            && EVP_PKEY_fromdata(context, &pointer, clibssl_public_key_selection(), parameters) == 1
        if !built { ERR_clear_error() }
        return unsafe pointer
    }

    /// SP 800-56A section 5.6.2.3: in range, on the curve, and not the point at infinity.
    private static func isSoundPublicKey(_ pointer: OpaquePointer) -> Bool {
        guard let context = unsafe EVP_PKEY_CTX_new_from_pkey(nil, pointer, nil) else { return false }
        defer { unsafe EVP_PKEY_CTX_free(context) }
        let sound = unsafe EVP_PKEY_public_check_quick(context) == 1
        if !sound { ERR_clear_error() }
        return sound
    }
}

/// The names of OpenSSL's parameters (openssl/core_names.h), as literals: the builder keeps pointers to them.
private enum ParameterName {
    static let modulus: StaticString = "n"
    static let exponent: StaticString = "e"
    static let group: StaticString = "group"
    static let publicKey: StaticString = "pub"
}

extension StaticString {
    fileprivate var cString: UnsafePointer<CChar> {
        // Sound: a literal's storage ends with a NUL and lives for ever; CChar and UInt8 have the same layout.
        unsafe UnsafeRawPointer(utf8Start).assumingMemoryBound(to: CChar.self)
    }
}
