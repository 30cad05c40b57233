import Glibc

/// The way to a file: through folders and symbolic links.
package enum FileRoute {
    /// As the kernel has it, for a chain that leads round in circles.
    private static let linksMax = 40

    /// The folder of the file and those of the symbolic links on the way; where a part of the way is missing, the
    /// folder in which it would have to appear.
    static func folders(to path: String) -> [String] {
        var folders: [String] = []
        var links = 0
        var place = path.utf8.first == ASCII.slash ? "/" : "."
        var left = names(in: path)
        while let name = left.popLast() {
            let next = place == "/" ? "/\(name)" : "\(place)/\(name)"
            switch kind(of: next) {
            case .link where links < linksMax:
                folders.append(place)
                links += 1
                guard let target = target(of: next) else { return folders }
                if target.utf8.first == ASCII.slash { place = "/" }
                left += names(in: target)
            case .folder where !left.isEmpty: place = next
            case .link, .folder, .file, .missing:
                folders.append(place)
                return folders
            }
        }
        folders.append(place)
        return folders
    }

    /// The path of the file itself, where `path` is a symbolic link: whoever replaces a file by renaming another into
    /// its place would otherwise replace the link. A link to nothing is an error (ENOENT), so that none can have a file
    /// made where its owner may make none; a path at which there is nothing is not.
    package static func destination(of path: String) throws(Errno) -> String {
        var place = path
        for links in 0...linksMax {
            var status = stat()
            guard Kernel.linkStatus(place, &status) == 0 else {
                let error = Errno.current("lstat")
                guard error.isNotFound, links == 0 else { throw error }
                return place
            }
            guard status.st_mode & S_IFMT == S_IFLNK else { return place }
            guard let target = target(of: place) else { throw .current("readlink") }
            if target.utf8.first != ASCII.slash, let slash = place.lastIndex(of: "/") {
                place = place[...slash] + target
            } else {
                place = target
            }
        }
        throw Errno(code: ELOOP, call: "readlink")
    }

    /// The last one first.
    private static func names(in path: String) -> [Substring] {
        path.split(separator: "/").filter { $0 != "." }.reversed()
    }

    private enum Kind {
        case folder
        case link
        case file
        case missing
    }

    private static func kind(of path: String) -> Kind {
        var status = stat()
        guard Kernel.linkStatus(path, &status) == 0 else { return .missing }
        if status.st_mode & S_IFMT == S_IFLNK { return .link }
        return status.st_mode & S_IFMT == S_IFDIR ? .folder : .file
    }

    private static func target(of link: String) -> String? {
        var bytes = [UInt8](repeating: 0, count: Int(PATH_MAX))
        // Sound: the system writes at most so many bytes as it is told, all of them in the array.
        let count = unsafe bytes.withUnsafeMutableBytes { buffer in
            guard let start = buffer.baseAddress else { return -1 }
            return unsafe Kernel.readLink(link, start.assumingMemoryBound(to: CChar.self), buffer.count)
        }
        guard count > 0 else { return nil }
        return String(validating: bytes[..<count], as: UTF8.self)
    }
}
