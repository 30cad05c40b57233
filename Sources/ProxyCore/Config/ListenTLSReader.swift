/// Reads `listen.tls`, and the files that it names.
enum ListenTLSReader {
    static func read(_ value: ConfigurationValue) -> ListenTLSSettings? {
        guard let object = value.object(.listenTLS) else { return nil }
        var pairs: [ListenTLSSettings.Pair?] = []
        if object.has("certificate") || object.has("private_key") {
            pairs.append(readPair(object))
        } else if !object.has("certificates") {
            object.reportMissing("certificate", "missing: the PEM file of the server's certificate and its chain")
        }
        if let more = object["certificates"]?.elements(of: "objects with certificate and private_key") {
            pairs += more.map { $0.object(.listenCertificate).flatMap(readPair) }
        }
        let sound = pairs.compactMap(\.self)
        var settings = ListenTLSSettings(pairs: sound)
        guard readClients(object, into: &settings), !sound.isEmpty, sound.count == pairs.count else { return nil }
        return settings
    }

    private static func readPair(_ object: ConfigurationObject) -> ListenTLSSettings.Pair? {
        let certificate = object.required(
            "certificate", "missing: the PEM file of the certificate that private_key belongs to")
        let key = object.required("private_key", "missing: the PEM file of the certificate's private key")
        guard let certificate, let key, let certificatePath = path(certificate), let keyPath = path(key) else {
            return nil
        }
        let pair = ListenTLSSettings.Pair(certificate: certificatePath, privateKey: keyPath)
        do throws(TLSFileProblem) { _ = try ListenTLSSettings.identity(pair) } catch {
            (error.file == .privateKey ? key : certificate).report(
                "\(error.path) \(error.message)", mayPass: error.mayPass)
            return nil
        }
        return pair
    }

    /// False when it is not known what is wanted of callers.
    private static func readClients(_ object: ConfigurationObject, into settings: inout ListenTLSSettings) -> Bool {
        let policy = object["client_certificates"]?.choice([
            "none": ListenTLSSettings.ClientCertificates.none, "request": .request, "require": .require,
        ])
        let isKnown = policy != nil || !object.has("client_certificates")
        settings.clientCertificates = policy ?? .none
        guard let authorities = object["client_ca"] else {
            if settings.clientCertificates != .none {
                object.reportMissing(
                    "client_ca", "missing: the PEM file of the authorities that issue callers' certificates")
            }
            return isKnown
        }
        guard let path = path(authorities) else { return isKnown }
        settings.clientCA = path
        do throws(TLSFileProblem) { _ = try ListenTLSSettings.trust(path) } catch {
            authorities.report("\(error.path) \(error.message)", mayPass: error.mayPass)
        }
        if settings.clientCertificates == .none, isKnown {
            authorities.report(
                "does nothing without client_certificates: \"request\", or \"require\" to refuse callers without one")
        }
        return isKnown
    }

    private static func path(_ value: ConfigurationValue) -> String? {
        value.text().map(value.source.resolve(file:))
    }
}
