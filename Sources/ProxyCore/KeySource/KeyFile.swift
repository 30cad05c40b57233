/// A key set in a file, read again whenever the file changes.
struct KeyFile: Sendable {
    private let path: String
    private var lastRead: FileIdentity?

    init(path: String) { self.path = path }

    /// The file's bytes, or nil when they are those of the last read.
    mutating func readIfChanged() throws(KeyFetchFailure) -> [UInt8]? {
        let identity: FileIdentity
        // Taken before the bytes are read: a change in between shows next time.
        do throws(Errno) { identity = try FileIdentity(of: path) } catch { throw forgetting(error) }
        if identity == lastRead { return nil }
        lastRead = identity
        guard identity.isRegular else { throw .notARegularFile }
        guard identity.bytes <= KeySet.bytesMax else { throw .tooLarge }
        do throws(Errno) {
            return try FileReader.bytes(path, bytesMax: KeySet.bytesMax)
        } catch {
            throw forgetting(error)
        }
    }

    /// What could not be read is tried again even if it has not changed: it may be a matter of permissions.
    private mutating func forgetting(_ error: Errno) -> KeyFetchFailure {
        lastRead = nil
        return .file(error)
    }
}
