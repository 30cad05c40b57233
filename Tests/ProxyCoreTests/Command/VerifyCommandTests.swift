import ProxyCore
import XCTest

final class VerifyCommandTests: XCTestCase {
    private let directory = TemporaryDirectory()
    private let signer = TestSigner(.p256)

    func testValidAndInvalid() throws {
        let keys = directory.write("{\"keys\":[\(signer.jwk())]}", to: "keys.json")
        let token = String(decoding: signer.token("not even claims"), as: UTF8.self)
        let valid = ["valid alg=ES256 kid=key-1"]
        let badSignature = ["invalid: The signature of the token is not valid"]
        let malformed = ["invalid: The token is not a signed JSON Web Token in compact form"]
        let table: [(input: String, more: [String], output: [String], errors: [String])] = [
            (token, [], valid, []), (token + "\n", [], valid, []), (token + "\r\n", ["--alg", "ES256"], valid, []),
            (token, ["--alg=RS256"], [], ["invalid: The token is not signed with the algorithm that was asked for"]),
            (token, ["--alg=HS256"], [], ["invalid: The signature algorithm of the token is not supported"]),
            (token, ["--alg=none"], [], ["invalid: The signature algorithm of the token is not supported"]),
            (Self.tampered(token), [], [], badSignature), ("", [], [], malformed), ("\n", [], [], malformed),
            (token + "\n\n", [], [], malformed), (" " + token, [], [], malformed), ("a.b.c", [], [], malformed),
            (String(repeating: "a", count: 1 << 21), [], [], ["invalid: The token is too long"]),
        ]
        for (input, more, output, errors) in table {
            let run = CommandRun(["verify", "--jwks", keys] + more, input: input)
            XCTAssertEqual(run.status, output.isEmpty ? .failure : .success)
            XCTAssertEqual(run.output, output)
            XCTAssertEqual(run.errors, errors)
        }
    }

    func testTheKeyIsNamedAsItIs() throws {
        // The identifiers as JSON has them.
        for (keyID, shown) in [(nil, ""), ("a b\\n", #" kid=a b\n"#), ("\\u001b[2J", #" kid=\u{1B}[2J"#)] {
            let signer = TestSigner(.ed25519, keyID: keyID)
            let keys = directory.write("{\"keys\":[\(signer.jwk())]}", to: "keys.json")
            let run = CommandRun(
                "verify", "--jwks", keys, input: String(decoding: signer.token("{}"), as: UTF8.self))
            XCTAssertEqual(run.output, ["valid alg=EdDSA\(shown)"])
        }
    }

    func testKeysThatDoNotFit() {
        let token = String(decoding: signer.token("{}"), as: UTF8.self)
        for keys in ["", #"7,{"kty":"oct"}"#, TestSigner(.p256, keyID: "b").jwk()] {
            let keys = "{\"keys\":[\(keys)]}"
            let run = CommandRun("verify", "--jwks", directory.write(keys, to: "keys.json"), input: token)
            XCTAssertEqual(run.status, .failure)
            XCTAssertEqual(run.errors, ["invalid: The key set holds no key for the token"])
        }
    }

    func testKeysThatCannotBeRead() {
        let missing = directory.path("missing.json")
        let table = [
            (missing, "the file cannot be read: No such file or directory"),
            (directory.path, "the file cannot be read: Is a directory"),
            (directory.write("{", to: "cut.json"), "the document is not JSON: "),
            (directory.write("[]", to: "list.json"), "the document is not an object with an array \"keys\""),
            (directory.write(String(repeating: " ", count: 1 << 20 + 1), to: "long.json"), "the file cannot be read: "),
        ]
        for (path, message) in table {
            let run = CommandRun("verify", "--jwks", path, input: "a.b.c")
            XCTAssertEqual(run.status, .usage)
            XCTAssertEqual(run.errors.count, 1)
            let told = run.errors.first ?? ""
            XCTAssertTrue(told.hasPrefix("scopeproxy verify: \(path): \(message)"), told)
        }
    }

    func testVectorsOfTheRFCs() throws {
        for vector in try TokenFixtures.rfcVectors() {
            let members = vector.jwk?.members.map { "\"\($0.key.string ?? "")\":\"\($0.value.string ?? "")\"" }
            let jwk = members.map { "{\($0.joined(separator: ","))}" } ?? ""
            let keys = directory.write("{\"keys\":[\(jwk)]}", to: "keys.json")
            let run = CommandRun("verify", "--jwks", keys, input: vector.token)
            XCTAssertEqual(run.status, vector.accepted ? .success : .failure, vector.name)
        }
    }

    /// The first character of the signature replaced.
    private static func tampered(_ token: String) -> String {
        var parts = token.split(separator: ".").map(String.init)
        parts[2] = (parts[2].first == "A" ? "B" : "A") + parts[2].dropFirst()
        return parts.joined(separator: ".")
    }
}
