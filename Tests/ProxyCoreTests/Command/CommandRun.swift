import ProxyCore
import XCTest

/// One call of the program, without a process: what it said, and how it ended.
struct CommandRun {
    let status: ExitStatus
    /// But for `memory`.
    let output: [String]
    /// What `check` says at its end of the memory that a configuration can take, which depends on the machine.
    let memory: [String]
    let errors: [String]

    init(_ arguments: String..., input: String = "") {
        self.init(arguments, input: input)
    }

    init(_ arguments: [String], input: String = "") {
        var written: [StandardStream: [UInt8]] = [:]
        let console = Console(
            input: { bytesMax throws(Errno) in
                guard input.utf8.count <= bytesMax else { throw Errno(code: 27, call: "read") }
                return Array(input.utf8)
            },
            write: { stream, bytes throws(Errno) in written[stream, default: []] += bytes })
        status = Command.run(arguments, console)
        let lines = Self.lines(written[.output])
        let end = lines.firstIndex { $0.hasPrefix("memory: at most") }
        // A blank line comes before it.
        output = Array(lines[..<(end.map { $0 - 1 } ?? lines.count)])
        memory = Array(lines[(end ?? lines.count)...])
        errors = Self.lines(written[.error])
    }

    private static func lines(_ bytes: [UInt8]?) -> [String] {
        guard let bytes else { return [] }
        XCTAssertEqual(bytes.last, 0x0A, "every line ends")
        return String(decoding: bytes.dropLast(), as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }
}

/// The text of a configuration with one issuer, for commands to read.
struct ConfigurationText {
    static let issuer = "https://issuer.test/"

    /// JSON members of the issuer that say where its keys are.
    var keys = #""jwks_file":"keys.json""#
    /// Further JSON members of the whole, each followed by a comma.
    var more = ""
    var routes: [String]

    /// - Parameter routes: JSON objects.
    init(_ routes: String...) { self.routes = routes }

    var text: String {
        """
        {"listen":"127.0.0.1:0","upstream":"http://127.0.0.1:9000",\(more)
        "issuers":[{"issuer":"\(Self.issuer)","audiences":["https://api.test"],\(keys)}],
        "routes":[\(routes.joined(separator: ",\n"))]}
        """
    }
}
