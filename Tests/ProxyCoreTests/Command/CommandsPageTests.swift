import Foundation
import ProxyCore
import XCTest

/// Everything in docs/commands.md that is marked as `console` is what the program says.
final class CommandsPageTests: XCTestCase {
    func testTheExamplesAreReal() throws {
        let examples = try self.examples()
        XCTAssertGreaterThanOrEqual(examples.count, 6)
        var status = ExitStatus.success
        for (command, told) in examples {
            if command == "echo $?" {
                XCTAssertEqual(told, ["\(status.rawValue)"])
                continue
            }
            XCTAssertTrue(command.hasPrefix("scopeproxy "), command)
            let run = CommandRun(Self.words(command).dropFirst().map { $0 == "routes.json" ? file : $0 })
            let said = (run.output + run.errors).map { $0.replacingOccurrences(of: file, with: "routes.json") }
            XCTAssertEqual(said, told, command)
            status = run.status
        }
    }

    private let file = SourceTree.root.appendingPathComponent("routes.json").path

    /// Command lines, each with the lines that follow it.
    private func examples() throws -> [(command: String, told: [String])] {
        let page = SourceTree.root.appendingPathComponent("docs/commands.md")
        var examples: [(command: String, told: [String])] = []
        var isConsole = false
        for line in try String(contentsOf: page, encoding: .utf8).components(separatedBy: "\n") {
            if line.hasPrefix("```") {
                isConsole = line == "```console"
            } else if isConsole, line.hasPrefix("$ ") {
                examples.append((String(line.dropFirst(2)), []))
            } else if isConsole {
                examples[examples.count - 1].told.append(line)
            }
        }
        return examples
    }

    /// The words of a command line, in which only double quotes mean anything.
    private static func words(_ line: String) -> [String] {
        line.components(separatedBy: "\"").enumerated().flatMap { index, part in
            index.isMultiple(of: 2) ? part.split(separator: " ").map(String.init) : [part]
        }
    }
}
