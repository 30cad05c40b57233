import CLinux
import Glibc

/// What changes when a file does: whether it is written in place or replaced, also behind a symbolic link.
package struct FileIdentity: Sendable, Equatable {
    /// Neither a directory nor a pipe or device, which might have no end or make a reader wait.
    package let isRegular: Bool
    /// Nobody but the owner may read or write it, by its mode.
    package let isPrivate: Bool
    package let bytes: Int64
    private let device: UInt64
    private let inode: UInt64
    private let modifiedSeconds: Int
    private let modifiedNanoseconds: Int
    /// Also of its mode and its links.
    private let changedSeconds: Int
    private let changedNanoseconds: Int

    package init(of path: String) throws(Errno) {
        var status = stat()
        guard Kernel.status(path, &status) == 0 else { throw .current("stat") }
        isRegular = status.st_mode & S_IFMT == S_IFREG
        isPrivate = status.st_mode & 0o077 == 0
        bytes = Int64(status.st_size)
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        modifiedSeconds = status.st_mtim.tv_sec
        modifiedNanoseconds = status.st_mtim.tv_nsec
        changedSeconds = status.st_ctim.tv_sec
        changedNanoseconds = status.st_ctim.tv_nsec
    }

    /// It changed within the last second or two before `now`, or by a clock that is ahead: the next change may bear the
    /// same time.
    package func isYoung(at now: UnixTime) -> Bool { Int64(changedSeconds) >= now.seconds - 1 }
}
