/// Names that are to be remembered until a time of their own: revoked tokens, and assertions that have been used. Kept
/// in memory and in a file, so that a restart forgets none. Bounded. Belongs to the server's thread.
///
/// The file holds a line for each: the time in seconds, a space, the name. It is written anew when most of its lines
/// have had their time.
package final class ExpiringJournal {
    /// Why a name cannot be remembered.
    package enum Failure: Error, Sendable, Equatable {
        case full
        case system(Errno)
    }

    private var ends: [String: Int64] = [:]
    private var file: AppendFile?
    private var lines = 0
    private let entriesMax: Int
    private let isDurable: Bool
    /// Told of each name that could not be remembered.
    package var failed: (Failure) -> Void = { _ in }

    private static let fileBytesMax = 256 << 20
    /// A file with fewer lines than that is left as it is.
    private static let linesKept = 1000

    /// One in memory alone.
    package init(entriesMax: Int) {
        self.entriesMax = entriesMax
        isDurable = false
    }

    /// - Parameter isDurable: whether a name has to outlive the machine's end, or only the process's.
    package init(_ path: String, entriesMax: Int, isDurable: Bool, now: UnixTime) throws(Errno) {
        self.entriesMax = entriesMax
        self.isDurable = isDurable
        do throws(Errno) {
            read(try FileReader.bytes(path, bytesMax: Self.fileBytesMax), now)
        } catch {
            guard error.isNotFound else { throw error }
        }
        file = try AppendFile(path)
        try compact(path, now)
    }

    package func contains(_ name: String, at now: UnixTime) -> Bool {
        ends[name].map { now.seconds < $0 } ?? false
    }

    /// Remembers `name`, which holds neither spaces nor line feeds. When this returns, it is in the file.
    package func insert(_ name: String, until end: UnixTime, at now: UnixTime) throws(Failure) {
        do throws(Failure) { try remember(name, until: end, at: now) } catch {
            failed(error)
            throw error
        }
    }

    private func remember(_ name: String, until end: UnixTime, at now: UnixTime) throws(Failure) {
        if let known = ends[name], known >= end.seconds { return }
        if ends.count >= entriesMax { ends = ends.filter { now.seconds < $0.value } }
        guard ends.count < entriesMax else { throw .full }
        do throws(Errno) {
            if let file {
                if lines > Self.linesKept, lines > 2 * ends.count { try compact(file.path, now) }
                try self.file?.append(Self.line(name, end.seconds), isDurable: isDurable)
                lines += 1
            }
        } catch {
            throw .system(error)
        }
        ends[name] = end.seconds
    }

    /// What is no line was cut off when it was written, and nobody was told that it had been.
    private func read(_ bytes: [UInt8], _ now: UnixTime) {
        for line in bytes.split(separator: ASCII.lineFeed) {
            lines += 1
            let parts = line.split(separator: ASCII.space, omittingEmptySubsequences: false)
            guard parts.count == 2, let end = Int64(String(decoding: parts[0], as: UTF8.self)), now.seconds < end else {
                continue
            }
            ends[String(decoding: parts[1], as: UTF8.self)] = end
        }
    }

    private func compact(_ path: String, _ now: UnixTime) throws(Errno) {
        ends = ends.filter { now.seconds < $0.value }
        guard lines > Self.linesKept, lines > 2 * ends.count else { return }
        var bytes: [UInt8] = []
        for (name, end) in ends { bytes += Self.line(name, end) }
        try FileWriter.replace(path, with: bytes)
        file = try AppendFile(path)
        lines = ends.count
    }

    private static func line(_ name: String, _ end: Int64) -> [UInt8] { Array("\(end) \(name)\n".utf8) }
}
