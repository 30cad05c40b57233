import ProxyCore
import XCTest

final class JSONIndentTests: XCTestCase {
    func testLayout() {
        let rows = [
            ("{}", "{}\n"), ("[]", "[]\n"), ("1", "1\n"), (#"[{},[]]"#, "[\n  {},\n  []\n]\n"),
            (#"{"a":1,"b":[1,2],"c":{}}"#, "{\n  \"a\": 1,\n  \"b\": [\n    1,\n    2\n  ],\n  \"c\": {}\n}\n"),
            (#"{"a":"{,:[\"]}\\"}"#, "{\n  \"a\": \"{,:[\\\"]}\\\\\"\n}\n"), (#"["\\",1]"#, "[\n  \"\\\\\",\n  1\n]\n"),
        ]
        for (compact, laidOut) in rows {
            XCTAssertEqual(String(decoding: JSONIndent.lines(Array(compact.utf8)), as: UTF8.self), laidOut)
        }
    }

    func testAWrittenValueIsWhatWasRead() throws {
        let rows = [
            #"{"a":[1,-2,true,false,null,"x\n\u0001é"],"b":{"c":{}},"":[[]]}"#, "9007199254740993", "0.500", #""""#,
        ]
        for row in rows {
            var json = JSONWriter()
            json.value(try JSONDocument(parsing: Array(row.utf8)).root)
            XCTAssertEqual(String(decoding: json.bytes, as: UTF8.self), row)
            let laidOut = try JSONDocument(parsing: JSONIndent.lines(json.bytes))
            var again = JSONWriter()
            again.value(laidOut.root)
            XCTAssertEqual(again.bytes, json.bytes)
        }
    }
}
