import CLinux
import Glibc

/// What lies in a folder.
enum FolderNames {
    /// The names of all that does, in the order of their bytes.
    static func all(in path: String) throws(Errno) -> [String] {
        guard let directory = unsafe Kernel.openDirectory(path) else { throw .current("opendir") }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while true {
            // Otherwise an error would pass for the end.
            errno = 0
            guard let entry = unsafe readdir(directory) else {
                guard errno == 0 else { throw .current("readdir") }
                return names.sorted()
            }
            // Sound: the entry is valid until the next call, and its name ends with a NUL.
            let name = unsafe String(cString: clinux_entry_name(entry))
            if name != ".", name != ".." { names.append(name) }
        }
    }
}
