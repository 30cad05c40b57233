import Synchronization

/// What the server has granted and refused, a line of JSON for each, before the answer goes out. Never holds a secret
/// or a token. Belongs to the server's thread.
package final class AuditLog {
    private let file: AppendFile
    private let isDurable: Bool
    private let reopening: AuditReopening
    private var reopened: Int
    /// The lines that wait to be written.
    private var lines = JSONWriter()
    /// Told when lines could not be written.
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

    /// Writes a line at once, before those that wait. When this returns, it is in the file.
    func write(_ record: AuditRecord) throws(Errno) {
        var line = JSONWriter()
        record.write(to: &line)
        line.endLine()
        try append(line.bytes)
    }

    /// Has a line wait for `flush`.
    func add(_ record: AuditRecord) {
        record.write(to: &lines)
        lines.endLine()
    }

    /// When this returns, the lines that waited are in the file; when it throws, any of them may be missing. None waits
    /// any more.
    func flush() throws(Errno) {
        guard !lines.bytes.isEmpty else { return }
        defer { lines.removeAll() }
        try append(lines.bytes)
    }

    private func append(_ bytes: [UInt8]) throws(Errno) {
        do throws(Errno) { try put(bytes) } catch {
            failed(error)
            throw error
        }
    }

    private func put(_ bytes: [UInt8]) throws(Errno) {
        let asked = reopening.count
        if asked != reopened {
            try file.reopen()
            reopened = asked
            reopenedAnew()
        }
        try file.append(bytes, isDurable: isDurable)
    }
}

/// Asks for the audit log to be opened anew, as after it was renamed. Any thread.
package final class AuditReopening: Sendable {
    private let requests = Atomic<Int>(0)

    package init() {}

    package func request() { requests.add(1, ordering: .relaxed) }

    var count: Int { requests.load(ordering: .relaxed) }
}
