import Glibc

/// A directory of secrets: nobody but its owner may look into it, or into the files there.
package struct PrivateDirectory: Sendable {
    /// Why a file or the directory itself is not used.
    package enum Problem: Error, Sendable, Equatable {
        case system(Errno)
        case notADirectory
        /// Others than the owner have access to it.
        case open

        package var message: String {
            switch self {
            case .system(let error): error.description
            case .notADirectory: "it is not a directory"
            case .open: "others than its owner have access to it; take that away with chmod go-rwx"
            }
        }
    }

    package let path: String

    /// Makes the directory when there is none; what contains it has to be there.
    package init(_ path: String) throws(Problem) {
        self.path = path
        if Kernel.makeDirectory(path, 0o700) != 0, errno != EEXIST { throw .system(.current("mkdir")) }
        var status = stat()
        guard Kernel.status(path, &status) == 0 else { throw .system(.current("stat")) }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw .notADirectory }
        guard status.st_mode & 0o077 == 0 else { throw .open }
    }

    package func path(of name: String) -> String { "\(path)/\(name)" }

    /// The names of what lies in it, in the order of their bytes.
    package func names() throws(Errno) -> [String] { try FolderNames.all(in: path) }

    /// The content of the file `name`, which has to be its owner's alone.
    package func read(_ name: String, bytesMax: Int) throws(Problem) -> [UInt8] {
        let path = path(of: name)
        var status = stat()
        guard Kernel.status(path, &status) == 0 else { throw .system(.current("stat")) }
        guard status.st_mode & 0o077 == 0 else { throw .open }
        do throws(Errno) {
            return try FileReader.bytes(path, bytesMax: bytesMax)
        } catch {
            throw .system(error)
        }
    }

    /// Removes the file `name`; one that is not there is removed already.
    package func remove(_ name: String) throws(Errno) {
        if Kernel.unlink(path(of: name)) != 0, errno != ENOENT { throw .current("unlink") }
    }
}
