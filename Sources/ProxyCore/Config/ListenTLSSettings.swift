/// TLS to callers (`listen.tls`): which files, and what is wanted of callers' certificates. The files are read when it
/// is used, and again when they change.
package struct ListenTLSSettings: Sendable, Equatable {
    /// A certificate, with the chain to its issuer behind it, and its private key: paths of PEM files.
    package struct Pair: Sendable, Equatable {
        package var certificate: String
        package var privateKey: String
    }

    /// What is wanted of callers' certificates.
    package enum ClientCertificates: Sendable {
        case none
        case request
        case require
    }

    /// At least one; the first is for callers that ask for no name, or for one that none is for.
    package var pairs: [Pair]
    package var clientCertificates = ClientCertificates.none
    /// The path of the authorities that callers' certificates are held against.
    package var clientCA: String?

    package init(pairs: [Pair]) { self.pairs = pairs }

    /// Every file, in the order of reading.
    package var paths: [String] { pairs.flatMap { [$0.certificate, $0.privateKey] } + (clientCA.map { [$0] } ?? []) }

    /// Reads all files.
    ///
    /// - Parameter tickets: the keys of sessions, which survive the change of a certificate.
    package func load(tickets: TicketKeyRing) throws(TLSFileProblem) -> LoadedTLS {
        var identities: [TLSIdentity] = []
        for pair in pairs { identities.append(try Self.identity(pair)) }
        var clients = ProxyCore.ClientCertificates.none
        if let clientCA, clientCertificates != .none {
            let trust = try Self.trust(clientCA)
            clients = clientCertificates == .require ? .required(trust) : .requested(trust)
        }
        let context: TLSServerContext
        do throws(TLSIdentityError) {
            context = try TLSServerContext(identities: identities, clientCertificates: clients, tickets: tickets)
        } catch {
            throw TLSFileProblem(path: pairs[0].certificate, file: .certificate, message: error.message)
        }
        let certificates = zip(pairs, identities).map { ServedCertificate(path: $0.certificate, summary: $1.summary) }
        return LoadedTLS(context: context, certificates: certificates)
    }

    /// Reads a pair.
    static func identity(_ pair: Pair) throws(TLSFileProblem) -> TLSIdentity {
        let certificate = try bytes(pair.certificate, .certificate)
        let key = try secret(pair.privateKey)
        do throws(TLSIdentityError) {
            return try TLSIdentity(certificates: certificate.span, privateKey: key.span)
        } catch {
            throw error.isAboutPrivateKey
                ? TLSFileProblem(path: pair.privateKey, file: .privateKey, message: error.message)
                : TLSFileProblem(path: pair.certificate, file: .certificate, message: error.message)
        }
    }

    /// Reads authorities.
    static func trust(_ path: String) throws(TLSFileProblem) -> TrustStore {
        let bytes = try bytes(path, .clientCA)
        do throws(TrustStoreError) { return try TrustStore(pem: bytes.span) } catch {
            throw TLSFileProblem(path: path, file: .clientCA, message: error.message)
        }
    }

    private static func secret(_ path: String) throws(TLSFileProblem) -> SecretBytes {
        do throws(Errno) { return try SecretBytes(file: path, bytesMax: TLSIdentity.keyBytesMax) } catch {
            throw TLSFileProblem(path, .privateKey, unreadable: error)
        }
    }

    private static func bytes(_ path: String, _ file: TLSFileProblem.File) throws(TLSFileProblem) -> [UInt8] {
        do throws(Errno) { return try FileReader.bytes(path, bytesMax: 4 << 20) } catch {
            throw TLSFileProblem(path, file, unreadable: error)
        }
    }
}

/// Why a file of `listen.tls` cannot be used.
package struct TLSFileProblem: Error, Equatable, Sendable {
    /// Which of the files.
    package enum File: Sendable {
        case certificate
        case privateKey
        case clientCA
    }

    package let path: String
    package let file: File
    /// Goes on where the file's name stands: "is not the private key of the certificate".
    package let message: String
    /// It may be gone a moment later, though nobody changes the file.
    package let mayPass: Bool

    init(path: String, file: File, message: String) {
        self.path = path
        self.file = file
        self.message = message
        mayPass = false
    }

    init(_ path: String, _ file: File, unreadable error: Errno) {
        self.path = path
        self.file = file
        message = "cannot be read: \(error.message)"
        mayPass = error.mayPass
    }
}

/// A certificate that callers are shown.
package struct ServedCertificate: Sendable, Equatable {
    package let path: String
    package let summary: CertificateSummary

    /// Why somebody should look after it.
    package enum Concern: Equatable, Sendable {
        case expired
        case notYetValid
        /// Within two weeks.
        case expires(hoursLeft: Int)
    }

    package func concern(at now: UnixTime) -> Concern? {
        let left = summary.notAfter.seconds - now.seconds
        if left <= 0 { return .expired }
        if summary.notBefore > now { return .notYetValid }
        return left <= 14 * 86_400 ? .expires(hoursLeft: Int(left / 3600)) : nil
    }
}

/// What was read from the files of `listen.tls`.
package struct LoadedTLS: Sendable {
    package let context: TLSServerContext
    /// In the order of the configuration.
    package let certificates: [ServedCertificate]
}
