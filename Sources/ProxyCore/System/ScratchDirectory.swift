import Glibc
import Synchronization

/// A directory for files that nobody needs for longer than this lives; it goes with them then. Only its owner may look
/// into it. Any thread.
package final class ScratchDirectory: Sendable {
    package let path: String
    private let files = Mutex<[String]>([])

    /// Makes it where the system has its temporary files: in `TMPDIR`, else in /tmp.
    ///
    /// - Parameter name: ours to choose; the directory's name begins with it.
    package init(_ name: String) throws(Errno) {
        var parent = ProcessEnvironment.value("TMPDIR") ?? ""
        if parent.isEmpty { parent = "/tmp" }
        var template = Array("\(parent)/\(name)-XXXXXX".utf8CString)
        guard Kernel.makeTemporaryDirectory(&template) else { throw .current("mkdtemp") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        for file in files.withLock({ $0 }) { _ = Kernel.unlink(file) }
        _ = unsafe rmdir(path)
    }

    /// Writes a file that is readable by its owner only, and gives its path.
    package func write(_ name: String, _ bytes: [UInt8]) throws(Errno) -> String {
        let file = "\(path)/\(name)"
        try FileWriter.replace(file, with: bytes)
        files.withLock { $0.append(file) }
        return file
    }
}
