import CLibSSL

/// A certificate with its private key, both as PEM.
package struct IssuedCertificate: Sendable {
    package let certificate: [UInt8]
    package let privateKey: [UInt8]
}

/// A throw-away certification authority, for the demo and for tests: its key never leaves the memory, and what it
/// issues is good for days. One thread.
@safe
package final class CertificateAuthority {
    /// What a certificate is made for.
    package enum Use: Sendable {
        case server
        case client

        fileprivate var extendedKeyUsage: String {
            switch self {
            case .server: "serverAuth"
            case .client: "clientAuth"
            }
        }
    }

    private let key: KeyHandle
    /// Owned.
    private let certificate: OpaquePointer
    /// The authority's own certificate as PEM: what others have to trust.
    package let pem: [UInt8]

    /// - Parameter name: the subject's common name, ours to choose.
    package static func make(
        name: String, now: UnixTime, lifetime: Interval = .seconds(7 * 86_400)
    ) -> CertificateAuthority {
        CertificateAuthority(name, now, lifetime)
    }

    private init(_ name: String, _ now: UnixTime, _ lifetime: Interval) {
        key = Self.makeKey()
        let validity = Validity(notBefore: UnixTime(now.seconds - 3600), lifetime: lifetime)
        let certificate = unsafe Self.make(name, key, validity)
        unsafe X509_set_issuer_name(certificate, X509_get_subject_name(certificate))
        unsafe Self.add(NID_basic_constraints, "critical,CA:TRUE", to: certificate, issuer: certificate)
        unsafe Self.add(NID_key_usage, "critical,keyCertSign,cRLSign", to: certificate, issuer: certificate)
        unsafe Self.add(NID_subject_key_identifier, "hash", to: certificate, issuer: certificate)
        unsafe Self.sign(certificate, key)
        unsafe self.certificate = certificate
        pem = unsafe Self.written { unsafe PEM_write_bio_X509($0, certificate) }
    }

    deinit { unsafe X509_free(certificate) }

    /// Issues a certificate with a fresh P-256 key.
    ///
    /// - Parameters:
    ///   - hostNames: DNS names, ours to choose; the first one, or else the first address, is also the subject's common
    ///     name.
    ///   - notBefore: an hour ago if nil.
    package func issue(
        _ use: Use, hostNames: [String], addresses: [IPAddress] = [], now: UnixTime, notBefore: UnixTime? = nil,
        lifetime: Interval = .seconds(7 * 86_400)
    ) -> IssuedCertificate {
        let key = Self.makeKey()
        let start = notBefore ?? UnixTime(now.seconds - 3600)
        let validity = Validity(notBefore: start, lifetime: lifetime)
        let subject = hostNames.first ?? addresses.first?.description ?? "nobody"
        let leaf = unsafe Self.make(subject, key, validity)
        defer { unsafe X509_free(leaf) }
        unsafe X509_set_issuer_name(leaf, X509_get_subject_name(certificate))
        let names = hostNames.map { "DNS:\($0)" } + addresses.map { "IP:\($0)" }
        unsafe Self.add(NID_basic_constraints, "critical,CA:FALSE", to: leaf, issuer: certificate)
        unsafe Self.add(NID_key_usage, "critical,digitalSignature", to: leaf, issuer: certificate)
        unsafe Self.add(NID_ext_key_usage, use.extendedKeyUsage, to: leaf, issuer: certificate)
        unsafe Self.add(NID_subject_key_identifier, "hash", to: leaf, issuer: certificate)
        unsafe Self.add(NID_authority_key_identifier, "keyid", to: leaf, issuer: certificate)
        if !names.isEmpty {
            unsafe Self.add(NID_subject_alt_name, names.joined(separator: ","), to: leaf, issuer: certificate)
        }
        unsafe Self.sign(leaf, self.key)
        return IssuedCertificate(
            certificate: unsafe Self.written { unsafe PEM_write_bio_X509($0, leaf) },
            privateKey: unsafe Self.written { unsafe clibssl_write_private_key($0, key.pointer) })
    }

    // MARK: - Pieces

    private struct Validity {
        let notBefore: UnixTime
        let lifetime: Interval
    }

    private static func makeKey() -> KeyHandle {
        guard let pointer = unsafe clibssl_generate_ec("P-256") else {
            preconditionFailure("libcrypto cannot make keys")
        }
        return unsafe KeyHandle(owning: pointer)
    }

    /// An X509 without an issuer and a signature, which the caller owns.
    private static func make(_ name: String, _ key: KeyHandle, _ validity: Validity) -> OpaquePointer {
        guard let certificate = unsafe X509_new(), let serial = unsafe BN_new() else {
            preconditionFailure("out of memory")
        }
        defer { unsafe BN_free(serial) }
        let notAfter = validity.notBefore.seconds + Int64(validity.lifetime.seconds)
        // Sound: the certificate takes copies of all that it is given.
        let done = unsafe X509_set_version(certificate, Int(X509_VERSION_3)) == 1
            && BN_rand(serial, 126, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1
            && BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(certificate)) != nil
            && ASN1_TIME_set(X509_getm_notBefore(certificate), time_t(validity.notBefore.seconds)) != nil
            && ASN1_TIME_set(X509_getm_notAfter(certificate), time_t(notAfter)) != nil
            && clibssl_add_common_name(X509_get_subject_name(certificate), name) == 1
            && X509_set_pubkey(certificate, key.pointer) == 1
        precondition(done, "a certificate of our own making")
        return unsafe certificate
    }

    private static func add(_ nid: Int32, _ value: String, to certificate: OpaquePointer, issuer: OpaquePointer) {
        let added = unsafe clibssl_add_extension(certificate, issuer, nid, value) == 1
        precondition(added, "an extension of our own making")
    }

    private static func sign(_ certificate: OpaquePointer, _ key: KeyHandle) {
        let signed = unsafe X509_sign(certificate, key.pointer, DigestAlgorithm.sha256.method) > 0
        precondition(signed, "libcrypto cannot sign")
    }

    private static func written(_ write: (OpaquePointer) -> Int32) -> [UInt8] {
        guard let bio = unsafe BIO_new(BIO_s_mem()) else { preconditionFailure("out of memory") }
        defer { unsafe BIO_free(bio) }
        let done = unsafe write(bio) == 1
        precondition(done, "out of memory")
        return unsafe PEMText.bytes(written: bio)
    }
}
