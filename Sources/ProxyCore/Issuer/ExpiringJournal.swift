/// Names that are to be remembered until a time of their own: revoked tokens, and assertions that have been used. Kept
/// in memory and in a file, so that a restart forgets none. Bounded. Belongs to the server's thread.
///
/// Each name belongs to a client, which may have as many as there is room left for: one alone gets half of all, two a
/// third each. So none can use up what others need.
///
/// The file holds a line for each: the time in seconds, the name, a digest of the client, with spaces between them. It
/// is written anew when most of its lines have had their time.
package final class ExpiringJournal {
    /// Why a name cannot be remembered.
    package enum Failure: Error, Sendable, Equatable {
        /// The client has its share, or there is no room at all.
        case full
        case system(Errno)
    }

    private struct Entry {
        var end: Int64
        let owner: String
    }

    private var entries: [String: Entry] = [:]
    /// How many names an owner has.
    private var shares: [String: Int] = [:]
    /// Every entry is in it, with each end that it has had.
    private var ends = EndHeap()
    private var file: AppendFile?
    private var lines = 0
    private let entriesMax: Int
    private let isDurable: Bool
    /// Told of each name that could not be remembered.
    package var failed: (Failure) -> Void = { _ in }

    /// More than any line has.
    private static let lineBytesMax = 4096
    /// A file with fewer lines than that is left as it is.
    private static let linesKept = 1000

    /// One in memory alone.
    package init(entriesMax: Int) {
        self.entriesMax = entriesMax
        isDurable = false
    }

    /// The one of the file at `path`, which no other process has.
    ///
    /// - Parameter isDurable: whether a name has to outlive the machine's end, or only the process's.
    package init(_ path: String, entriesMax: Int, isDurable: Bool, now: UnixTime) throws(Errno) {
        self.entriesMax = entriesMax
        self.isDurable = isDurable
        FileWriter.removeLeftovers(of: path)
        do throws(Errno) {
            try read(path, now)
        } catch {
            guard error.isNotFound else { throw error }
        }
        file = try AppendFile(path)
        try compact(path, now)
    }

    package func contains(_ name: String, at now: UnixTime) -> Bool {
        entries[name].map { now.seconds < $0.end } ?? false
    }

    /// Remembers `name`, which holds neither spaces nor line feeds, for `client`. When this returns, it is in the file.
    package func insert(
        _ name: String, of client: String, until end: UnixTime, at now: UnixTime
    ) throws(Failure) {
        do throws(Failure) { try remember(name, Entry(end: end.seconds, owner: Self.owner(client)), now) } catch {
            failed(error)
            throw error
        }
    }

    private func remember(_ name: String, _ entry: Entry, _ now: UnixTime) throws(Failure) {
        if let known = entries[name] {
            if known.end >= entry.end { return }
        } else if !hasRoom(for: entry.owner) {
            // Only then: what is forgotten stays so when the clock is set back.
            forget(now)
            guard hasRoom(for: entry.owner) else { throw .full }
        }
        do throws(Errno) {
            if let file {
                if lines > Self.linesKept, lines > 2 * entries.count { try compact(file.path, now) }
                try self.file?.append(Self.line(name, entry), isDurable: isDurable)
                lines += 1
            }
        } catch {
            throw .system(error)
        }
        keep(name, entry)
    }

    private func hasRoom(for owner: String) -> Bool { shares[owner, default: 0] < entriesMax - entries.count }

    private func keep(_ name: String, _ entry: Entry) {
        if entries[name] == nil { shares[entry.owner, default: 0] += 1 }
        entries[name] = Entry(end: entry.end, owner: entries[name]?.owner ?? entry.owner)
        ends.insert(name, entry.end)
    }

    /// Forgets the names that have had their time. One that is left costs nothing.
    private func forget(_ now: UnixTime) {
        while let name = ends.popFirst(until: now.seconds) {
            guard let entry = entries[name], entry.end <= now.seconds else { continue }
            entries[name] = nil
            let left = shares[entry.owner, default: 1] - 1
            shares[entry.owner] = left > 0 ? left : nil
        }
    }

    /// What the client is called in the file: short, whatever its name is.
    private static func owner(_ client: String) -> String {
        let name = Array(client.utf8)
        let digest = Digest.sha256(name.span)
        return Base64URL.encode(digest.span.extracting(first: 6)).span.text
    }

    /// However long the file is: a server that cannot read it could not start again.
    private func read(_ path: String, _ now: UnixTime) throws(Errno) {
        var begun: [UInt8] = []
        try FileReader.blocks(path) { block in
            var parts = (begun + block).split(separator: ASCII.lineFeed, omittingEmptySubsequences: false)
            begun = Array((parts.popLast() ?? []).prefix(Self.lineBytesMax))
            for line in parts { read(line: line, now) }
        }
        read(line: begun[...], now)
    }

    /// What is no line was cut off when it was written, and nobody was told that it had been.
    private func read(line: ArraySlice<UInt8>, _ now: UnixTime) {
        guard !line.isEmpty else { return }
        lines += 1
        let parts = line.split(separator: ASCII.space, omittingEmptySubsequences: false)
        guard (2...3).contains(parts.count), let end = Int64(Self.text(parts[0])), now.seconds < end else { return }
        // Files of earlier versions do not tell the owner.
        keep(Self.text(parts[1]), Entry(end: end, owner: parts.count == 3 ? Self.text(parts[2]) : ""))
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

    private func compact(_ path: String, _ now: UnixTime) throws(Errno) {
        forget(now)
        guard lines > Self.linesKept, lines > 2 * entries.count else { return }
        var bytes: [UInt8] = []
        for (name, entry) in entries { bytes += Self.line(name, entry) }
        try FileWriter.replace(path, with: bytes)
        file = try AppendFile(path)
        lines = entries.count
    }

    private static func line(_ name: String, _ entry: Entry) -> [UInt8] {
        Array("\(entry.end) \(name)\(entry.owner.isEmpty ? "" : " " + entry.owner)\n".utf8)
    }
}

/// Names by their ends, the earliest first: a binary heap.
private struct EndHeap {
    private var heap: [(end: Int64, name: String)] = []

    mutating func insert(_ name: String, _ end: Int64) {
        var child = heap.count
        heap.append((end, name))
        while child > 0, heap[child].end < heap[(child - 1) / 2].end {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Takes out one whose end is not after `time`; nil when there is none.
    mutating func popFirst(until time: Int64) -> String? {
        guard let first = heap.first, first.end <= time else { return nil }
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                if heap[child].end < heap[least].end { least = child }
            }
            if least == parent { return first.name }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
