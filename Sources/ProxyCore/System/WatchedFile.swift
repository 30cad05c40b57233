/// A file, and what it was at one moment; nil when it was not there.
package struct WatchedFile: Sendable, Equatable {
    package let path: String
    package let identity: FileIdentity?

    /// As it is now.
    package init(_ path: String) {
        self.path = path
        do throws(Errno) { identity = try FileIdentity(of: path) } catch { identity = nil }
    }
}
