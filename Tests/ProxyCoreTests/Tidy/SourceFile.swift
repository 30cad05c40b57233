import Foundation

/// A Swift file of the repository, read and split into tokens.
struct SourceFile: Sendable {
    /// From the root of the repository: `Sources/ProxyCore/HTTP/RequestHead.swift`.
    let path: String
    let lines: [String]
    let tokens: [SwiftToken]
    let comments: [SwiftComment]

    init(path: String, text: String) {
        self.path = path
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let scanner = SwiftScanner(text)
        tokens = scanner.tokens
        comments = scanner.comments
    }

    var name: String { path.split(separator: "/").last.map(String.init) ?? path }
    /// What is no test: benchmarks in Swift are held to the rules of the sources, too.
    var isSource: Bool { path.hasPrefix("Sources/") || path.hasPrefix("Benchmarks/") }
    var isCore: Bool { path.hasPrefix("Sources/ProxyCore/") }

    /// The folder of ProxyCore that the file lies in; nil for files elsewhere.
    var room: String? {
        let parts = path.split(separator: "/")
        return isCore && parts.count > 3 ? String(parts[2]) : nil
    }

    /// The token at `index`, or an empty one before the first and behind the last.
    func token(_ index: Int) -> SwiftToken {
        tokens.indices.contains(index) ? tokens[index] : SwiftToken(text: "", line: 0, glued: false)
    }

    func violation(_ line: Int, _ message: String) -> Violation {
        Violation(path: path, line: line, message: message)
    }
}

/// A place that breaks a rule of the house, and what to do about it.
struct Violation: Sendable, CustomStringConvertible {
    let path: String
    let line: Int
    let message: String

    var description: String { "\(path):\(line): \(message)" }
}

/// The Swift files of this repository.
enum SourceTree {
    /// Every file below these folders, in the order of their paths.
    static let files: [SourceFile] = read()

    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private static func read() -> [SourceFile] {
        var paths: [String] = []
        for folder in ["Benchmarks", "Sources", "Tests"] {
            let below = FileManager.default.enumerator(atPath: root.appendingPathComponent(folder).path)
            while let next = below?.nextObject() as? String {
                if next.hasSuffix(".swift") { paths.append("\(folder)/\(next)") }
            }
        }
        return paths.sorted().map { path in
            let text = try? String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
            return SourceFile(path: path, text: text ?? "")
        }
    }
}
