/// Names that the house does without, each with what to write in its place.
struct BannedName: Sendable {
    let instead: String
    let applies: @Sendable (SourceFile) -> Bool
    let stands: @Sendable (_ file: SourceFile, _ index: Int) -> Bool

    static func violations(in file: SourceFile) -> [Violation] {
        all.filter { $0.applies(file) }.flatMap { rule in
            file.tokens.indices.filter { rule.stands(file, $0) }.map { index in
                file.violation(file.tokens[index].line, rule.instead)
            }
        } + leftovers(in: file)
    }

    private static let all = failures + concurrency + imports + declarations + tests

    private static let failures: [BannedName] = [
        BannedName(
            instead: "`try!`: catch the error, or make the call one that cannot throw",
            applies: \.isSource, stands: { $0.sees(["try", "!"], at: $1) && $0.token($1 + 1).glued }),
        BannedName(
            instead: "`as!`: make the types say it; an enum with payloads does where a cast was wanted",
            applies: \.isSource, stands: { $0.sees(["as", "!"], at: $1) }),
        BannedName(
            instead: "force unwrap: `guard let` with an answer, or `preconditionFailure` with the reason it cannot be",
            applies: \.isSource, stands: isForceUnwrap),
        BannedName(
            instead: "`default:` in a state machine: list the cases, so that a new one asks for its place here",
            applies: { $0.isSource && $0.isStateMachine }, stands: { $0.sees(["default", ":"], at: $1) }),
    ]

    private static let concurrency: [BannedName] = [
        BannedName(
            instead: "`@unchecked Sendable`: born on its thread and never shared, or immutable, or a Mutex around it",
            applies: \.isSource, stands: { $0.sees(["@", "unchecked"], at: $1) }),
        BannedName(
            instead: "`nonisolated(unsafe)`: pass the value to whoever needs it; a constant needs no such word",
            applies: \.isSource, stands: { $0.sees(["nonisolated", "(", "unsafe"], at: $1) }),
        BannedName(
            instead: "`unsafe` outside System/ and OpenSSL/: use Span, arrays or InlineArray, or add to System/",
            applies: { $0.isSource && !$0.isIn("System", "OpenSSL") },
            stands: { $0.token($1).text == "unsafe" && $0.token($1 - 1).text != "(" }),
    ]

    private static let imports: [BannedName] = [
        BannedName(
            instead: "Foundation: it costs memory and start-up; JSON/ reads and writes, System/ does files and clocks",
            applies: \.isSource,
            stands: { $0.imports("Foundation", at: $1) || $0.imports("FoundationEssentials", at: $1) }),
        BannedName(
            instead: "Glibc outside System/ and OpenSSL/: ask System/ for a call with a type and an error of ours",
            applies: { $0.isSource && !$0.isIn("System", "OpenSSL") }, stands: { $0.imports("Glibc", at: $1) }),
        BannedName(
            instead: "CLinux outside System/: ask System/ for a call with a type and an error of ours",
            applies: { $0.isSource && !$0.isIn("System") }, stands: { $0.imports("CLinux", at: $1) }),
        BannedName(
            instead: "CLibSSL outside OpenSSL/: that room is the one border to the C library",
            applies: { $0.isSource && !$0.isIn("OpenSSL") }, stands: { $0.imports("CLibSSL", at: $1) }),
    ]

    private static let declarations: [BannedName] = [
        BannedName(
            instead: "`public`: a program exports nothing; `package` is for what the executable and the tests need",
            applies: \.isSource, stands: { $0.token($1).text == "public" && $0.token($1 - 1).text != "." }),
        BannedName(
            instead: "`print` below the executable: return the text, or log it",
            applies: \.isCore,
            stands: { $0.sees(["print", "("], at: $1) && ![".", "func"].contains($0.token($1 - 1).text) }),
        BannedName(
            instead: "extension of a type that everybody has: a function in the room that needs it, or an own type",
            applies: \.isSource,
            stands: { $0.token($1).text == "extension" && extended.contains($0.token($1 + 1).text) }),
    ]

    private static let extended: Set<String> = ["String", "Substring", "Array", "ArraySlice", "[", "Dictionary", "Int"]

    private static let tests: [BannedName] = [
        BannedName(
            instead: "`@testable`: test through the door that other rooms use; `package` opens it",
            applies: { !$0.isSource }, stands: { $0.sees(["@", "testable"], at: $1) }),
        BannedName(
            instead: "`XCTSkip`: a test that cannot run must fail, or nobody will know",
            applies: { !$0.isSource }, stands: { $0.token($1).text.hasPrefix("XCTSkip") }),
        BannedName(
            instead: "sleeping in a test: wait for the event itself, or give the code a clock that the test turns",
            applies: { !$0.isSource },
            stands: { ["sleep", "usleep", "nanosleep"].contains($0.token($1).text) && $0.token($1 + 1).text == "(" }),
    ]

    /// Promises in comments: an issue keeps one, a comment does not.
    private static func leftovers(in file: SourceFile) -> [Violation] {
        file.comments.compactMap { comment in
            let words = comment.text.split { !($0.isLetter || $0.isNumber) }
            guard let word = words.first(where: { ["TODO", "FIXME", "XXX", "HACK"].contains($0) }) else { return nil }
            return file.violation(comment.line, "\(word): do it now, or file an issue")
        }
    }

    /// A heuristic: an exclamation mark that touches what ends an expression, and is no part of `!=`.
    private static func isForceUnwrap(_ file: SourceFile, _ index: Int) -> Bool {
        let mark = file.token(index)
        guard mark.text == "!", mark.glued else { return false }
        let next = file.token(index + 1)
        if next.text == "=" && next.glued { return false }
        let before = file.token(index - 1)
        let keywords = ["try", "as", "init", "return", "in", "case", "where", "if", "guard", "while", "else"]
        return before.isWord && !keywords.contains(before.text) || [")", "]", "}", "?", ">"].contains(before.text)
    }
}

extension SourceFile {
    /// A file that holds one of the machines that order steps in time.
    fileprivate var isStateMachine: Bool {
        ["Exchange", "Decoder", "State"].contains { name.contains($0) }
    }

    fileprivate func isIn(_ rooms: String...) -> Bool {
        room.map(rooms.contains) ?? false
    }

    fileprivate func sees(_ texts: [String], at index: Int) -> Bool {
        texts.enumerated().allSatisfy { offset, text in token(index + offset).text == text }
    }

    /// `import Name`, also with an access level, an attribute or a kind, as in `import struct Name.Type`.
    fileprivate func imports(_ module: String, at index: Int) -> Bool {
        guard token(index).text == "import" else { return false }
        let kinds: Set<String> = ["struct", "class", "enum", "protocol", "typealias", "func", "let", "var"]
        return token(kinds.contains(token(index + 1).text) ? index + 2 : index + 1).text == module
    }
}
