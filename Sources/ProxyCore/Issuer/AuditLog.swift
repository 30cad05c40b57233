import Synchronization

/// What the server has granted and refused, a line of JSON for each, before the answer goes out. Never holds a secret
/// or a token. Belongs to the server's thread.
package final class AuditLog {
    private let file: AppendFile
    private let isDurable: Bool
    private let reopening: AuditReopening
    private var reopened: Int
    private var json = JSONWriter()
    /// Told of each line that could not be written.
    package var failed: (Errno) -> Void = { _ in }
    /// Told when the file has been opened anew.
    package var reopenedAnew: () -> Void = {}

    /// - Parameters:
    ///   - isDurable: whether a line has to outlive the machine's end, or only the process's.
    ///   - reopening: how other threads ask for the file to be opened anew.
    package init(_ path: String, isDurable: Bool, reopening: AuditReopening) throws(Errno) {
        file = try AppendFile(path)
        self.isDurable = isDurable
        self.reopening = reopening
        reopened = reopening.count
    }

    /// When this returns, the line is in the file.
    func write(_ record: AuditRecord) throws(Errno) {
        do throws(Errno) { try append(record) } catch {
            failed(error)
            throw error
        }
    }

    private func append(_ record: AuditRecord) throws(Errno) {
        let asked = reopening.count
        if asked != reopened {
            try file.reopen()
            reopened = asked
            reopenedAnew()
        }
        json.removeAll()
        record.write(to: &json)
        try file.append(json.bytes + [ASCII.lineFeed], isDurable: isDurable)
    }
}

/// Asks for the audit log to be opened anew, as after it was renamed. Any thread.
package final class AuditReopening: Sendable {
    private let requests = Atomic<Int>(0)

    package init() {}

    package func request() { requests.add(1, ordering: .relaxed) }

    var count: Int { requests.load(ordering: .relaxed) }
}
