/// Where a command listens and speaks: the process's standard streams, or what a test puts in their place.
///
/// It takes whole lines and escapes what could not be seen in them or would be obeyed by a terminal: so whatever a line
/// quotes, it is one line, and shows what was there.
package final class Console {
    private let input: (_ bytesMax: Int) throws(Errno) -> [UInt8]
    private let write: (StandardStream, [UInt8]) throws(Errno) -> Void
    /// Standard output is a terminal, and nobody has asked for no colours.
    let showsColors: Bool
    /// Why standard output did not take what was said. What comes after that is not written.
    package private(set) var outputFailure: Errno?

    /// - Parameters:
    ///   - input: reads everything there is, or throws EFBIG when that is more than so many bytes.
    ///   - write: writes everything.
    ///   - showsColors: whether `sayStyled` may be given escape sequences.
    package init(
        input: @escaping (_ bytesMax: Int) throws(Errno) -> [UInt8],
        write: @escaping (StandardStream, [UInt8]) throws(Errno) -> Void,
        showsColors: Bool = false
    ) {
        self.input = input
        self.write = write
        self.showsColors = showsColors
    }

    /// The standard streams.
    static var ofTheProcess: Console {
        Console(
            input: { bytesMax throws(Errno) in try FileReader.standardInput(bytesMax: bytesMax) },
            write: { stream, bytes throws(Errno) in try stream.write(bytes) },
            showsColors: StandardStream.output.showsColors)
    }

    /// Everything that can be read from standard input.
    func readInput(bytesMax: Int) throws(Errno) -> [UInt8] { try input(bytesMax) }

    /// What the command was asked for, on standard output.
    func say(_ lines: String...) { say(lines) }

    func say(_ lines: [String]) { sayBytes(Self.bytes(lines)) }

    /// Lines that are fit for a terminal already, escape sequences for colours included.
    func sayStyled(_ lines: [String]) { sayBytes(lines.flatMap { Array($0.utf8) + [ASCII.lineFeed] }) }

    private func sayBytes(_ bytes: [UInt8]) {
        guard outputFailure == nil else { return }
        do throws(Errno) { try write(.output, bytes) } catch { outputFailure = error }
    }

    /// What is wrong, on standard error.
    func complain(_ lines: String...) { complain(lines) }

    func complain(_ lines: [String]) {
        // Whether anybody reads it is not ours to know.
        try? write(.error, Self.bytes(lines))
    }

    private static func bytes(_ lines: [String]) -> [UInt8] {
        lines.flatMap { Array(EscapedText.line($0).utf8) + [ASCII.lineFeed] }
    }
}
