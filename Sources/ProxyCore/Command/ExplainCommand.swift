/// `explain`: why a request would be allowed or refused.
struct ExplainCommand {
    private static let tokenOption = CommandOption(
        name: "token", value: "TOKEN", help: "the caller's token; others on this machine can see it: prefer a file")
    private static let tokenFileOption = CommandOption(
        name: "token-file", value: "FILE", help: "a file with the caller's token; - for standard input")
    private static let scopesOption = CommandOption(
        name: "scopes", value: "SCOPES", help: "a caller with these scopes, separated by spaces, and no claims")
    private static let certificateOption = CommandOption(
        name: "certificate", value: "THUMBPRINT",
        help: "the caller's client certificate: its SHA-256 digest in base64url, as in x5t#S256")

    static let syntax = CommandSyntax(
        name: "explain", summary: "tell why a request would be allowed or refused",
        description: [
            "Shows every reading of the path, the route and the outcome of each, what is missing, and the answer. It "
                + "is decided by the very code that serves.",
            "Without an option the caller has no token. For a token its issuer's keys are read, or fetched once. The "
                + "token is never shown.",
        ],
        operands: [
            CommandOperand(name: "FILE", help: "the configuration; - for standard input"),
            CommandOperand(name: "METHOD", help: "the request's method, as in GET"),
            CommandOperand(name: "PATH", help: "its path as it is sent; a query is allowed and plays no part"),
        ],
        options: [tokenOption, tokenFileOption, scopesOption, certificateOption],
        alternatives: [tokenOption, tokenFileOption, scopesOption],
        example: "scopeproxy explain routes.json GET /v2/users --scopes profile:read",
        statuses: [
            (.success, "the request would be forwarded"), (.failure, "it would be refused"),
            (.usage, "the arguments or the configuration are wrong"),
        ])

    private enum Caller {
        case nobody
        case token([UInt8])
        case tokenFile(InputFile)
        case scopes([String])
    }

    private let file: InputFile
    private let request: ExplainedRequest
    private let caller: Caller
    private let certificate: CertificateThumbprint?

    /// A token that is larger is refused whatever the limits say.
    private static let tokenBytesMax = 1 << 20

    init(_ arguments: CommandArguments) throws(UsageError) {
        file = InputFile(path: arguments.operand(0) ?? "")
        request = try ExplainedRequest(method: arguments.operand(1) ?? "", target: arguments.operand(2) ?? "")
        caller = try Self.caller(arguments)
        certificate = try Self.certificate(arguments, caller)
        if case .tokenFile(let other) = caller, other.isStandardInput, file.isStandardInput {
            throw .contradiction("FILE", "--token-file as -")
        }
    }

    private static func caller(_ arguments: CommandArguments) throws(UsageError) -> Caller {
        if let token = arguments[tokenOption] { return .token(Array(token.utf8)) }
        if let path = arguments[tokenFileOption] { return .tokenFile(InputFile(path: path)) }
        guard let text = arguments[scopesOption] else { return .nobody }
        let scopes = text.split(separator: " ").map(String.init)
        for scope in scopes where !ScopeToken.isValid(scope.utf8.span) {
            throw .invalidValue(scopesOption.usage, reason: "\(scope) is not a scope", nearest: nil)
        }
        return .scopes(scopes)
    }

    private static func certificate(
        _ arguments: CommandArguments, _ caller: Caller
    ) throws(UsageError) -> CertificateThumbprint? {
        guard let text = arguments[certificateOption] else { return nil }
        guard let certificate = CertificateThumbprint(base64URL: text.utf8.span) else {
            throw .invalidValue(certificateOption.usage, reason: "expected 43 characters of base64url", nearest: nil)
        }
        switch caller {
        case .token, .tokenFile: return certificate
        case .nobody, .scopes:
            throw .invalidValue(certificateOption.usage, reason: "only tokens are bound to it: give one", nearest: nil)
        }
    }

    func run(_ console: Console) -> ExitStatus {
        guard let configuration = ConfigurationInput(file: file).load(console) else { return .usage }
        let caller: ExplainedCaller
        switch self.caller {
        case .nobody: caller = .nobody
        case .token(let token): caller = .token(token, certificate: certificate)
        case .scopes(let scopes): caller = .scopes(scopes)
        case .tokenFile(let file):
            do throws(Errno) {
                let token = InputFile.withoutLineEnd(try file.read(console, bytesMax: Self.tokenBytesMax))
                caller = .token(token, certificate: certificate)
            } catch {
                console.complain("scopeproxy explain: cannot read the token in \(file.name): \(error.message)")
                return .usage
            }
        }
        let inquiry = Inquiry(configuration, request, caller)
        console.say(InquiryText(inquiry).lines)
        return inquiry.isForwarded ? .success : .failure
    }
}
