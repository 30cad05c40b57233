import CLibSSL

/// True when both hold the same bytes, in a time that depends only on their lengths: for comparing secrets.
package func constantTimeEquals(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
    guard left.count == right.count else { return false }
    // Sound: both pointers cover `left.count` bytes and are used only inside the closures.
    return unsafe left.withUnsafeBytes { left in
        unsafe right.withUnsafeBytes { right in
            unsafe CRYPTO_memcmp(left.baseAddress, right.baseAddress, left.count) == 0
        }
    }
}
