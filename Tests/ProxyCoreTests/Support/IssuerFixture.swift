import Foundation
import ProxyCore

/// An authorization server with its files in a folder of its own, and a clock that the test turns.
final class IssuerFixture {
    static let issuer = "https://auth.test"
    static let start = UnixTime(1_800_000_000)
    static let secret = "right-secret"
    static let peer = IPAddress("192.0.2.1")

    let directory = TemporaryDirectory()
    var now = IssuerFixture.start
    private(set) var server: AuthorizationServer
    let reopening = AuditReopening()
    private let options: AuthorizationServerOptions
    private let signing: SigningKey

    var clientsPath: String { directory.path("clients.json") }
    var auditPath: String { directory.path("audit.log") }

    /// - Parameter auditPath: another place for the audit log.
    init(
        issuer: String = IssuerFixture.issuer, clients: [RegisteredClient] = [IssuerFixture.client()],
        algorithm: SignatureAlgorithm = .es256, auditPath: String? = nil, entriesMax: Int = 100,
        change: (inout AuthorizationServerOptions) -> Void = { _ in }
    ) throws {
        guard let url = IssuerURL(issuer), let kind = SigningKeyFile.kind(for: algorithm) else { throw Failure() }
        var options = AuthorizationServerOptions(tokens: TokenOptions(issuer: url))
        change(&options)
        self.options = options
        signing = SigningKey(.generate(kind), algorithm)
        try Self.write(clients, to: directory)
        server = try Self.server(options, signing, directory, auditPath, entriesMax, reopening)
    }

    struct Failure: Error {}

    /// A client that may have two scopes and call two APIs.
    static func client(_ id: String = "daemon", secret: String = IssuerFixture.secret) -> RegisteredClient {
        RegisteredClient(
            id: id, secret: ClientSecret(hashing: secret), scopes: ["a:read", "a:write"],
            audiences: ["https://api.test", "https://other.test/v1"])
    }

    func write(_ clients: [RegisteredClient]) throws { try Self.write(clients, to: directory) }

    /// The server after a restart, on the same files.
    func restart(entriesMax: Int = 100) throws {
        server = try Self.server(options, signing, directory, nil, entriesMax, reopening)
    }

    private static func write(_ clients: [RegisteredClient], to directory: TemporaryDirectory) throws {
        try FileWriter.replace(directory.path("clients.json"), with: ClientsDocument.bytes(clients))
    }

    private static func server(
        _ options: AuthorizationServerOptions, _ key: SigningKey, _ directory: TemporaryDirectory, _ auditPath: String?,
        _ entriesMax: Int, _ reopening: AuditReopening
    ) throws -> AuthorizationServer {
        let parts = AuthorizationServer.Parts(
            clients: ClientRegistry(clients(directory.path("clients.json"))), keys: SigningKeyRing([key]),
            used: try ExpiringJournal(
                directory.path("assertions"), entriesMax: entriesMax, isDurable: false, now: start),
            revoked: try ExpiringJournal(
                directory.path("revoked"), entriesMax: entriesMax, isDurable: true, now: start),
            audit: try AuditLog(
                auditPath ?? directory.path("audit.log"), isDurable: false, reopening: reopening))
        return AuthorizationServer(options, parts)
    }

    private static func clients(_ path: String) -> ChangingFile<[RegisteredClient]> {
        ChangingFile(
            identity: { () throws(Errno) in try FileIdentity(of: path) }, contentWhenGone: [],
            read: { () throws(FileProblems) in try ClientsReader.reload(path) }, tell: { _ in })
    }

    // MARK: - Asking

    /// A form sent to `path`, with credentials by `client_secret_basic` unless `secret` is nil.
    func post(
        _ form: String, to path: String = "/oauth/token", client: String = "daemon",
        secret: String? = IssuerFixture.secret, peer: IPAddress? = IssuerFixture.peer,
        fields more: [(name: String, value: String)] = [], certificate: CallerCertificate? = nil
    ) -> ServiceResponse {
        answer([
            request(
                form, to: path, client: client, secret: secret, peer: peer, fields: more, certificate: certificate)
        ])[0]
    }

    /// What `post` sends.
    func request(
        _ form: String, to path: String = "/oauth/token", client: String = "daemon",
        secret: String? = IssuerFixture.secret, peer: IPAddress? = IssuerFixture.peer,
        fields more: [(name: String, value: String)] = [], certificate: CallerCertificate? = nil
    ) -> ServiceRequest {
        var fields = [(name: "Content-Type", value: "application/x-www-form-urlencoded")] + more
        if let secret {
            let basic = Data("\(client):\(secret)".utf8).base64EncodedString()
            fields.append((name: "Authorization", value: "Basic \(basic)"))
        }
        return ServiceRequest(
            .post, path, fields: fields, body: Array(form.utf8), peer: peer, certificate: certificate)
    }

    /// The answers to requests that come together.
    func answer(_ requests: [ServiceRequest]) -> [ServiceResponse] { server.answer(requests, now: now) }

    static let grant = "grant_type=client_credentials"

    func get(_ path: String) -> ServiceResponse { server.answer(ServiceRequest(.get, path), now: now) }

    static func json(_ response: ServiceResponse) throws -> JSONValue { try JSONDocument(parsing: response.body).root }

    /// A granted token.
    func token(_ more: String = "", client: String = "daemon", secret: String = IssuerFixture.secret) throws -> String {
        let response = post(Self.grant + more, client: client, secret: secret)
        guard response.status == 200, let token = try Self.json(response)["access_token"]?.string else {
            throw Failure()
        }
        return token
    }

    static func claims(of token: String) throws -> JSONValue {
        let part = Array(token.split(separator: ".")[1].utf8)
        guard let payload = Base64URL.decode(part.span) else { throw Failure() }
        return try JSONDocument(parsing: payload).root
    }

    /// The audit log, line by line.
    func audit() throws -> [JSONValue] {
        try FileReader.bytes(auditPath).split(separator: 0x0A).map { try JSONDocument(parsing: Array($0)).root }
    }
}
