import XCTest

/// The rules themselves, on small samples: that they find what they are for, and nothing else.
final class TidyRulesTests: XCTestCase {
    func testWordsAndSymbolsWithoutCommentsAndStrings() {
        let rows: [(String, [String])] = [
            ("let a = b // try! c", ["let", "a", "=", "b"]),
            ("a /* b /* c */ d */ e", ["a", "e"]),
            ("/* a", []),
            ("/**/ a", ["a"]),
            (#"a("b // c", d)"#, ["a", "(", ",", "d", ")"]),
            (#""\"a" b"#, ["b"]),
            (#""a\(b("c)") + d)e" f"#, ["b", "(", ")", "+", "d", "f"]),
            ("\"\"\"\na \"b\" \\(c)\nd\n\"\"\" e", ["c", "e"]),
            (##"#"a \(b) " c"# d"##, ["d"]),
            (##"#"a \#(b) "# d"##, ["b", "d"]),
            ("#if a", ["#", "if", "a"]),
            ("\"a", []),
            ("`default`: a_1", ["`default`", ":", "a_1"]),
        ]
        for (text, expected) in rows {
            XCTAssertEqual(SwiftScanner(text).tokens.map(\.text), expected, text)
        }
    }

    func testLinesAreCounted() {
        let scanner = SwiftScanner("a\n/* b\n */ c // d\n\"\"\"\n\n\"\"\" e\n")
        XCTAssertEqual(scanner.tokens.map(\.line), [1, 3, 6])
        XCTAssertEqual(scanner.comments.map(\.line), [2, 3])
        XCTAssertEqual(scanner.comments.map(\.text), ["/* b\n */", "// d"])
    }

    func testFunctionsAreMeasuredByTheirBraces() {
        let rows: [(String, [String])] = [
            ("func a() { b { c } }", ["a 1"]),
            ("func a(\n  b: Int = { 3 }()\n) -> Int\nwhere C: D {\n  3\n}", ["a 6"]),
            ("protocol P {\n  func a()\n  var b: Int { get }\n  func c() -> Int\n}", ["b 1"]),
            ("struct S { init() {\n} }", ["init 2"]),
            ("var a = 1\nvar b: Int\nif c { d }", []),
            ("var a: Int {\n  3\n}\ndeinit {\n}\nsubscript(b: Int) -> Int { 2 }", ["a 3", "deinit 2", "subscript 1"]),
            ("self.init(a) { b }\ncase func1 { }", []),
            ("func a() { let c = \"}\" /* } */\n}", ["a 2"]),
        ]
        for (text, expected) in rows {
            let functions = LayoutRules.functions(in: SourceFile(path: "Sources/a.swift", text: text))
            XCTAssertEqual(functions.map { "\($0.name) \($0.lines)" }, expected, text)
        }
    }

    func testLimitsOfLength() {
        let long = "func a() {\n" + String(repeating: "b()\n", count: 59) + "}\n"
        let short = "func a() {\n" + String(repeating: "b()\n", count: 58) + "}\n"
        XCTAssertEqual(layout(long), ["Sources/a.swift:1: a has 61 lines; at most 60: name its parts"])
        XCTAssertEqual(layout(short), [])
        XCTAssertEqual(layout("a\n" + String(repeating: "b", count: 121)).count, 1)
        XCTAssertEqual(layout(String(repeating: "é", count: 120)), [])
        XCTAssertEqual(layout(String(repeating: "b\n", count: 400)), [])
        XCTAssertEqual(layout(String(repeating: "b\n", count: 401)).count, 1)
    }

    func testBannedNamesAreFoundWhereTheyAreBanned() {
        let http = "Sources/ProxyCore/HTTP/Head.swift"
        let system = "Sources/ProxyCore/System/Socket.swift"
        let openSSL = "Sources/ProxyCore/OpenSSL/PublicKey.swift"
        let decoder = "Sources/ProxyCore/HTTP/ChunkedDecoder.swift"
        let executable = "Sources/ScopeProxy/main.swift"
        let test = "Tests/ProxyCoreTests/HTTP/HeadTests.swift"
        let rows: [(path: String, text: String, found: Int)] = [
            (http, "let a = try! b()", 1), (http, "try b(!c)", 0), (test, "let a = try! b()", 0),
            (http, "a as! B", 1), (http, "a as? B", 0),
            (http, "a!.b; c()!; d[0]!; e?.f!", 4), (http, "if !a && b != c && d!=e { return !f }", 0), (test, "a!", 0),
            (http, "var a: B!", 1), (http, "\"wow!\"", 0),
            (http, "let a = try !b()", 0),
            (decoder, "switch a { default: b }", 1), (http, "switch a { default: b }", 0),
            (system, "final class A: @unchecked Sendable {}", 1), (system, "nonisolated(unsafe) var a", 1),
            (http, "unsafe a()", 1), (system, "unsafe a()", 0), (openSSL, "unsafe a()", 0),
            (executable, "unsafe a()", 1), (http, "let isUnsafe = 1 // unsafe", 0),
            (system, "import Foundation", 1), (system, "internal import struct FoundationEssentials.Data", 1),
            (http, "import Glibc", 1), (system, "import Glibc", 0), (openSSL, "import Glibc", 0),
            (test, "import Glibc", 0),
            (openSSL, "import CLinux", 1), (system, "import CLinux", 0),
            (system, "import CLibSSL", 1), (openSSL, "import CLibSSL", 0),
            (http, "public struct A {}", 1), (http, "case `public`; a = .public", 0),
            (http, "print(a)", 1), (executable, "print(a)", 0), (http, "writer.print(a); func print(a: B) {}", 0),
            (http, "extension String {}", 1), (http, "extension [UInt8] {}", 1), (http, "extension StaticString {}", 0),
            (test, "@testable import ProxyCore", 1), (test, "throw XCTSkip()", 1), (test, "usleep(3)", 1),
            (http, "// TO" + "DO: later", 1), (test, "/* FIX" + "ME */", 1), (http, "// todos", 0),
        ]
        for row in rows {
            let found = BannedName.violations(in: SourceFile(path: row.path, text: row.text))
            XCTAssertEqual(found.count, row.found, "\(row.path): \(row.text): \(found)")
        }
    }

    func testRoomsKnowOnlyLowerRooms() {
        let base = file("Base/Limits.swift", "package struct Limits { enum Kind {} }\nprivate struct Hidden {}")
        let http = file("HTTP/Head.swift", "package struct Head { let limits: Limits; enum Step {} }")
        let gate = file("Policy/Gate.swift", "final class Gate { var head: Head }\nenum Step {}\nenum Hidden {}")
        XCTAssertEqual(rooms([base, http, gate]), [])
        let text = "// Gate\nlet a = \"Gate\"\nlet b: [Gate]\nlet c = x.Gate\nlet d = ProxyCore.Gate.self"
        let up = file("HTTP/Body.swift", text)
        XCTAssertEqual(rooms([base, http, gate, up]).map { $0.prefix(67) }, [
            "Sources/ProxyCore/HTTP/Body.swift:3: HTTP/ names Gate of Policy/, w",
            "Sources/ProxyCore/HTTP/Body.swift:5: HTTP/ names Gate of Policy/, w",
        ])
        let issuer = file("Issuer/Server.swift", "struct Server {}")
        let egress = file("Egress/Tokens.swift", "struct Tokens { let s: Server }")
        XCTAssertEqual(rooms([issuer, egress]).count, 1)
        XCTAssertEqual(rooms([file("Attic/Old.swift", ""), file("Loose.swift", "")]).count, 2)
    }

    func testTypeDeclarations() {
        let text = """
            import struct Glibc.Stat
            package final class A { class B {}; class func c() {}; private enum D {} }
            protocol E: AnyObject {}
            fileprivate typealias F = Int
            @frozen public enum G {}
            """
        let found = TypeDeclaration.all(in: SourceFile(path: "Sources/a.swift", text: text))
        XCTAssertEqual(found.filter(\.isGlobal).map(\.name), ["A", "E", "G"])
        XCTAssertEqual(found.map(\.name), ["A", "B", "D", "E", "F", "G"])
    }

    func testPackageDeclarationsNeedAComment() {
        let rows: [(String, Int)] = [
            ("/// Said.\npackage struct A {\n    package let b: Int\n}", 0),
            ("package struct A {}", 1),
            ("// Not for readers of other rooms.\npackage func a() {}", 1),
            ("/// Said.\n@safe\npackage final class A {}", 0),
            ("struct A {}\npackage extension A {}\npackage import B", 0),
        ]
        for (text, count) in rows {
            let file = SourceFile(path: "Sources/a.swift", text: text)
            XCTAssertEqual(CommentRules.undocumented(in: file).count, count, text)
        }
    }

    func testUnusedTypes() {
        let text = "struct A {}\nextension A {}\nenum B { case c(C) }\nclass C {}"
        let declares = SourceFile(path: "Sources/a.swift", text: text)
        let uses = SourceFile(path: "Sources/b.swift", text: "let b = B.c")
        let tests = SourceFile(path: "Tests/b.swift", text: "A()")
        XCTAssertEqual(
            CommentRules.unused(in: [declares, uses, tests]).map(\.description),
            ["Sources/a.swift:1: no source uses A: remove it, or use it"])
    }

    private func layout(_ text: String) -> [String] {
        LayoutRules.violations(in: SourceFile(path: "Sources/a.swift", text: text)).map(\.description)
    }

    private func file(_ path: String, _ text: String) -> SourceFile {
        SourceFile(path: "Sources/ProxyCore/" + path, text: text)
    }

    private func rooms(_ files: [SourceFile]) -> [String] {
        Rooms.violations(in: files).map(\.description)
    }
}
