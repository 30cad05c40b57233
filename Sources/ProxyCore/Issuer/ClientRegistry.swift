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

    /// What came of reading the file.
    package enum Reading {
        case clients([RegisteredClient])
        /// Something is wrong with what it says.
        case refused
        /// What it says is not known.
        case unreadable
    }

    /// Reads the file; whoever gives this function tells what is wrong.
    package typealias Load = () -> Reading

    private var entries: [String: Entry] = [:]
    private let path: String?
    private let load: Load
    private var lastRead: FileIdentity?
    private var isMissing = false
    /// When a file that could not be read is read once more though it has not changed: it may have been a shortage.
    private var nextAttempt = Instant.never
    private static let attemptPause = Interval.seconds(2)
    /// Since when the file could not be read though it had changed; nil when all of it is known.
    private var unreadSince: Instant?
    /// For so long the clients of before count. Not for longer: whoever keeps the file from being read, as by taking
    /// all descriptors, would keep a client that was disabled.
    private static let unreadMax = Interval.seconds(10)

    /// Clients that stay as they are.
    package init(_ clients: [RegisteredClient]) {
        path = nil
        load = { .refused }
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
        guard let entry = entries[id], entry.client.isEnabled else { return nil }
        return entry
    }

    /// False when it is not known any more what the file says.
    var isKnown: Bool { unreadSince.map { Clock.monotonic().since($0) < Self.unreadMax } ?? true }

    /// One look at the file: the cost of a system call.
    private func refresh() {
        guard let path else { return }
        // Taken before the file is read: a change in between shows next time.
        let identity = try? FileIdentity(of: path)
        let isChanged = identity != lastRead || (identity == nil && !isMissing)
        guard isChanged || (nextAttempt != .never && Clock.monotonic() >= nextAttempt) else { return }
        isMissing = identity == nil
        lastRead = identity
        // A file that is not there is seen when it comes.
        nextAttempt = isMissing ? .never : Clock.monotonic().advanced(by: Self.attemptPause)
        switch load() {
        case .clients(let clients):
            (unreadSince, nextAttempt) = (nil, .never)
            install(clients)
        case .refused: unreadSince = nil
        case .unreadable: if !isMissing, unreadSince == nil { unreadSince = Clock.monotonic() }
        }
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
