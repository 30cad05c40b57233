/// The clients as they are now: what the file says, read again whenever that has changed. Belongs to the server's
/// thread.
package final class ClientRegistry {
    /// A client, with what it takes to check what it shows.
    final class Entry {
        let client: RegisteredClient
        private var prepared: PreparedKeys?

        init(_ client: RegisteredClient, takingOver previous: Entry?) {
            self.client = client
            if let previous, previous.client.keys == client.keys { prepared = previous.prepared }
        }

        /// The keys of `private_key_jwt`, ready for use; nil when the client has none.
        var keys: PreparedKeys? {
            if prepared == nil, let keys = client.keys { prepared = PreparedKeys(keys.usable) }
            return prepared
        }
    }

    /// Reads the file; nil when it cannot be used, and whoever gives this function has told why.
    package typealias Load = () -> [RegisteredClient]?

    private var entries: [String: Entry] = [:]
    private let path: String?
    private let load: Load
    private var lastRead: FileIdentity?
    private var isMissing = false
    /// When a file that could not be read is read once more though it has not changed: it may have been a shortage.
    private var nextAttempt = Instant.never
    private static let attemptPause = Interval.seconds(2)

    /// Clients that stay as they are.
    package init(_ clients: [RegisteredClient]) {
        path = nil
        load = { nil }
        install(clients)
    }

    /// The clients in the file at `path`. What could not be read leaves those that were known before.
    package init(path: String, load: @escaping Load) {
        self.path = path
        self.load = load
        refresh()
    }

    /// The enabled client of that name, as the file has it at this moment.
    func entry(_ id: String) -> Entry? {
        refresh()
        // A key that is a String is found under every name that Unicode calls equivalent; one of ASCII has no other.
        guard RegisteredClient.isID(id) else { return nil }
        guard let entry = entries[id], entry.client.isEnabled else { return nil }
        return entry
    }

    /// One look at the file: the cost of a system call.
    private func refresh() {
        guard let path else { return }
        // Taken before the file is read: a change in between shows next time.
        let identity = try? FileIdentity(of: path)
        let isChanged = identity != lastRead || (identity == nil && !isMissing)
        guard isChanged || (nextAttempt != .never && Clock.monotonic() >= nextAttempt) else { return }
        isMissing = identity == nil
        lastRead = identity
        let clients = load()
        // A file that is not there is seen when it comes.
        let mayBeReadLater = clients == nil && !isMissing
        nextAttempt = mayBeReadLater ? Clock.monotonic().advanced(by: Self.attemptPause) : .never
        if let clients { install(clients) }
    }

    private func install(_ clients: [RegisteredClient]) {
        let previous = entries
        entries = [:]
        for client in clients {
            precondition(entries[client.id] == nil, "two clients, one name")
            entries[client.id] = Entry(client, takingOver: previous[client.id])
        }
    }
}
