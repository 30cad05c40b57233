/// `client add`: a new client, and its secret, shown once.
struct ClientAddCommand {
    private static let scopes = CommandOption(
        name: "scopes", value: "LIST", help: "what it may ask for, separated by spaces; nothing if not given")
    private static let audiences = CommandOption(
        name: "audiences", value: "LIST", help: "whom it may call, separated by spaces; the first is the default",
        isRequired: true)
    private static let lifetime = CommandOption(
        name: "lifetime", value: "SECONDS", help: "of its tokens; the issuer's default if not given")
    private static let claims = CommandOption(
        name: "claims", value: "LIST", help: "further claims of its tokens: NAME=VALUE, separated by spaces")
    private static let introspect = CommandOption(
        name: "introspect", help: "it may ask about the tokens of other clients, as an API does")
    private static let jwks = CommandOption(
        name: "jwks", value: "FILE", help: "its public keys, for private_key_jwt")
    private static let subject = CommandOption(
        name: "certificate-subject", value: "NAME", help: "the subject of its certificate, for tls_client_auth")
    private static let thumbprint = CommandOption(
        name: "certificate-thumbprint", value: "DIGEST",
        help: "SHA-256 of its certificate in base64url, for self_signed_tls_client_auth")
    private static let noSecret = CommandOption(
        name: "no-secret", help: "it authenticates by key or certificate alone")
    static let json = CommandOption(name: "json", help: "the answer as JSON")

    static let syntax = CommandSyntax(
        name: "client add", summary: "make a client and show its secret, once",
        description: [
            "The secret is 256 random bits, of which only a salted hash is kept. A running issuer knows the client at "
                + "once."
        ],
        operands: [CommandOperand(name: "ID", help: "the client_id, up to 128 printable ASCII characters")],
        options: [
            IssuerInput.option, audiences, scopes, lifetime, claims, introspect, jwks, subject, thumbprint, noSecret,
            json,
        ],
        alternatives: [],
        example: "scopeproxy client add billing-daemon --audiences https://api.example.com --scopes \"profile:read\"",
        statuses: ClientCommands.statuses)

    private let input: IssuerInput
    private let id: String
    private let client: RegisteredClient
    private let keysFile: String?
    private let hasSecret: Bool
    private let isJSON: Bool

    init(_ arguments: CommandArguments) throws(UsageError) {
        input = IssuerInput(arguments)
        id = arguments.operand(0) ?? ""
        keysFile = arguments[Self.jwks]
        hasSecret = arguments[Self.noSecret] == nil
        isJSON = arguments[Self.json] != nil
        client = try Self.client(id, arguments)
        if !hasSecret, keysFile == nil, client.certificate == nil {
            throw .invalidValue("--no-secret", reason: "then it needs --jwks or a certificate", nearest: nil)
        }
    }

    func run(_ console: Console) -> ExitStatus {
        CommandFailure.told(by: Self.syntax.name, to: console) { () throws(CommandFailure) in
            var client = client
            if let keysFile { client.keys = try Self.readKeys(keysFile) }
            let secret = ClientSecret.generate()
            if hasSecret { client.secrets = [ClientSecret(hashing: secret, created: Clock.unixTime())] }
            let configuration = try input.load()
            let longest = configuration.server.tokens.lifetimeMaxSeconds
            if let lifetime = client.lifetimeSeconds, lifetime > longest {
                throw CommandFailure(["--lifetime: the issuer allows \(longest) seconds at most"], .usage)
            }
            try ClientsFile(path: configuration.clients).update { (clients) throws(CommandFailure) in
                guard !clients.contains(where: { $0.id == client.id }) else {
                    throw CommandFailure(["there is a client \(client.id) already"], .failure)
                }
                clients.append(client)
            }
            if isJSON {
                console.say(ClientText.json(hasSecret ? secret : nil, of: client))
            } else if hasSecret {
                console.say(ClientText.secret(secret, of: client, "client \(client.id) added"))
            } else {
                console.say("client \(client.id) added")
            }
        }
    }

    private static func client(_ id: String, _ arguments: CommandArguments) throws(UsageError) -> RegisteredClient {
        guard RegisteredClient.isID(id) else {
            let reason = "must be 1 to \(RegisteredClient.idBytesMax) printable ASCII characters"
            throw .invalidValue("ID", reason: reason, nearest: nil)
        }
        let scopes = words(arguments[Self.scopes])
        if let bad = scopes.first(where: { !Scopes.isScope($0) }) {
            throw .invalidValue("--scopes", reason: "\(bad) is no scope", nearest: nil)
        }
        let audiences = words(arguments[Self.audiences])
        guard !audiences.isEmpty else { throw .invalidValue("--audiences", reason: "name at least one", nearest: nil) }
        guard max(scopes.count, audiences.count) <= RegisteredClient.listMax else {
            throw .invalidValue("--scopes", reason: "more than \(RegisteredClient.listMax) are too many", nearest: nil)
        }
        var client = RegisteredClient(id: id, scopes: scopes, audiences: audiences)
        client.lifetimeSeconds = try readLifetime(arguments[lifetime])
        client.claims = try readClaims(words(arguments[claims]))
        client.mayIntrospect = arguments[introspect] != nil
        client.certificate = try certificate(arguments[subject], arguments[thumbprint])
        return client
    }

    private static func readLifetime(_ text: String?) throws(UsageError) -> Int64? {
        guard let text else { return nil }
        guard let seconds = Int64(text), (1...31_536_000).contains(seconds) else {
            throw .invalidValue("--lifetime", reason: "a whole number of seconds", nearest: nil)
        }
        return seconds
    }

    private static func readClaims(_ words: [String]) throws(UsageError) -> [ClientClaim] {
        var claims: [ClientClaim] = []
        for word in words {
            let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2, let claim = ClientClaim(parts[0], parts[1]),
                !claims.contains(where: { $0.name == claim.name })
            else {
                let reason = "\(word) is not NAME=VALUE with a name of its own, or one that the issuer sets itself"
                throw .invalidValue("--claims", reason: reason, nearest: nil)
            }
            claims.append(claim)
        }
        return claims
    }

    private static func certificate(
        _ subject: String?, _ thumbprint: String?
    ) throws(UsageError) -> ClientCertificate? {
        if subject != nil, thumbprint != nil {
            throw .contradiction("--certificate-subject", "--certificate-thumbprint")
        }
        if let subject {
            guard (1..<CallerCertificate.subjectBytesMax).contains(subject.utf8.count) else {
                throw .invalidValue("--certificate-subject", reason: "empty, or too long", nearest: nil)
            }
            return .subject(subject)
        }
        guard let thumbprint else { return nil }
        let text = Array(thumbprint.utf8)
        guard Base64URL.decode(text.span)?.count == 32 else {
            throw .invalidValue("--certificate-thumbprint", reason: "43 characters of base64url", nearest: nil)
        }
        return .thumbprint(thumbprint)
    }

    private static func readKeys(_ path: String) throws(CommandFailure) -> ClientKeys {
        let bytes: [UInt8]
        do throws(Errno) { bytes = try FileReader.bytes(path, bytesMax: KeySet.bytesMax) } catch {
            throw CommandFailure(["\(path): \(error.description)"], .usage)
        }
        do throws(KeySetError) {
            let keys = try ClientKeys(parsing: bytes)
            if !keys.isEmpty { return keys }
        } catch {
            throw CommandFailure(["\(path): \(error.description)"], .usage)
        }
        throw CommandFailure(["\(path): holds no usable key"], .usage)
    }

    /// The words of a list, each of them once.
    private static func words(_ text: String?) -> [String] {
        var words: [String] = []
        for word in (text ?? "").split(separator: " ").map(String.init) where !words.contains(word) {
            words.append(word)
        }
        return words
    }
}
