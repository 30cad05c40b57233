import CLibSSL

/// Texts that hold certificates and keys between `-----BEGIN` and `-----END` lines (RFC 7468).
enum PEMText {
    /// Lends the bytes to `body` as something to read from.
    static func read<Value>(_ bytes: Span<UInt8>, _ body: (OpaquePointer) -> Value) -> Value {
        // Sound: the BIO reads the bytes where they lie, and goes before the closure ends.
        unsafe bytes.withUnsafeBytes { bytes in
            // An empty text has no address, which would not do.
            let start = unsafe bytes.baseAddress ?? UnsafeRawPointer(StaticString("").utf8Start)
            guard let bio = unsafe BIO_new_mem_buf(start, Int32(bytes.count)) else {
                preconditionFailure("out of memory")
            }
            defer {
                unsafe BIO_free(bio)
                ERR_clear_error()
            }
            return unsafe body(bio)
        }
    }

    /// True when reading ended because there was nothing more of the kind, rather than with something malformed.
    static var hasEnded: Bool {
        let error = ERR_peek_last_error()
        return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE
    }

    /// A copy of what was written to a BIO in memory.
    static func bytes(written bio: OpaquePointer) -> [UInt8] {
        var start: UnsafeMutablePointer<CChar>?
        // Sound: the bytes live until the BIO changes, and are copied here.
        let count = unsafe clibssl_memory_bytes(bio, &start)
        return unsafe UnsafeRawBufferPointer(start: start, count: Int(count)).map(\.self)
    }
}
