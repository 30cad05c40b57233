/// Reads the keys that name PEM files: certificates, their private keys, and the authorities that are believed.
enum PEMFiles {
    /// `certificate` and `private_key`, which belong together. nil when neither is there, or one is not usable.
    static func readIdentity(_ object: ConfigurationObject) -> TLSIdentity? {
        guard object.has("certificate") || object.has("private_key") else { return nil }
        let certificate = object.required("certificate", "missing: the certificate that the private key belongs to")
        let key = object.required("private_key", "missing: the private key of the certificate")
        guard let certificate, let key else { return nil }
        let certificateBytes = bytes(certificate)
        let keyBytes = secret(key)
        guard let certificateBytes, let keyBytes else { return nil }
        do throws(TLSIdentityError) {
            return try TLSIdentity(certificates: certificateBytes.span, privateKey: keyBytes.span)
        } catch {
            (error.isAboutPrivateKey ? key : certificate).report("\(error.message)")
            return nil
        }
    }

    /// `ca_file`: the authorities of that file and no others. nil when it is not usable.
    static func readTrust(_ value: ConfigurationValue) -> TrustStore? {
        guard let bytes = bytes(value) else { return nil }
        do throws(TrustStoreError) {
            return try TrustStore(pem: bytes.span)
        } catch {
            value.report("\(error.message)")
            return nil
        }
    }

    private static func secret(_ value: ConfigurationValue) -> SecretBytes? {
        guard let text = value.text() else { return nil }
        do throws(Errno) {
            return try SecretBytes(file: value.source.resolve(file: text), bytesMax: TLSIdentity.keyBytesMax)
        } catch {
            value.report("cannot be read: \(error.message)", mayPass: error.mayPass)
            return nil
        }
    }

    private static func bytes(_ value: ConfigurationValue) -> [UInt8]? {
        guard let text = value.text() else { return nil }
        do throws(Errno) {
            return try FileReader.bytes(value.source.resolve(file: text), bytesMax: 4 << 20)
        } catch {
            value.report("cannot be read: \(error.message)", mayPass: error.mayPass)
            return nil
        }
    }
}
