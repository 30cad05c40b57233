/// The files with a client's credentials, looked at every few seconds: one system call for each.
struct WatchedFiles {
    private let paths: [String]
    private var seen: [FileIdentity?]
    /// When to look next; never where there are no files.
    private(set) var nextLook: Instant

    private static let pause = Interval.seconds(2)

    init(_ paths: [String], now: Instant) {
        self.paths = paths
        seen = Self.identities(of: paths)
        nextLook = paths.isEmpty ? .never : now.advanced(by: Self.pause)
    }

    /// The files are about to be read: what changed before is not news.
    mutating func noteUse() { seen = Self.identities(of: paths) }

    /// True when it was time to look, and one of them is another file than when it was last used, or has come or gone.
    mutating func haveChanged(_ now: Instant) -> Bool {
        guard now >= nextLook else { return false }
        nextLook = now.advanced(by: Self.pause)
        let current = Self.identities(of: paths)
        defer { seen = current }
        return current != seen
    }

    private static func identities(of paths: [String]) -> [FileIdentity?] {
        paths.map { path in try? FileIdentity(of: path) }
    }
}
