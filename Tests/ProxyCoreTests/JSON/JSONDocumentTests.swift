import ProxyCore
import XCTest

/// Why `bytes` is refused, or nil when it is a document.
private func refusal(_ bytes: [UInt8], _ limits: JSONLimits = JSONLimits()) -> JSONError? {
    do throws(JSONError) {
        _ = try JSONDocument(parsing: bytes, limits: limits)
        return nil
    } catch {
        return error
    }
}

private func refusal(_ text: String, _ limits: JSONLimits = JSONLimits()) -> JSONError? {
    refusal(Array(text.utf8), limits)
}

final class JSONDocumentTests: XCTestCase {
    func testReadsEveryKind() throws {
        let text = #" {"a":[1,-2.5e1,true,false,null,"x"],"b":{},"c":[],"d":"\u00e9\ud83d\ude00\n"} "#
        let root = try JSONDocument(parsing: Array(text.utf8)).root
        XCTAssertEqual(root.kind, .object)
        XCTAssertEqual(root.members.map(\.key.string), ["a", "b", "c", "d"])
        let elements = try XCTUnwrap(root["a"]).elements
        XCTAssertEqual(elements.map(\.kind), [.number, .number, .bool, .bool, .null, .string])
        XCTAssertEqual(elements[1].number, -25)
        XCTAssertEqual(elements[2].bool, true)
        XCTAssertEqual(elements[3].bool, false)
        XCTAssertNil(elements[4].bool)
        XCTAssertEqual(elements[5].string, "x")
        XCTAssertEqual(root["b"]?.kind, .object)
        XCTAssertEqual(root["b"]?.members.count, 0)
        XCTAssertEqual(root["c"]?.elements.count, 0)
        XCTAssertEqual(root["d"]?.string, "é😀\n")
        XCTAssertNil(root["e"])
        XCTAssertNil(root["a"]?.string)
        XCTAssertNil(root["a"]?["a"])
    }

    func testRootMayBeAnyValue() throws {
        for (text, kind) in [
            ("1", JSONValue.Kind.number), ("\"\"", .string), ("null", .null), ("[]", .array), ("\t\r\n true ", .bool),
        ] {
            XCTAssertEqual(try JSONDocument(parsing: Array(text.utf8)).root.kind, kind, text)
        }
    }

    func testRangesLeadBackToTheText() throws {
        let text = #"{"key" : [ 12.5 , "é" ]}"#
        let document = try JSONDocument(parsing: Array(text.utf8))
        func source(_ value: JSONValue?) -> String? {
            value.map { String(decoding: document.bytes[$0.range.range], as: UTF8.self) }
        }
        XCTAssertEqual(source(document.root), text)
        XCTAssertEqual(source(document.root.members.first?.key), "\"key\"")
        XCTAssertEqual(source(document.root["key"]), "[ 12.5 , \"é\" ]")
        XCTAssertEqual(source(document.root["key"]?.elements.last), "\"é\"")
    }

    func testRefusals() {
        let table: [(String, JSONError.Kind, Int)] = [
            ("", .truncated, 0), ("  ", .truncated, 2), ("x", .expectedValue, 0), ("\u{FEFF}{}", .byteOrderMark, 0),
            ("{} {}", .trailingBytes, 3), ("[1]]", .trailingBytes, 3), ("[1,]", .expectedValue, 3),
            ("[,1]", .expectedValue, 1), ("[1 2]", .expectedCommaOrBracket, 3), ("[1}", .expectedCommaOrBracket, 2),
            (#"{"a":1,}"#, .expectedName, 7), ("{a:1}", .expectedName, 1), ("{'a':1}", .expectedName, 1),
            (#"{"a" 1}"#, .expectedColon, 5), (#"{"a":}"#, .expectedValue, 5),
            (#"{"a":1 "b":2}"#, .expectedCommaOrBrace, 7),
            (#"{"a":1]"#, .expectedCommaOrBrace, 6), ("// x\n1", .expectedValue, 0), ("[1,/**/2]", .expectedValue, 3),
            ("True", .expectedValue, 0), ("nul", .truncated, 3), ("nulL", .expectedValue, 0),
            ("truex", .trailingBytes, 4),
            ("NaN", .expectedValue, 0), ("Infinity", .expectedValue, 0), ("\u{A0}1", .expectedValue, 0),
            ("\"a\nb\"", .controlCharacter, 2), ("\"\u{0}\"", .controlCharacter, 1), ("\"\t\"", .controlCharacter, 1),
            (#""\x""#, .invalidEscape, 1), (#""\u12g4""#, .invalidEscape, 1), (#""\U0041""#, .invalidEscape, 1),
            (#""\ud800""#, .loneSurrogate, 1), (#""\udc00""#, .loneSurrogate, 1),
            (#""\ud800\ud800""#, .loneSurrogate, 1),
            (#""\ud800\n12345""#, .loneSurrogate, 1), (#""\udbffx      ""#, .loneSurrogate, 1),
        ]
        for (text, kind, offset) in table {
            XCTAssertEqual(refusal(text), JSONError(kind, at: offset), text)
        }
    }

    func testNumberGrammar() {
        for text in [
            "0", "-0", "10", "0.5", "-0.0", "1e5", "1E+5", "1e-5", "12.25e2", "1e308", "1e-400", "0e999999999",
        ] {
            XCTAssertNil(refusal(text), text)
        }
        for text in [
            "01", "-01", "00", "-", "+1", ".5", "1.", "1.e5", "1e", "1e+", "0x10", "1_000", "--1", "1.5.5", "-a",
        ] {
            XCTAssertNotNil(refusal(text), text)
        }
        let long = String(repeating: "9", count: 400)
        for text in ["1e309", "-1e309", "1e99999999999999999999", long, long + ".5"] {
            XCTAssertEqual(refusal("[" + text + "]"), JSONError(.numberOutOfRange, at: 1), text)
        }
    }

    func testIntegers() throws {
        let table: [(String, Int64?)] = [
            ("0", 0), ("-0", 0), ("0.000e5", 0), ("42", 42), ("42.000", 42), ("4.2e1", 42), ("420e-1", 42),
            ("0.042E3", 42),
            ("42.5", nil), ("1e-1", nil), ("1e18", 1_000_000_000_000_000_000), ("1e19", nil), ("1e300", nil),
            ("9223372036854775807", .max), ("9223372036854775808", nil), ("-9223372036854775808", .min),
            ("-9223372036854775809", nil), ("100000000000000000000000e-23", 1),
            ("0." + String(repeating: "0", count: 30) + "1e31", 1),
            ("1" + String(repeating: "0", count: 40) + "e-40", 1), ("0e99999999999999999999", 0),
        ]
        for (text, expected) in table {
            XCTAssertEqual(try JSONDocument(parsing: Array(text.utf8)).root.integer, expected, text)
        }
        for (text, expected) in [
            ("1e300", 1e300), ("-12", -12), ("0.1", 0.1), ("1e-400", 0),
            ("1234567890123456789012e0", 1.234567890123456789012e21),
        ] {
            XCTAssertEqual(try JSONDocument(parsing: Array(text.utf8)).root.number, expected, text)
        }
    }

    func testDuplicateMembersAtEveryLevelAfterUnescaping() {
        for (text, offset) in [
            (#"{"a":1,"a":2}"#, 7), (#"{"a":1,"\u0061":2}"#, 7), (#"{"\u0061":1,"b":2,"a":3}"#, 18),
            (#"{"x":{"y":[{"a":1,"b":2,"a":3}]}}"#, 24), (#"{"":1,"":2}"#, 6), (#"{"/":1,"\/":2}"#, 7),
            (#"{"é":1,"\u00E9":2}"#, 8), (#"{"😀":1,"\uD83D\uDE00":2}"#, 10), (#"{"n":1,"n":{"n":1}}"#, 7),
        ] {
            XCTAssertEqual(refusal(text), JSONError(.duplicateMember, at: offset), text)
        }
        for text in [
            #"{"a":1,"A":2}"#, #"{"a":{"a":{"a":1}}}"#, #"[{"a":1},{"a":2}]"#, #"{"a":1,"a\u0000":2}"#,
            #"{"é":1,"e\u0301":2}"#,
        ] {
            XCTAssertNil(refusal(text), text)
        }
    }

    func testDuplicatesInLargeObjects() {
        for count in [15, 16, 17, 18, 100, 5000] {
            for escaped in [false, true] {
                var names = (0..<count).map { "name\($0)" }
                func text() -> String { "{" + names.map { "\"\($0)\":0" }.joined(separator: ",") + "}" }
                if escaped { names[count / 2] = "\\u006e" + names[count / 2].dropFirst() }
                XCTAssertNil(refusal(text()), "\(count)")
                names.append("name\(count / 2)")
                XCTAssertEqual(refusal(text())?.kind, .duplicateMember, "\(count)")
            }
        }
    }

    func testUTF8() {
        let valid: [[UInt8]] = [
            [0x7F], [0xC2, 0x80], [0xDF, 0xBF], [0xE0, 0xA0, 0x80], [0xED, 0x9F, 0xBF], [0xEE, 0x80, 0x80],
            [0xEF, 0xBF, 0xBF],
            [0xF0, 0x90, 0x80, 0x80], [0xF4, 0x8F, 0xBF, 0xBF],
        ]
        let invalid: [[UInt8]] = [
            [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC2], [0xC2, 0x41], [0xE0, 0x9F, 0xBF], [0xE0, 0xA0],
            [0xE1, 0x80, 0x41],
            [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xF0, 0x8F, 0xBF, 0xBF], [0xF0, 0x90, 0x80],
            [0xF4, 0x90, 0x80, 0x80],
            [0xF5, 0x80, 0x80, 0x80], [0xFE], [0xFF], [0xC3, 0xC3],
        ]
        for bytes in valid {
            XCTAssertNil(refusal([0x22] + bytes + [0x22]), "\(bytes)")
        }
        for bytes in invalid {
            XCTAssertEqual(refusal([0x22, 0x61] + bytes + [0x22]), JSONError(.invalidUTF8, at: 2), "\(bytes)")
            XCTAssertNotNil(refusal(Array(#"{""#.utf8) + bytes + Array(#"":1}"#.utf8)), "\(bytes)")
            XCTAssertNotNil(refusal([0x22] + bytes), "\(bytes) at the very end")
        }
        XCTAssertNotNil(refusal([0x7B, 0xC3, 0xA9, 0x7D]), "outside of strings")
    }

    func testLimits() {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        XCTAssertNil(refusal(nested(32)))
        XCTAssertEqual(refusal(nested(33)), JSONError(.tooDeep, at: 32))
        XCTAssertEqual(refusal(String(repeating: "[", count: 1_000_000))?.kind, .tooDeep)
        XCTAssertEqual(refusal(String(repeating: #"{"a":"#, count: 100))?.kind, .tooDeep)
        XCTAssertNil(refusal("7", JSONLimits(depth: 0)))
        XCTAssertNil(refusal("[1,2,3]", JSONLimits(values: 4)))
        XCTAssertEqual(refusal("[1,2,3,4]", JSONLimits(values: 4)), JSONError(.tooManyValues, at: 7))
        XCTAssertNil(refusal("[1,2]", JSONLimits(bytes: 5)))
        XCTAssertEqual(refusal("[1,2] ", JSONLimits(bytes: 5))?.kind, .tooLarge)
    }

    func testEveryPrefixIsAnError() throws {
        let text =
            #"{"iss":"https://é.example/","aud":["a","\u00e9\ud83d\ude00"]"#
            + #","exp":1.5e9,"n":{"t":true,"f":false,"z":null},"x":-0.5}"#
        let bytes = Array(text.utf8)
        XCTAssertNil(refusal(bytes))
        for count in 0..<bytes.count {
            let error = refusal(Array(bytes.prefix(count)))
            XCTAssertNotNil(error, "\(count)")
            XCTAssertLessThanOrEqual(error?.offset ?? 0, count)
        }
    }

    func testChangedBytesNeverCrash() {
        var random = SeededRandom(seed: 0x5C09E)
        let alphabet = Array(#"{}[]:,"\ud8e+-.01nt "#.utf8) + [0x80, 0xC3, 0xE2, 0xF0, 0xFF, 0x00]
        let original = Array(#"{"a":[1,2.5e3,"\u00e9\ud83d\ude00"],"b":{"c":true,"d":null},"é":"x"}"#.utf8)
        for _ in 0..<20_000 {
            var bytes = original
            for _ in 0..<random.next(upTo: 4) + 1 {
                bytes[random.next(upTo: bytes.count)] = alphabet[random.next(upTo: alphabet.count)]
            }
            if let error = refusal(bytes) {
                XCTAssertLessThanOrEqual(error.offset, bytes.count)
                XCTAssertFalse(error.message.isEmpty)
            }
        }
    }

    func testStringComparison() throws {
        let document = try JSONDocument(parsing: Array(#"["abc","a\u0062c",1]"#.utf8))
        let expected = Array("abc".utf8)
        XCTAssertEqual(document.root.elements.map { $0.isString(equalTo: expected.span) }, [true, true, false])
        XCTAssertEqual(document.root.elements.map(\.stringBytes), [expected, expected, nil])
    }
}

final class SourcePositionTests: XCTestCase {
    func testCountsLinesAndScalars() {
        let bytes = Array("ab\r\né😀x\n".utf8)
        let table: [(Int, Int, Int)] = [(0, 1, 1), (2, 1, 3), (4, 2, 1), (6, 2, 2), (10, 2, 3), (11, 2, 4), (12, 3, 1)]
        for (offset, line, column) in table {
            XCTAssertEqual(
                SourcePosition(of: offset, in: bytes), SourcePosition(line: line, column: column), "\(offset)")
        }
        XCTAssertLessThan(SourcePosition(line: 1, column: 9), SourcePosition(line: 2, column: 1))
    }
}
