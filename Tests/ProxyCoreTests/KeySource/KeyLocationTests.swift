import ProxyCore
import XCTest

final class KeyLocationTests: XCTestCase {
    func testAddressesThatCanBeAskedFor() throws {
        let table: [(String, String, UInt16, String, String)] = [
            ("http://localhost", "localhost", 80, "/", "localhost"),
            ("HTTP://LocalHost:80/a", "localhost", 80, "/a", "localhost"),
            ("http://127.0.0.1:8080/jwks.json?x=/y", "127.0.0.1", 8080, "/jwks.json?x=/y", "127.0.0.1:8080"),
            ("http://a.b-c_d:/?q", "a.b-c_d", 80, "/?q", "a.b-c_d"),
            ("http://h?q", "h", 80, "/?q", "h"),
            ("http://[::1]:9/k", "::1", 9, "/k", "[::1]:9"),
            ("https://H", "h", 443, "/", "h"), ("HTTPS://h:443/a", "h", 443, "/a", "h"),
            ("https://h:80/a", "h", 80, "/a", "h:80"), ("http://h:443/a", "h", 443, "/a", "h:443"),
            ("https://[::1]/k", "::1", 443, "/k", "[::1]"),
        ]
        for (text, host, port, target, authority) in table {
            let location = try KeyLocation(text)
            XCTAssertEqual(location.host, host, text)
            XCTAssertEqual(location.port, port, text)
            XCTAssertEqual(location.target, target, text)
            XCTAssertEqual(location.authority, authority, text)
        }
    }

    func testAddressesThatCannot() {
        let table: [(String, KeyLocation.Problem)] = [
            ("", .notAnAddress), ("localhost/jwks", .notAnAddress), ("ftp://h/", .notAnAddress),
            ("file:///etc/passwd", .notAnAddress), ("httpss://h/", .notAnAddress), ("://h/", .notAnAddress),
            ("http:/h/", .notAnAddress), ("http://", .notAnAddress), ("https://", .notAnAddress),
            ("http:///p", .badHost), ("http://h /", .badCharacter), ("https:///p", .badHost),
            ("http://h/\r\nX: y", .badCharacter), ("http://h/\u{7F}", .badCharacter), ("http://h/ä", .badCharacter),
            ("http://h/\"", .badCharacter), ("http://h\\@i/", .badCharacter), ("http://u:p@h/", .credentials),
            ("http://h/#f", .fragment), ("http://h:0/", .badPort), ("http://h:65536/", .badPort),
            ("http://h:+1/", .badPort), ("http://h:8o/", .badPort), ("http://[::1/", .badHost),
            ("http://[::1]x/", .badHost), ("http://[127.0.0.1]/", .badHost), ("http://::1/", .badHost),
            ("http://h%41/", .badHost), ("https://.example.com/", .badHost), ("https://a..b/", .badHost),
            ("https://example.com./", .badHost), ("http://:80/", .badHost),
        ]
        for (text, problem) in table {
            XCTAssertThrowsError(try KeyLocation(text), text) { error in
                XCTAssertEqual(error as? KeyLocation.Problem, problem, text)
            }
        }
    }

    func testAnAddressIsNoLongerThanARequestCanHold() throws {
        let longest = "https://h/" + String(repeating: "x", count: KeyLocation.bytesMax - 10)
        XCTAssertEqual(try KeyLocation(longest).target.utf8.count, KeyLocation.bytesMax - 9)
        XCTAssertThrowsError(try KeyLocation(longest + "x")) { error in
            XCTAssertEqual(error as? KeyLocation.Problem, .tooLong)
        }
        let base = try KeyLocation("https://h/" + String(repeating: "x/", count: 4000))
        XCTAssertThrowsError(try base.resolving(String(repeating: "y", count: 200))) { error in
            XCTAssertEqual(error as? KeyLocation.Problem, .tooLong)
        }
    }

    func testLoopback() throws {
        for (text, isLoopback) in [
            ("http://localhost/", true), ("http://127.9.9.9/", true), ("http://[::1]/", true),
            ("http://localhost.example.com/", false), ("http://127.0.0.1.example.com/", false),
            ("http://10.0.0.1/", false), ("http://[::2]/", false), ("http://0.0.0.0/", false),
        ] {
            XCTAssertEqual(try KeyLocation(text).isLoopback, isLoopback, text)
        }
    }

    func testRedirectsAreResolvedAgainstTheAddress() throws {
        let base = try KeyLocation("http://h:81/a/b/c?d")
        let table: [(String, String)] = [
            ("http://h:81/x", "http://h:81/x"), ("HTTP://H:81/x?y", "http://h:81/x?y"), ("//i/x", "http://i/x"),
            ("/x", "http://h:81/x"), ("x", "http://h:81/a/b/x"), ("?x", "http://h:81/a/b/c?x"),
            ("", "http://h:81/a/b/c?d"),
            ("../x", "http://h:81/a/x"), ("../../../x", "http://h:81/x"), ("./x/.", "http://h:81/a/b/x/"),
            ("/x/../y?../z", "http://h:81/y?../z"), ("/x#f", "http://h:81/x"),
            ("x?u=http://v", "http://h:81/a/b/x?u=http://v"),
        ]
        for (reference, expected) in table {
            XCTAssertEqual(try base.resolving(reference), try KeyLocation(expected), reference)
        }
        for reference in ["javascript:x", "http://u@h:81/", "//[/", "/x y"] {
            XCTAssertThrowsError(try base.resolving(reference), reference)
        }
        XCTAssertEqual(try base.resolving("https://h/x"), try KeyLocation("https://h/x"))
        let secure = try KeyLocation("https://h:444/a")
        XCTAssertEqual(try secure.resolving("//i/x"), try KeyLocation("https://i/x"))
        XCTAssertEqual(try secure.resolving("b"), try KeyLocation("https://h:444/b"))
    }

    func testRedirectsStayOnTheServerAndNeverLeaveTLS() throws {
        let table: [(String, String, Bool)] = [
            ("https://h/a", "https://h/b", true), ("https://h/a", "https://h:443/b", true),
            ("https://h/a", "https://h:444/b", false), ("https://h/a", "http://h/b", false),
            ("https://h/a", "http://h:443/b", false), ("https://h/a", "https://i/b", false),
            ("https://h/a", "https://h.i/b", false), ("https://i.h/a", "https://h/b", false),
            ("http://h/a", "https://h/b", true), ("http://h:81/a", "https://h:444/b", true),
            ("http://h/a", "https://i/b", false), ("http://h:81/a", "http://h:81/b", true),
            ("http://h:81/a", "http://h/b", false),
        ]
        for (source, target, isAllowed) in table {
            let allowed = try KeyLocation(source).mayRedirect(to: try KeyLocation(target))
            XCTAssertEqual(allowed, isAllowed, "\(source) to \(target)")
        }
    }

    func testPeopleSeeNoQuery() throws {
        XCTAssertEqual(try KeyLocation("HTTPS://h:443/a/b?secret").text, "https://h/a/b")
        XCTAssertEqual(try KeyLocation("http://[::1]:9?secret").text, "http://[::1]:9/")
    }
}
