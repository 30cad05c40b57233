import ProxyCore
import XCTest

final class PathReadingsTests: XCTestCase {
    private func readings(_ path: String, slashIsData: Bool = false) -> [String]? {
        let bytes = Array(path.utf8)
        return PathReadings(of: bytes.span, slashIsData: slashIsData)?.readings.map(\.text)
    }

    func testReadings() {
        // The readings after the first, in any order.
        let rows: [(String, [String])] = [
            ("/a/b", []),
            ("/a/", []),
            ("/%41", ["/A"]),
            ("/%c3%a9", ["/é"]),
            ("/a%20b", ["/a b"]),
            ("/a//b", ["/a/b"]),
            ("/a/./b", ["/a/b"]),
            ("/a/.", ["/a/"]),
            ("/a/..", ["/"]),
            ("/a/../b", ["/b"]),
            ("/../../b", ["/b"]),
            ("/a/...", []),
            ("/a./b.", []),
            ("/a;x=1/b", ["/a/b"]),
            ("/a/..;x/b", ["/a/../b", "/b"]),
            ("/a\\b", ["/a/b"]),
            ("/a%5Cb", ["/a\\b", "/a/b"]),
            ("/a%2Fb", ["/a/b"]),
            ("/a/%2e%2e/b", ["/a/../b", "/b"]),
            ("/a/.%2E/b", ["/a/../b", "/b"]),
            ("/a%2f..%2fb", ["/a/../b", "/b", "/a%2F..%2Fb"]),
            ("/a/..%2fb", ["/a/../b", "/b", "/a/..%2Fb"]),
            ("/a%252Fb", ["/a%2Fb"]),
            ("/a%3Bx", ["/a;x", "/a"]),
            ("/a//../b", ["/a/../b", "/b", "/a/b"]),
            ("//x/a", ["/x/a", "/a"]),
            ("//x", ["/x", "/"]),
            ("///x/a", ["/x/a", "/a"]),
            ("/\\x/a", ["//x/a", "/x/a", "/a"]),
            ("/%2Fx/a", ["//x/a", "/x/a", "/a"]),
            ("/./%5Cx/a", ["/%5Cx/a", "/./\\x/a", "/.//x/a", "/./x/a", "/\\x/a", "//x/a", "/x/a", "/a"]),
            ("//x/..//y/a", ["///y/a", "//y/a", "/y/a", "/a", "/..//y/a", "/../y/a", "/x/../y/a"]),
            ("/a%23b", ["/a#b", "/a"]),
            ("/a%3fb/c", ["/a?b/c", "/a"]),
            ("/a%23b%3Fc", ["/a#b?c", "/a#b", "/a"]),
            ("/%23", ["/#", "/"]),
            ("/a%2523", ["/a%23"]),
            // Normalizers undo the encoding of unreserved characters only.
            ("/a/%2e%2e/c%3Ad", ["/a/../c%3Ad", "/c%3Ad", "/a/../c:d", "/c:d"]),
            // One program decodes each segment and resolves, the next one takes the slash that is left for one.
            (
                "/a%2Fb%5C..%5Cc%2Fd",
                [
                    "/a/b\\..\\c/d", "/a/b/../c/d", "/a/c/d", "/a%2Fb\\..\\c%2Fd", "/a%2Fb/../c%2Fd", "/c%2Fd", "/c/d",
                ]
            ),
        ]
        for (path, others) in rows {
            let found = readings(path) ?? []
            let asSent = path.replacingEncodedDigits()
            XCTAssertEqual(found.first, asSent, path)
            XCTAssertEqual(Set(found).subtracting([asSent]), Set(others).subtracting([asSent]), path)
        }
    }

    func testDecodingHappensOnce() {
        XCTAssertEqual(readings("/%2541"), ["/%2541", "/%41"])
        XCTAssertEqual(readings("/%25252e"), ["/%25252e", "/%252e"])
    }

    func testSlashAsData() {
        XCTAssertEqual(readings("/a%2fb", slashIsData: true).map(Set.init), ["/a%2Fb"])
        XCTAssertEqual(readings("/a%2fb%20c", slashIsData: true).map(Set.init), ["/a%2Fb%20c", "/a%2Fb c"])
        for (path, hides) in [
            ("/a%2Fb", false), ("/a%2F..%2Fb", true), ("/..%2Fb", true), ("/a%2F%2e%2E;x", true), ("/a%2F.", true),
            ("/a%5C..%2Fb", true), ("/a\\..%2Fb", true), ("/a%2F...", false), ("/a..%2Fb", false),
            ("/a%2F..%3Fx", true), ("/a%2F.%23", true),
        ] {
            let bytes = Array(path.utf8)
            XCTAssertEqual(PathReadings.hidesDotSegments(bytes.span), hides, path)
        }
    }

    func testPlainPaths() {
        for path in ["/", "/a", "/a/", "/v2/users/42", "/a.b/c..d", "/a-b_c~d/x@y:z", "/a,b=c!$&'()*+"] {
            let bytes = Array(path.utf8)
            XCTAssertTrue(PathReadings.isPlain(bytes.span), path)
            XCTAssertEqual(readings(path), [path], "a plain path has one reading")
        }
        for path in ["", "a", "//", "/a//b", "/.", "/a/.b", "/a;b", "/a%20", "/a\\b", "/é", "/a b", "/{a}", "/a|b"] {
            let bytes = Array(path.utf8)
            XCTAssertFalse(PathReadings.isPlain(bytes.span), path)
        }
    }

    func testProblems() {
        let rows: [(String, PathProblem?)] = [
            ("/a", nil), ("/a%20b", nil), ("/%C3%A9", nil), ("/%E9", nil), ("/a;b", nil), ("/%23", nil), ("/%3f", nil),
            ("", .noLeadingSlash), ("*", .noLeadingSlash), ("a/b", .noLeadingSlash), ("%2Fa", .noLeadingSlash),
            ("/a\u{0}", .control), ("/a\rb", .control), ("/a\u{7F}", .control), ("/a\tb", .control),
            ("/a#b", .fragment),
            ("/a%", .invalidPercentEncoding), ("/a%2", .invalidPercentEncoding), ("/%zz", .invalidPercentEncoding),
            ("/%u002e", .invalidPercentEncoding), ("/%%32", .invalidPercentEncoding),
            ("/a%00", .encodedControl), ("/a%0D%0a", .encodedControl), ("/%7f", .encodedControl),
            ("/%09", .encodedControl),
            ("/%c0%ae", .overlongUTF8), ("/%C0%AF", .overlongUTF8), ("/%E0%80%AF", .overlongUTF8),
            ("/%f0%80%80%af", .overlongUTF8), ("/%C1%9C", .overlongUTF8),
        ]
        for (path, problem) in rows {
            let bytes = Array(path.utf8)
            XCTAssertEqual(PathProblem.found(in: bytes.span), problem, path)
        }
    }

    func testStepsLeadToTheReading() throws {
        let bytes = Array("/a;p/%2e%2e/b".utf8)
        let readings = try XCTUnwrap(PathReadings(of: bytes.span)).readings
        let reading = try XCTUnwrap(readings.first { $0.text == "/b" })
        XCTAssertTrue(reading.steps.contains(.removeDotSegments))
        XCTAssertEqual(readings[0].steps, [])
    }

    func testWorkIsBounded() {
        let seed: UInt64 = 4
        var random = SeededRandom(seed: seed)
        let pieces = ["/", "..", ".", "%2e", "%2f", "%5c", "\\", ";", "a", "%41", "%25", "%3b", "//"]
        var refused = 0
        for _ in 0..<3000 {
            let path = "/" + (0..<random.next(upTo: 14)).map { _ in pieces[random.next(upTo: pieces.count)] }.joined()
            let bytes = Array(path.utf8)
            guard let readings = PathReadings(of: bytes.span)?.readings else {
                refused += 1
                continue
            }
            XCTAssertLessThanOrEqual(readings.count, PathReadings.readingsMax)
            XCTAssertEqual(Set(readings.map(\.bytes)).count, readings.count, "\(path): all different, seed \(seed)")
        }
        XCTAssertLessThan(refused, 300, "odd, but not hopeless, paths are judged; seed \(seed)")
        let huge = Array(("/" + String(repeating: "%2e%2e%2f;\\", count: 700)).utf8)
        XCTAssertNil(PathReadings(of: huge.span))
        let long = Array(("/" + String(repeating: "a%20", count: 2000)).utf8)
        XCTAssertEqual(PathReadings(of: long.span)?.readings.count, 2)
    }
}

extension String {
    /// With the hexadecimal digits of triplets in upper case.
    fileprivate func replacingEncodedDigits() -> String {
        let parts = split(separator: "%", omittingEmptySubsequences: false)
        let others = parts.dropFirst().map { "%" + $0.prefix(2).uppercased() + $0.dropFirst(2) }
        return parts[0] + others.joined()
    }
}
