import Glibc

/// Whose a new file is when root makes it: a command that root runs must not leave behind what the server, running as
/// somebody else, cannot read.
enum FileOwner {
    /// Gives the new file, open as `descriptor`, to the owner of what is at `path` already or, where there is nothing,
    /// of the folder. Does nothing for other users than root.
    static func adopt(_ descriptor: Int32, at path: String) throws(Errno) {
        var status = stat()
        guard geteuid() == 0, Kernel.status(path, &status) == 0 else { return try adoptFolder(descriptor, at: path) }
        guard Kernel.changeOwner(descriptor, status.st_uid, status.st_gid) == 0 else { throw .current("fchown") }
    }

    /// Gives the file, open as `descriptor`, to the owner of the folder that `path` lies in.
    static func adoptFolder(_ descriptor: Int32, at path: String) throws(Errno) {
        guard geteuid() == 0 else { return }
        var status = stat()
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        guard Kernel.status(folder, &status) == 0 else { throw .current("stat") }
        guard Kernel.changeOwner(descriptor, status.st_uid, status.st_gid) == 0 else { throw .current("fchown") }
    }
}
