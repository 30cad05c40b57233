import CLibSSL

/// An X.509 certificate (RFC 5280), read and never changed: any thread may use it.
final class TLSCertificate: Sendable {
    // A number, because a pointer cannot be shared between threads by its type.
    private let address: UInt

    /// Takes over a reference.
    init(owning pointer: OpaquePointer) { address = UInt(bitPattern: pointer) }

    deinit { unsafe X509_free(pointer) }

    var pointer: OpaquePointer {
        // Sound: the address is that of an X509 which lives as long as this, and which nobody changes.
        guard let pointer = unsafe OpaquePointer(bitPattern: address) else { preconditionFailure("never zero") }
        return unsafe pointer
    }

    /// The certificates of a PEM text, at most `max`, in their order; nil when one of them is malformed or there are
    /// more. What is no certificate is passed over.
    static func all(inPEM bytes: Span<UInt8>, max: Int) -> [TLSCertificate]? {
        unsafe PEMText.read(bytes) { bio in
            var certificates: [TLSCertificate] = []
            while let pointer = unsafe clibssl_read_certificate(bio) {
                certificates.append(unsafe TLSCertificate(owning: pointer))
                guard certificates.count <= max else { return nil }
            }
            return PEMText.hasEnded ? certificates : nil
        }
    }

    var summary: CertificateSummary { unsafe CertificateSummary(pointer) }
}

/// What a person has to know of a certificate.
package struct CertificateSummary: Sendable, Equatable {
    /// The DNS names that it is for (subject alternative names, RFC 9525 section 4), in lower case; at most `namesMax`.
    package let hostNames: [String]
    /// The addresses that it is for; at most `namesMax`.
    package let addresses: [IPAddress]
    package let notBefore: UnixTime
    package let notAfter: UnixTime
    /// On one line, in the form of RFC 2253; the certificate's maker chose it.
    package let subject: String
    package let issuer: String

    package static let namesMax = 1000

    /// Sound: the pointer is that of an X509, which is only read and lives for the call.
    init(_ certificate: OpaquePointer) {
        notBefore = UnixTime(unsafe clibssl_unix_time(X509_get0_notBefore(certificate)))
        notAfter = UnixTime(unsafe clibssl_unix_time(X509_get0_notAfter(certificate)))
        subject = unsafe Self.text(X509_get_subject_name(certificate))
        issuer = unsafe Self.text(X509_get_issuer_name(certificate))
        var hostNames: [String] = []
        var addresses: [IPAddress] = []
        if let names = unsafe clibssl_subject_names(certificate) {
            for index in 0..<min(Int32(Self.namesMax), unsafe clibssl_subject_name_count(names)) {
                var count: Int32 = 0
                // Sound: the bytes live as long as the names, and are copied here.
                if let start = unsafe clibssl_host_name(names, index, &count) {
                    hostNames.append(Self.hostName(unsafe Array(UnsafeBufferPointer(start: start, count: Int(count)))))
                } else if let start = unsafe clibssl_address(names, index, &count) {
                    let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: Int(count)))
                    if let address = Self.address(bytes) { addresses.append(address) }
                }
            }
            unsafe clibssl_subject_names_free(names)
        }
        self.hostNames = hostNames
        self.addresses = addresses
        // A certificate may hold what cannot be decoded.
        ERR_clear_error()
    }

    private static func hostName(_ bytes: [UInt8]) -> String {
        String(decoding: bytes.prefix(253).map(ASCII.lowercased), as: UTF8.self)
    }

    private static func address(_ bytes: [UInt8]) -> IPAddress? {
        func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
        switch bytes.count {
        case 4: return IPAddress(v4: UInt32(number(bytes[...])))
        case 16: return IPAddress(high: number(bytes[..<8]), low: number(bytes[8...]))
        case _: return nil
        }
    }

    private static func text(_ name: OpaquePointer?) -> String {
        guard let bio = unsafe BIO_new(BIO_s_mem()) else { return "" }
        defer { unsafe BIO_free(bio) }
        guard unsafe clibssl_print_name(bio, name) >= 0 else { return "" }
        return unsafe String(decoding: PEMText.bytes(written: bio).prefix(256), as: UTF8.self)
    }
}
