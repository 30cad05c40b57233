/// The clients as they were at the last look: what the file says, read again whenever that has changed. Belongs to the
/// server's thread.
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

    private var entries: [String: Entry] = [:]
    private let file: ChangingFile<[RegisteredClient]>?

    /// Clients that stay as they are.
    package init(_ clients: [RegisteredClient]) {
        file = nil
        install(clients)
    }

    /// The clients of a file, as it is at any moment.
    package init(_ file: ChangingFile<[RegisteredClient]>) {
        self.file = file
        refresh()
    }

    /// The enabled client of that name.
    func entry(_ id: String) -> Entry? {
        // A key that is a String is found under every name that Unicode calls equivalent; one of ASCII has no other.
        guard RegisteredClient.isID(id) else { return nil }
        guard let entry = entries[id], entry.client.isEnabled else { return nil }
        return entry
    }

    /// False when it is not known any more what the file says.
    var isKnown: Bool { file?.isKnown() ?? true }

    /// One look at the file.
    func refresh() {
        if let clients = file?.refreshed() { install(clients) }
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
