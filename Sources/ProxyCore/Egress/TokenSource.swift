import Synchronization

/// The token for one target: got ahead of need by a thread of its own, posted as a snapshot whenever something changes.
/// Workers never wait for it; the token is in memory and nowhere else.
package final class TokenSource: Sendable {
    /// Called on the source's thread. Must not wait.
    package typealias Publish = @Sendable (TokenSnapshot) -> Void
    package typealias Log = @Sendable (TokenSourceEvent) -> Void

    private let target: Int
    private let client: TokenClient
    private let publish: Publish
    private let log: Log
    private let requests: RefetchRequests
    /// The newest generation that the target has refused.
    private let refused = Atomic<Int>(0)
    private let end: WakeUp
    private let thread = Mutex<Thread?>(nil)

    /// - Parameter target: a number that tells this source from all others of the process.
    package init(
        target: Int, _ client: TokenClient, publish: @escaping Publish, log: @escaping Log
    ) throws(Errno) {
        self.target = target
        self.client = client
        self.publish = publish
        self.log = log
        requests = try RefetchRequests()
        end = try WakeUp()
    }

    /// Starts the thread, which asks for the first token at once. To be called once.
    package func start() throws(Errno) {
        let started = try Thread.start(name: "token-\(target)") { [self] in
            var renewal = TokenRenewal(
                target: target, client, requests, end: end, publish, log,
                refusedGeneration: { self.refused.load(ordering: .sequentiallyConsistent) })
            renewal.run()
        }
        thread.withLock { $0 = started }
    }

    /// Says that a call waits for a token. From any thread; never waits.
    package func request() -> RefetchTicket { requests.add() }

    /// Says that the target has refused the token of this generation. From any thread; never waits.
    package func refuse(_ generation: Int) -> RefetchTicket {
        // Before the ticket is issued: whoever takes up the ticket sees it.
        refused.max(generation, ordering: .sequentiallyConsistent)
        return requests.add()
    }

    /// Ends the thread, breaking off an attempt, and waits for it. After this nothing is published or logged any more.
    package func stop() {
        end.signal()
        thread.withLock({ $0.take() })?.join()
    }
}
