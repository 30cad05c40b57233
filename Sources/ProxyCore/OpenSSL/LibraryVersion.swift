import CLibSSL

/// The libcrypto that the process runs with, which need not be the one that it was built with.
package enum LibraryVersion {
    /// As in "3.0.17".
    package static var number: String {
        // Sound: constant text of the library, copied at once.
        guard let text = unsafe OpenSSL_version(OPENSSL_FULL_VERSION_STRING) else { return "unknown" }
        return unsafe String(cString: text)
    }
}
