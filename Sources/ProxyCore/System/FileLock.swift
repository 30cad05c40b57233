import Glibc

/// A file that one process at a time holds locked (flock(2)): who changes a file reads, changes and replaces it while
/// holding this. The lock ends with the value, and with the process however that ends. Blocking: never on event loops.
package struct FileLock: ~Copyable {
    private let descriptor: FileDescriptor

    /// Waits for the lock. The file is made when there is none, and stays: removing it would let two in.
    package init(_ path: String) throws(Errno) {
        let file = try Self.open(path)
        guard Kernel.lock(file.raw, LOCK_EX) == 0 else { throw .current("flock") }
        descriptor = file
    }

    /// The lock if it is free, otherwise nil.
    package static func ifFree(_ path: String) throws(Errno) -> FileLock? {
        let file = try open(path)
        guard Kernel.lock(file.raw, LOCK_EX | LOCK_NB) == 0 else {
            guard errno == EWOULDBLOCK else { throw .current("flock") }
            return nil
        }
        return FileLock(locked: file)
    }

    private init(locked file: consuming FileDescriptor) { descriptor = file }

    private static func open(_ path: String) throws(Errno) -> FileDescriptor {
        let raw = Kernel.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard raw >= 0 else { throw .current("open") }
        let file = FileDescriptor(owning: raw)
        try FileOwner.adoptFolder(file.raw, at: path)
        return file
    }
}
