import ProxyCore
import XCTest

final class CommandTests: XCTestCase {
    private static let names = ["serve", "check", "explain", "verify", "demo"]

    func testWithoutACommandItTellsTheUsage() {
        let run = CommandRun()
        XCTAssertEqual(run.status, .usage)
        XCTAssertEqual(run.output, [])
        XCTAssertEqual(run.errors.first, "Usage: scopeproxy COMMAND [ARGUMENT]...")
        for name in Self.names { XCTAssertTrue(run.errors.contains { $0.hasPrefix("  \(name) ") }, name) }
    }

    func testHelpIsGivenEverywhereAndFitsATerminal() {
        var texts = [CommandRun("--help"), CommandRun("-h"), CommandRun("help")]
        for name in Self.names {
            let help = CommandRun(name, "--help")
            XCTAssertEqual(help.output.first?.hasPrefix("scopeproxy \(name): "), true)
            XCTAssertTrue(help.output.contains { $0.hasPrefix("Usage: scopeproxy \(name)") }, name)
            // However it is asked for, and whatever else is wrong.
            for other in [[name, "-h"], ["help", name], [name, "--nonsense", "--token", "--help", "a", "b", "c", "d"]] {
                XCTAssertEqual(CommandRun(other).output, help.output)
                XCTAssertEqual(CommandRun(other).status, .success)
            }
            texts.append(help)
        }
        for help in texts {
            XCTAssertEqual(help.status, .success)
            XCTAssertEqual(help.errors, [])
            for line in help.output { XCTAssertLessThanOrEqual(line.count, 80, line) }
            for part in ["Options:", "Example:", "Exit status:"] { XCTAssertTrue(help.output.contains(part), part) }
        }
    }

    func testEveryOptionIsInTheHelp() {
        let options = [
            "serve": ["--config FILE"], "explain": ["--token TOKEN", "--token-file FILE", "--scopes SCOPES"],
            "verify": ["--jwks FILE", "--alg NAME"], "demo": ["--once", "--config FILE"],
        ]
        for (name, options) in options {
            let help = CommandRun(name, "--help").output
            for option in options + ["-h, --help", "-V, --version"] {
                XCTAssertTrue(help.contains { $0.hasPrefix("  \(option) ") }, "\(name) \(option)")
            }
        }
    }

    func testVersion() {
        let calls = [["--version"], ["-V"]] + Self.names.flatMap { [[$0, "--version"], [$0, "-V", "--nonsense"]] }
        for call in calls {
            let run = CommandRun(call)
            XCTAssertEqual(run.status, .success)
            XCTAssertEqual(run.output, ["scopeproxy \(Version.current) (OpenSSL \(LibraryVersion.number))"])
        }
        XCTAssertTrue(LibraryVersion.number.hasPrefix("3."))
    }

    func testWhatIsNotUnderstood() {
        let table: [([String], String, seeAlso: String)] = [
            (["srve"], "unknown command srve; did you mean serve?", ""),
            (["help", "chekc"], "unknown command chekc; did you mean check?", ""),
            (["frobnicate"], "unknown command frobnicate", ""),
            (["--hlep"], "unknown option --hlep; did you mean --help?", ""),
            (["--config", "x"], "unknown option --config", ""),
            (["serve", "--confg", "x"], "unknown option --confg; did you mean --config?", "serve"),
            (["serve", "--confg=secret"], "unknown option --confg; did you mean --config?", "serve"),
            (["serve", "-config", "x"], "unknown option -config; did you mean --config?", "serve"),
            (["serve", "-x"], "unknown option -x", "serve"),
            (["serve", "--vers"], "unknown option --vers; did you mean --version?", "serve"),
            (["serve", "--config"], "--config needs a value: --config FILE", "serve"),
            (["serve", "--config", "--", "a"], "--config needs a value: --config FILE", "serve"),
            (["serve", "--config", "a", "--config=b"], "--config is given twice", "serve"),
            (["serve", "a", "--config", "b"], "give FILE or --config FILE, not both", "serve"),
            (["serve", "a", "b"], "too many arguments: it takes FILE", "serve"),
            (["check"], "FILE is missing", "check"),
            (["check", "--", "--help", "x"], "too many arguments: it takes FILE", "check"),
            (["explain", "a"], "METHOD is missing", "explain"),
            (["explain", "a", "GET"], "PATH is missing", "explain"),
            (["explain", "a", "GET", "/", "token"], "too many arguments: it takes FILE METHOD PATH", "explain"),
            (["explain", "a", "GET", "/", "--token=t", "--scopes="], "give --token or --scopes, not both", "explain"),
            (["explain", "-", "GET", "/", "--token-file", "-"], "give FILE or --token-file as -, not both", "explain"),
            (["explain", "a", "GET", "/", "--scopes", "a \"b"], "--scopes SCOPES: \"b is not a scope", "explain"),
            (
                ["explain", "a", "GET", "HTTPS://api.test/"],
                "PATH: give the path alone, without scheme and host", "explain"
            ),
            (["verify"], "--jwks FILE is missing", "verify"),
            (["verify", "--jwks", "a", "token"], "too many arguments: it takes options only", "verify"),
            (
                ["verify", "--jwks=a", "--alg=es265"],
                "--alg NAME: there is no signature algorithm es265; did you mean ES256?", "verify"
            ),
        ]
        for (arguments, message, command) in table {
            let caller = command.isEmpty ? "scopeproxy" : "scopeproxy \(command)"
            let run = CommandRun(arguments)
            XCTAssertEqual(run.status, .usage, "\(arguments)")
            XCTAssertEqual(run.output, [])
            XCTAssertEqual(run.errors, ["\(caller): \(message)", "see `\(caller) --help`"])
        }
    }

    func testArgumentsAreTakenHoweverTheyAreWritten() {
        let calls = [
            ["serve", "no/where"], ["serve", "--config", "no/where"], ["serve", "--config=no/where"],
            ["serve", "--", "no/where"], ["check", "no/where"], ["check", "--", "no/where"],
            ["explain", "no/where", "GET", "/"], ["explain", "--scopes", "a b", "no/where", "GET", "/"],
            ["explain", "no/where", "--scopes=", "GET", "/"], ["explain", "no/where", "GET", "--token=-x", "--", "/"],
        ]
        for call in calls {
            let run = CommandRun(call)
            XCTAssertEqual(run.status, .usage, "\(call)")
            XCTAssertEqual(run.errors, ["no/where: cannot read the file: No such file or directory"], "\(call)")
        }
    }

    func testWhatIsShownCannotSteerATerminal() {
        let run = CommandRun("\u{1B}[2J\nserve\u{202E}\r")
        XCTAssertEqual(run.errors.first, #"scopeproxy: unknown command \u{1B}[2J\nserve\u{202E}\r"#)
    }

    func testNothingIsSaidAfterOutputHasFailed() {
        var calls = 0
        let console = Console(
            input: { _ throws(Errno) in [] },
            write: { _, _ throws(Errno) in
                calls += 1
                throw Errno(code: 32, call: "write")
            })
        XCTAssertEqual(Command.run(["--help"], console), .success)
        XCTAssertEqual(Command.run(["--version"], console), .success)
        XCTAssertEqual(calls, 1)
        XCTAssertEqual(console.outputFailure?.isBrokenPipe, true)
    }
}
