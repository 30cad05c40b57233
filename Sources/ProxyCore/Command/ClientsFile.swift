/// The file of clients, for one command at a time: whoever changes it holds a lock from reading to replacing.
struct ClientsFile {
    let path: String

    /// The clients; none when there is no file yet.
    func read() throws(CommandFailure) -> [RegisteredClient] {
        do throws(Errno) { _ = try FileIdentity(of: path) } catch {
            if error.isNotFound { return [] }
            throw CommandFailure(["\(path): \(error.description)"], .software)
        }
        do throws(ConfigurationProblems) { return try ClientsReader.load(path) } catch { throw CommandFailure(error) }
    }

    /// Has `change` change the clients, and writes them. A reader finds the old file or the new one, also behind a
    /// symbolic link.
    func update(_ change: (inout [RegisteredClient]) throws(CommandFailure) -> Void) throws(CommandFailure) {
        let file = ClientsFile(path: try destination())
        try file.updateInPlace(change)
    }

    /// The file itself: two commands that come to it by different names wait for each other.
    private func destination() throws(CommandFailure) -> String {
        do throws(Errno) { return try FileRoute.destination(of: path) } catch {
            let advice = error.isNotFound ? "; make its file first, with {\"clients\": []}" : ""
            let problem = "\(path): the symbolic link cannot be followed: \(error.description)\(advice)"
            throw CommandFailure([problem], .software)
        }
    }

    private func updateInPlace(
        _ change: (inout [RegisteredClient]) throws(CommandFailure) -> Void
    ) throws(CommandFailure) {
        let lock: FileLock
        do throws(Errno) {
            lock = try FileLock(path + ".lock")
        } catch {
            throw CommandFailure(["\(path).lock: \(error.description)"], .software)
        }
        FileWriter.removeLeftovers(of: path)
        var clients = try read()
        try change(&clients)
        do throws(Errno) {
            try FileWriter.replace(path, with: ClientsDocument.bytes(clients))
        } catch {
            throw CommandFailure(["\(path): \(error.description)"], .software)
        }
        _ = consume lock
    }

    /// Has `change` change the client of that name.
    func update(
        _ id: String, _ change: (inout RegisteredClient) throws(CommandFailure) -> Void
    ) throws(CommandFailure) {
        try update { (clients) throws(CommandFailure) in
            let index = try Self.index(of: id, in: clients)
            try change(&clients[index])
        }
    }

    static func index(of id: String, in clients: [RegisteredClient]) throws(CommandFailure) -> Int {
        if let index = clients.firstIndex(where: { $0.id == id }) { return index }
        let nearest = EditDistance.nearest(to: id, among: clients.map(\.id)).map { "; did you mean \($0)?" } ?? ""
        throw CommandFailure(["there is no client \(id)\(nearest)"], .failure)
    }
}
