/// What `issuer.json` says, checked and complete: the settings of an authorization server. A plain value.
package struct IssuerConfiguration: Sendable {
    package var listen: SocketAddress
    /// nil for requests in the clear.
    package var tls: ListenTLSSettings?
    package var server: AuthorizationServerOptions
    package var signing = SigningKeySchedule()
    /// The file of clients.
    package var clients: String
    /// The folder of what the server keeps: keys, revoked tokens, used assertions.
    package var stateDirectory: String
    package var auditPath: String
    /// Whether a line of the audit log has to outlive the machine's end before the answer goes out.
    package var auditIsDurable = false
    package var service = ServiceOptions()
    /// Revoked tokens that are remembered at a time.
    package var revokedTokensMax = 100_000
    /// Used assertions that are.
    package var usedAssertionsMax = 100_000
    /// From SIGTERM until no more connections are accepted.
    package var drainGrace = Interval.zero
    /// From the end of the grace until what is still under way is cut.
    package var drain = Interval.seconds(30)
    package var logLevel = LogLevel.info
    /// nil for text on a terminal and JSON elsewhere.
    package var logFormat: LogFormat?

    package var keysDirectory: String { stateDirectory + "/keys" }
    package var revokedPath: String { stateDirectory + "/revoked" }
    package var assertionsPath: String { stateDirectory + "/assertions" }

    init(listen: SocketAddress, issuer: IssuerURL, clients: String, stateDirectory: String) {
        self.listen = listen
        server = AuthorizationServerOptions(tokens: TokenOptions(issuer: issuer))
        self.clients = clients
        self.stateDirectory = stateDirectory
        auditPath = stateDirectory + "/audit.log"
    }
}

/// Reads `issuer.json` under the same rules as `routes.json`: nothing unknown, and every problem told at once.
package struct IssuerConfigurationLoader {
    private static let limits = JSONLimits(depth: 16, values: 10_000, bytes: 1 << 20)

    private let environment: (String) -> String?

    /// - Parameter environment: what `${NAME}` stands for; nil for a variable that is not set.
    package init(environment: @escaping (String) -> String? = ProcessEnvironment.value) {
        self.environment = environment
    }

    /// Loads the file at `path`; paths inside it are relative to its folder.
    package func load(_ path: String) throws(ConfigurationProblems) -> IssuerConfiguration {
        try load(ConfigurationSource.bytes(of: path, bytesMax: Self.limits.bytes), file: path)
    }

    /// Loads a configuration that is at hand as bytes; `file` names it in problems and is what paths are relative to.
    package func load(_ bytes: [UInt8], file: String) throws(ConfigurationProblems) -> IssuerConfiguration {
        let source = try ConfigurationSource(parsing: bytes, file: file, limits: Self.limits, environment: environment)
        return try source.result(IssuerConfigurationReader(source).read())
    }
}
