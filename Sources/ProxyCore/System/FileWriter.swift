import Glibc

/// Whole small files, written so that a reader finds the old one or the new one and never a part.
package enum FileWriter {
    /// Puts `bytes` in the place of the file at `path`, also when the machine loses power on the way: a new file,
    /// readable by its owner only (see `FileOwner`), is written, flushed and renamed.
    package static func replace(_ path: String, with bytes: [UInt8]) throws(Errno) {
        let temporary = "\(path).\(getpid())\(suffix)"
        do throws(Errno) {
            try write(bytes, to: temporary, inPlaceOf: path)
            guard Kernel.rename(temporary, path) == 0 else { throw Errno.current("rename") }
        } catch {
            _ = Kernel.unlink(temporary)
            throw error
        }
        flushDirectory(of: path)
    }

    /// Removes what processes that were killed inside `replace` have left behind: new files in `folder` for names that
    /// `isMeant` is true of. Only for who holds the lock on those, as it could be a file that somebody is writing. What
    /// cannot be removed stays until the next time.
    package static func removeLeftovers(in folder: String, of isMeant: (Substring) -> Bool) {
        guard let names = try? FolderNames.all(in: folder) else { return }
        for name in names where name.hasSuffix(suffix) {
            let numbered = name.dropLast(suffix.utf8.count)
            guard let dot = numbered.lastIndex(of: "."), Int32(numbered[dot...].dropFirst()) != nil,
                isMeant(numbered[..<dot])
            else { continue }
            _ = Kernel.unlink("\(folder)/\(name)")
        }
    }

    /// The same for the file at `path` alone.
    package static func removeLeftovers(of path: String) {
        let slash = path.lastIndex(of: "/")
        let name = slash.map { path[path.index(after: $0)...] } ?? path[...]
        removeLeftovers(in: slash.map { String(path[...$0]) } ?? ".") { $0 == name }
    }

    private static let suffix = ".tmp"

    private static func write(_ bytes: [UInt8], to path: String, inPlaceOf old: String) throws(Errno) {
        // A process with our number may have left it there when it died.
        _ = Kernel.unlink(path)
        let raw = Kernel.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard raw >= 0 else { throw .current("open") }
        let file = FileDescriptor(owning: raw)
        try FileOwner.adopt(file.raw, at: old)
        var written = 0
        while written < bytes.count {
            let start = written
            // Sound: the pointer is valid for the call, which reads the bytes from `start` to the end.
            let count = unsafe bytes.withUnsafeBytes { source in
                unsafe Kernel.write(file.raw, source.baseAddress.map { unsafe $0 + start }, source.count - start)
            }
            if count < 0 && errno != EINTR { throw .current("write") }
            written += max(count, 0)
        }
        guard Kernel.flush(file.raw) == 0 else { throw .current("fsync") }
    }

    /// Makes the rename itself last. Where a directory cannot be flushed there is nothing better to do.
    private static func flushDirectory(of path: String) {
        let directory = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        let raw = Kernel.open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard raw >= 0 else { return }
        let descriptor = FileDescriptor(owning: raw)
        _ = Kernel.flush(descriptor.raw)
    }
}
