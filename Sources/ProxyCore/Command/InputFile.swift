/// A file that a command is told to read; `-` is standard input.
struct InputFile: Equatable {
    let path: String

    var isStandardInput: Bool { path == "-" }

    /// For messages.
    var name: String { isStandardInput ? "standard input" : path }

    func read(_ console: Console, bytesMax: Int) throws(Errno) -> [UInt8] {
        isStandardInput
            ? try console.readInput(bytesMax: bytesMax) : try FileReader.bytes(path, bytesMax: bytesMax)
    }

    /// The content without the end of line that editors and `echo` put behind it.
    static func withoutLineEnd(_ content: [UInt8]) -> [UInt8] {
        var content = content
        if content.last == ASCII.lineFeed {
            content.removeLast()
            if content.last == ASCII.carriageReturn { content.removeLast() }
        }
        return content
    }
}
