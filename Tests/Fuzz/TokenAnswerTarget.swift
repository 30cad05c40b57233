import Foundation
import ProxyCore

/// What a token endpoint answers to egress. What is taken for a token can stand in an `Authorization` field as it is,
/// and everything is what Foundation reads; what is refused is refused for a reason that is there.
final class TokenAnswerTarget: FuzzTarget {
    private static let characters = Set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/".utf8)
    private static let causes = Set(TokenFailure.causes.map { "\($0)" })

    func run(_ input: Span<UInt8>) {
        let body = input.copied()
        do throws(TokenAnswerProblem) {
            check(try TokenAnswer(parsing: body), body)
        } catch {
            checkProblem(error, body)
        }
        checkFailure(body)
    }

    private static func object(_ body: [UInt8]) -> [String: Any]? {
        (try? JSONSerialization.jsonObject(with: Data(body))) as? [String: Any]
    }

    private func check(_ answer: TokenAnswer, _ body: [UInt8]) {
        guard let root = Self.object(body) else { fatalError("broken: an answer that is no object to Foundation") }
        let token = String(decoding: answer.token, as: UTF8.self)
        require(root["access_token"] as? String == token, "the token is the answer's")
        require(1...TokenAnswer.tokenBytesMax ~= answer.token.count, "a token has bounds")
        let core = answer.token.reversed().drop { $0 == 0x3D }
        require(!core.isEmpty && core.allSatisfy(Self.characters.contains), "a token is a b64token")
        require((root["token_type"] as? String)?.lowercased() == "bearer", "it is a bearer token")
        if let lifetime = answer.lifetime {
            require(1...TokenAnswer.lifetimeMax ~= lifetime.seconds, "a lifetime has bounds")
            let told = (root["expires_in"] as? NSNumber)?.doubleValue ?? 0
            let expected = min(told, TokenAnswer.lifetimeMax)
            require(abs(lifetime.seconds - expected) <= max(1e-3, expected * 1e-9), "the lifetime is the answer's")
        } else {
            require(root["expires_in"].map { $0 is NSNull } ?? true, "a lifetime is not lost")
        }
        let scope = root["scope"] as? String
        require(answer.scope == scope || answer.scope?.contains("\u{FEFF}") == true, "the scope is the answer's")
        checkWritten(answer)
    }

    private func checkWritten(_ answer: TokenAnswer) {
        var json = JSONWriter()
        json.beginObject()
        json.key("access_token")
        json.string(answer.token.span)
        json.key("token_type")
        json.string("bearer")
        if let scope = answer.scope {
            json.key("scope")
            json.string(scope)
        }
        json.endObject()
        let again = try? TokenAnswer(parsing: json.bytes)
        require(again?.token == answer.token && again?.scope == answer.scope, "an answer survives being written anew")
    }

    private func checkProblem(_ problem: TokenAnswerProblem, _ body: [UInt8]) {
        let root = Self.object(body)
        switch problem {
        // Strictness that Foundation does not have: duplicates, depth, sizes.
        case .notJSON: break
        case .notAnObject: require(root == nil, "an object is one")
        case .noToken: require(root?["access_token"].map { $0 is NSNull } ?? true, "a token is found")
        case .malformedToken, .tooLongToken: require(root?["access_token"] != nil, "a token that is there")
        case .noType: require(root?["token_type"].map { $0 is NSNull } ?? true, "a type is found")
        case .otherType: require((root?["token_type"] as? String)?.lowercased() != "bearer", "bearer is bearer")
        case .malformedLifetime: require(root?["expires_in"] != nil, "a lifetime that is there")
        case .malformedScope: require(!(root?["scope"] is String), "a scope that is none")
        }
    }

    /// The body of every other status has one of the causes that metrics know, and no word of its own in the message.
    private func checkFailure(_ body: [UInt8]) {
        for status in [400, 401, 503] {
            let failure = TokenAnswer.failure(status: status, body: body)
            switch failure {
            case .refused(let refusal):
                require(status < 500 || refusal == .temporarilyUnavailable, "a server in trouble")
                require(Self.object(body)?["error"] is String, "an error of the server's own")
                let told = Self.object(body)?["error"] as? String
                require(refusal == .other || told == "\(refusal.code)", "the error is the answer's")
            case .status(let shown): require(shown == status, "the status is the answer's")
            case _: fatalError("broken: a body that means \(failure)")
            }
            require(Self.causes.contains("\(failure.cause)") || failure == .status(status), "a cause that is known")
            require(failure.message.utf8.allSatisfy { 0x20..<0x7F ~= $0 }, "a message is a line")
        }
    }
}
