import Foundation
import ProxyCore
import XCTest

/// The files of `Fixtures`: those in `good` load, those in `bad` and `bad-loader-only` do not, each for the one reason
/// that `problems.txt` tells. `scripts/check-schema` holds the JSON Schema against the same files.
final class ConfigurationFixturesTests: XCTestCase {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Fixtures")

    private static let environment = [
        "UPSTREAM": "http://127.0.0.1:9000", "PORT": "8080", "MODE": "observe", "API_KEY": "c2VjcmV0", "EMPTY": "",
        "VERSION": "v2", "SCOPE": "profile:read", "TENANT": "{tenant}", "METHOD": "GET",
    ]

    func testGoodFilesLoad() throws {
        let names = try fileNames("good")
        XCTAssertGreaterThanOrEqual(names.count, 15)
        for name in names {
            if case .failure(let problems) = try load("good", name) {
                XCTFail(problems.problems.map(\.description).joined(separator: "\n"))
            }
        }
    }

    func testBadFilesAreRefusedForTheOneReasonTold() throws {
        var lines: [String] = []
        for folder in ["bad", "bad-loader-only"] {
            let names = try fileNames(folder)
            XCTAssertGreaterThanOrEqual(names.count, folder == "bad" ? 60 : 15)
            for name in names {
                switch try load(folder, name) {
                case .success: XCTFail("\(folder)/\(name) was accepted")
                case .failure(let problems):
                    XCTAssertEqual(problems.problems.count, 1, "\(folder)/\(name)")
                    lines += problems.problems.map(\.description)
                }
            }
        }
        let told = Self.folder.appendingPathComponent("problems.txt")
        if ProcessInfo.processInfo.environment["RECORD_PROBLEMS"] != nil {
            try lines.map { $0 + "\n" }.joined().write(to: told, atomically: true, encoding: .utf8)
        }
        let expected = try String(contentsOf: told, encoding: .utf8).split(separator: "\n").map(String.init)
        let difference = lines.difference(from: expected)
        XCTAssertTrue(difference.isEmpty, "RECORD_PROBLEMS=1 takes over what is right of these:\n\(difference)")
    }

    /// Whatever stands in the place of a value, it is accepted or told: nothing is dropped in silence, nothing crashes.
    func testAnyValueInAnyPlaceIsAcceptedOrTold() throws {
        let others = [
            "null", "true", "false", "0", "-1", "1.5", "1e300", "\"\"", "\"x\"", "\"$\"", "\"${EMPTY}\"",
            "\"/{a}/{a}\"", "[]",
            "{}", "[null]", "[[]]", "[\"a\",\"a\"]", "{\"\":null}", "{\"a\":\"b\"}",
        ]
        let loader = ConfigurationLoader(environment: { Self.environment[$0] })
        var refused = 0
        for name in try fileNames("good") {
            let path = Self.folder.appendingPathComponent("good").appendingPathComponent(name).path
            let bytes = try FileReader.bytes(path)
            for range in ranges(in: try JSONDocument(parsing: bytes).root) {
                for other in others {
                    let changed = bytes[..<range.lowerBound] + Array(other.utf8) + bytes[range.upperBound...]
                    do throws(ConfigurationProblems) {
                        _ = try loader.load(Array(changed), file: path)
                    } catch {
                        refused += 1
                        XCTAssertFalse(error.problems.isEmpty, "\(name) with \(other) at \(range)")
                    }
                }
            }
        }
        XCTAssertGreaterThan(refused, 1000)
    }

    private func ranges(in value: JSONValue) -> [Range<Int>] {
        [value.range.range] + (value.elements + value.members.map(\.value)).flatMap(ranges)
    }

    func testTheRepositorysOwnFileLoads() throws {
        let root = Self.folder.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let configuration = try ConfigurationLoader(environment: { _ in nil })
            .load(root.appendingPathComponent("routes.json").path)
        XCTAssertEqual(configuration.listen.description, "127.0.0.1:8080")
        XCTAssertEqual(configuration.issuers.map(\.token.issuer), ["http://127.0.0.1:8081"])
        XCTAssertEqual(configuration.routes.count, 7)
    }

    private func fileNames(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: Self.folder.appendingPathComponent(folder).path)
            .filter { $0.hasSuffix(".json") }.sorted()
    }

    /// Loads by the bytes, with a name that is the same wherever the repository lies, unless the file has neighbours.
    private func load(_ folder: String, _ name: String) throws -> Result<Configuration, ConfigurationProblems> {
        let path = Self.folder.appendingPathComponent(folder).appendingPathComponent(name).path
        let bytes = try FileReader.bytes(path)
        let loader = ConfigurationLoader(environment: { Self.environment[$0] })
        do throws(ConfigurationProblems) {
            if folder == "good" { return .success(try loader.load(path)) }
            return .success(try loader.load(bytes, file: "\(folder)/\(name)"))
        } catch {
            return .failure(error)
        }
    }
}
