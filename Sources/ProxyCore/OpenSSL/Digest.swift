import CLibSSL

/// One-shot digests.
package enum Digest {
    /// SHA-256 (FIPS 180-4): 32 bytes.
    package static func sha256(_ bytes: Span<UInt8>) -> [UInt8] {
        let context = DigestContext()
        return context.digest(bytes, with: .sha256)
    }
}

/// The digests of the signature algorithms.
enum DigestAlgorithm: UInt8, CaseIterable {
    case sha256
    case sha384
    case sha512

    var byteCount: Int {
        switch self {
        case .sha256: 32
        case .sha384: 48
        case .sha512: 64
        }
    }

    /// OpenSSL's implementation. Fetched once for the whole process: a fetch costs more than a digest.
    var method: OpaquePointer {
        let address =
            switch self {
            case .sha256: Self.fetchedSHA256
            case .sha384: Self.fetchedSHA384
            case .sha512: Self.fetchedSHA512
            }
        // Sound: the address is that of an EVP_MD which is never freed and never changes, so any thread may use it.
        guard let method = unsafe OpaquePointer(bitPattern: address) else {
            preconditionFailure("libcrypto has no SHA-2")
        }
        return unsafe method
    }

    // Kept as numbers because a pointer cannot be shared between threads by its type.
    private static let fetchedSHA256 = fetch("SHA256")
    private static let fetchedSHA384 = fetch("SHA384")
    private static let fetchedSHA512 = fetch("SHA512")

    private static func fetch(_ name: String) -> UInt {
        // Sound: the name is copied by the call; the reference that it returns is kept for ever.
        UInt(bitPattern: unsafe EVP_MD_fetch(nil, name, nil))
    }
}

/// An EVP_MD_CTX, reused from digest to digest. One thread.
@safe
final class DigestContext {
    let pointer: OpaquePointer

    init() {
        guard let pointer = unsafe EVP_MD_CTX_new() else { preconditionFailure("out of memory") }
        unsafe self.pointer = pointer
    }

    deinit { unsafe EVP_MD_CTX_free(pointer) }

    func digest(_ bytes: Span<UInt8>, with algorithm: DigestAlgorithm) -> [UInt8] {
        var output = [UInt8](repeating: 0, count: algorithm.byteCount)
        // Sound: the input pointer is used only inside the closure; the output has exactly the digest's length.
        let done = unsafe bytes.withUnsafeBytes { input in
            unsafe EVP_DigestInit_ex2(pointer, algorithm.method, nil) == 1
                && EVP_DigestUpdate(pointer, input.baseAddress, input.count) == 1
                && EVP_DigestFinal_ex(pointer, &output, nil) == 1
        }
        precondition(done, "a digest over memory cannot fail")
        return output
    }
}
