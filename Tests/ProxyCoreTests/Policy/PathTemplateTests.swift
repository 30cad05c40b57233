import ProxyCore
import XCTest

final class PathTemplateTests: XCTestCase {
    private func literal(_ text: String) -> PathTemplate.Segment { .literal(Array(text.utf8)) }

    func testSegments() throws {
        let rows: [(String, [PathTemplate.Segment])] = [
            ("/", []),
            ("/a", [literal("a")]),
            ("/a/", [literal("a")]),
            ("/v2/users/{uid}", [literal("v2"), literal("users"), .parameter("uid")]),
            ("/files/{path...}", [literal("files"), .rest("path")]),
            ("/files/{path...}/", [literal("files"), .rest("path")]),
            ("/{a}/{b}/{c...}", [.parameter("a"), .parameter("b"), .rest("c")]),
            (
                "/users:batch/x@y/a,b;c=1/~!$&'()*+",
                [
                    literal("users:batch"), literal("x@y"), literal("a,b;c=1"), literal("~!$&'()*+"),
                ]
            ),
            ("/caf%c3%A9/a%20b", [literal("caf%C3%A9"), literal("a%20b")]),
            ("/...", [literal("...")]),
            ("/.well-known", [literal(".well-known")]),
            ("/{under_score-9}", [.parameter("under_score-9")]),
        ]
        for (text, segments) in rows { XCTAssertEqual(try PathTemplate(text).segments, segments, text) }
        XCTAssertEqual(try PathTemplate("/{a}/b/{c...}").parameterNames, ["a", "c"])
    }

    func testErrors() {
        let rows: [(String, PathTemplateError.Kind, Int)] = [
            ("", .noLeadingSlash, 0),
            ("a/b", .noLeadingSlash, 0),
            ("//", .emptySegment, 1),
            ("/a//b", .emptySegment, 3),
            ("/a//", .emptySegment, 3),
            ("/a/./b", .dotSegment, 3),
            ("/..", .dotSegment, 1),
            ("/a/*", .wildcard, 3),
            ("/**", .wildcard, 1),
            ("/a{b}", .strayBrace, 2),
            ("/{a}b", .strayBrace, 1),
            ("/{a", .strayBrace, 1),
            ("/a}", .strayBrace, 2),
            ("/{{a}}", .strayBrace, 2),
            ("/{}", .invalidParameterName, 1),
            ("/{...}", .invalidParameterName, 1),
            ("/{a b}", .invalidParameterName, 3),
            ("/{a*}", .invalidParameterName, 3),
            ("/{a}/{a}", .duplicateParameter("a"), 6),
            ("/{a}/{a...}", .duplicateParameter("a"), 6),
            ("/{a...}/b", .restNotLast, 8),
            ("/a b", .invalidCharacter(0x20), 2),
            ("/a?b", .invalidCharacter(0x3F), 2),
            ("/a#b", .invalidCharacter(0x23), 2),
            ("/a[0]", .invalidCharacter(0x5B), 2),
            ("/café", .notASCII, 4),
            ("/a%", .invalidPercentEncoding, 2),
            ("/a%2", .invalidPercentEncoding, 2),
            ("/a%2/b", .invalidPercentEncoding, 2),
            ("/a%zz", .invalidPercentEncoding, 2),
            ("/%41", .needlessPercentEncoding(0x41), 1),
            ("/%3b", .needlessPercentEncoding(0x3B), 1),
            ("/%2e%2e", .needlessPercentEncoding(0x2E), 1),
            ("/a%2Fb", .encodedSeparator, 2),
            ("/a%5cb", .encodedSeparator, 2),
            ("/a\\b", .encodedSeparator, 2),
            ("/a%00", .encodedControl, 2),
            ("/a%0d", .encodedControl, 2),
            ("/a\u{7F}", .encodedControl, 2),
            (String(repeating: "/a", count: 65), .tooManySegments, 129),
        ]
        for (text, kind, offset) in rows {
            XCTAssertThrowsError(try PathTemplate(text), text) { error in
                XCTAssertEqual(error as? PathTemplateError, PathTemplateError(kind: kind, offset: offset), text)
                XCTAssertFalse((error as? PathTemplateError)?.message.isEmpty ?? true)
            }
        }
    }

    func testMessagesSayWhatToWrite() {
        XCTAssertThrowsError(try PathTemplate("/a b")) { error in
            XCTAssertEqual((error as? PathTemplateError)?.message, "` ` cannot stand in a path: write it as `%20`")
        }
        XCTAssertThrowsError(try PathTemplate("/%41")) { error in
            XCTAssertEqual((error as? PathTemplateError)?.message, "write `A` as it is, not percent-encoded")
        }
    }

    func testShape() throws {
        XCTAssertTrue(try PathTemplate("/a/{x}/{y...}").hasSameShape(as: PathTemplate("/a/{p}/{q...}/")))
        XCTAssertFalse(try PathTemplate("/a/{x}").hasSameShape(as: PathTemplate("/a/{x...}")))
        XCTAssertFalse(try PathTemplate("/a").hasSameShape(as: PathTemplate("/A")))
    }
}
