import Synchronization

/// The authorization server of the demo: the thread that serves it and the walk, which turns back its clock, take
/// turns.
final class DemoIssuer: Sendable {
    private let server: Mutex<AuthorizationServer>

    /// Makes new keys: tokens of an earlier demo are worth nothing in this one.
    init(url: String, clients: DemoClients) {
        server = Mutex(
            AuthorizationServer(
                issuer: url, clients: clients.registrations,
                keys: [SigningKey(.generate(.p256), .es256), SigningKey(.generate(.rsa2048), .rs256)]))
    }

    func answer(_ request: ServiceRequest, now: UnixTime) -> ServiceResponse {
        server.withLock { $0.answer(request, now: now) }
    }
}
