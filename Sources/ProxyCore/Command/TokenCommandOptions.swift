/// The options of `token` that say who asks whom for what.
struct TokenCommandOptions {
    private static let endpoint = CommandOption(
        name: "endpoint", value: "URL", help: "the token endpoint")
    private static let issuer = CommandOption(
        name: "issuer", value: "URL", help: "the authorization server, whose metadata names the endpoint")
    private static let clientID = CommandOption(name: "client-id", value: "ID", help: "the client's name there")
    private static let secretFile = CommandOption(
        name: "secret-file", value: "FILE", help: "a file with the client's secret")
    private static let secretVariable = CommandOption(
        name: "secret-env", value: "NAME", help: "the variable of the environment that holds the secret")
    private static let secretInBody = CommandOption(
        name: "secret-in-body", help: "send the secret in the content (client_secret_post)")
    private static let privateKey = CommandOption(
        name: "private-key", value: "FILE", help: "a key (PEM) that signs for the client, or that of --certificate")
    private static let keyID = CommandOption(
        name: "key-id", value: "KID", help: "the kid by which the server knows the private key")
    private static let certificate = CommandOption(
        name: "certificate", value: "FILE", help: "a certificate (PEM) to show in TLS, in place of a signature")
    private static let scope = CommandOption(
        name: "scope", value: "SCOPES", help: "what to ask for, separated by spaces")
    private static let audience = CommandOption(name: "audience", value: "TEXT", help: "what the token is for")
    private static let resource = CommandOption(
        name: "resource", value: "URI", help: "the same by RFC 8707")
    private static let caFile = CommandOption(
        name: "ca-file", value: "FILE", help: "authorities (PEM) in place of the system's")
    private static let insecure = CommandOption(
        name: "allow-insecure", help: "allow http:// beyond this machine")

    static let all = [
        endpoint, issuer, clientID, secretFile, secretVariable, secretInBody, privateKey, keyID, certificate, scope,
        audience, resource, caFile, insecure,
    ]

    private let arguments: CommandArguments
    private let environment: (String) -> String?

    init(_ arguments: CommandArguments, environment: @escaping (String) -> String? = ProcessEnvironment.value) {
        self.arguments = arguments
        self.environment = environment
    }

    func client() throws(UsageError) -> TokenClient {
        let endpoint = try endpoint()
        guard let id = arguments[Self.clientID], !id.isEmpty else { throw .missingOption(Self.clientID.usage) }
        let proof = try proof()
        if case .certificate = proof, case .address(let location) = endpoint, location.scheme == .http {
            throw .invalidValue(Self.certificate.usage, reason: "is shown in TLS only, not by http://", nearest: nil)
        }
        let access = KeyAccess(
            caFile: arguments[Self.caFile], proxies: ForwardProxySettings(environment: environment),
            userAgent: "\(Command.name)/\(Version.current)")
        var client = TokenClient(endpoint: endpoint, id: id, proof: proof, access: access)
        client.audience = arguments[Self.audience]
        client.resources = arguments[Self.resource].map { [$0] } ?? []
        client.scopes = try scopes()
        return client
    }

    private var allowsInsecure: Bool { arguments[Self.insecure] != nil }

    private func endpoint() throws(UsageError) -> TokenClient.Endpoint {
        switch (arguments[Self.endpoint], arguments[Self.issuer]) {
        case (.some, .some): throw .contradiction("--endpoint", "--issuer")
        case (nil, nil): throw .missingOption("\(Self.endpoint.usage) or \(Self.issuer.usage)")
        case (let text?, nil): return .address(try address(text))
        case (nil, let text?):
            do throws(KeyDiscovery.Problem) {
                return .discovery(try KeyDiscovery(issuer: text, allowsInsecure: allowsInsecure))
            } catch {
                throw .invalidValue(Self.issuer.usage, reason: "\(error.message)", nearest: nil)
            }
        }
    }

    private func address(_ text: String) throws(UsageError) -> KeyLocation {
        do throws(KeyLocation.Problem) {
            let location = try KeyLocation(text)
            if location.isProtected || allowsInsecure { return location }
        } catch {
            throw .invalidValue(Self.endpoint.usage, reason: "\(error.message)", nearest: nil)
        }
        let reason = "is an http:// address beyond this machine, where anyone on the way can read the credentials"
        throw .invalidValue(Self.endpoint.usage, reason: reason, nearest: nil)
    }

    private func proof() throws(UsageError) -> ClientProof {
        let given = [Self.secretFile, Self.secretVariable, Self.privateKey].filter { arguments[$0] != nil }
        if given.count > 1 { throw .contradiction("--\(given[0].name)", "--\(given[1].name)") }
        if let key = arguments[Self.privateKey] { return try proof(key) }
        for option in [Self.certificate, Self.keyID] where arguments[option] != nil {
            throw .missingOption(Self.privateKey.usage)
        }
        let place: SecretPlace
        if let file = arguments[Self.secretFile] {
            place = .file(file)
        } else if let name = arguments[Self.secretVariable] {
            guard let value = environment(name), !value.isEmpty else {
                throw .invalidValue(Self.secretVariable.usage, reason: "the variable is not set", nearest: nil)
            }
            place = .environment(value: value)
        } else {
            throw .missingOption(
                "\(Self.secretFile.usage), \(Self.secretVariable.usage) or \(Self.privateKey.usage)")
        }
        return arguments[Self.secretInBody] == nil ? .secretBasic(place) : .secretPost(place)
    }

    private func proof(_ key: String) throws(UsageError) -> ClientProof {
        if arguments[Self.secretInBody] != nil { throw .contradiction("--private-key", "--secret-in-body") }
        guard let certificate = arguments[Self.certificate] else {
            return .privateKeyJWT(file: key, keyID: arguments[Self.keyID])
        }
        if arguments[Self.keyID] != nil { throw .contradiction("--certificate", "--key-id") }
        return .certificate(file: certificate, keyFile: key)
    }

    private func scopes() throws(UsageError) -> [String] {
        let scopes = (arguments[Self.scope] ?? "").split(separator: " ").map(String.init)
        for scope in scopes where !ScopeToken.isValid(scope.utf8.span) {
            throw .invalidValue(Self.scope.usage, reason: "\(scope) is not a scope", nearest: nil)
        }
        return scopes
    }
}
