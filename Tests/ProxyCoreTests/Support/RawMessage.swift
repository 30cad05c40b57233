import ProxyCore

/// A request or response as it came over a socket.
protocol RawMessage {
    /// Start line and fields, with their line ends and without the empty line.
    var head: String { get }
    /// The body without its framing.
    var body: [UInt8] { get }
}

extension RawMessage {
    var startLine: String { String(head.split(separator: "\r\n").first ?? "") }

    /// The field lines in their order.
    var fieldLines: [String] { head.split(separator: "\r\n").dropFirst().map(String.init) }

    /// The values of all fields of that name, whatever its case.
    func fields(_ name: String) -> [String] {
        fieldLines.compactMap { line in
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, parts[0].lowercased() == name.lowercased() else { return nil }
            return String(parts[1].drop { $0 == " " })
        }
    }

    /// The value of the first field of that name.
    func field(_ name: String) -> String? { fields(name).first }

    var text: String { String(decoding: body, as: UTF8.self) }

    /// A member of a body that is a JSON object.
    func json(_ name: String) -> JSONValue? { (try? JSONDocument(parsing: body))?.root[name] }
}

/// What a scripted server was sent.
struct RawRequest: RawMessage, Sendable {
    /// Counts from 0 over all connections.
    var number = 0
    /// The connection that it came on, counting from 0.
    var connection = 0
    var head: String
    var body: [UInt8] = []
    var chunks: [Int] = []
    var trailers = ""
    /// The whole request to the byte.
    var bytes: [UInt8]

    var method: String { String(head.prefix { $0 != " " }) }
    var target: String { String(head.split(separator: " ", maxSplits: 2)[1]) }
}

/// What a client was answered.
struct RawResponse: RawMessage, Sendable {
    var head: String
    var body: [UInt8] = []
    var chunks: [Int] = []
    var trailers = ""
    /// The heads of the interim responses that came before.
    var interim: [String] = []
    /// The whole response to the byte, without the interim ones.
    var bytes: [UInt8]

    var status: Int { Int(head.split(separator: " ", maxSplits: 2)[1].prefix(3)) ?? 0 }
    var code: String? { json("code")?.string }
}

/// The bytes of a request that a test sends.
enum RequestText {
    /// A request with `Host`, a bearer token if there is one, further field lines, and a body with its length.
    static func of(
        _ method: String, _ target: String, token: String? = nil, _ fields: String..., body: String? = nil
    ) -> String {
        var lines = ["\(method) \(target) HTTP/1.1", "Host: api.test"]
        if let token { lines.append("Authorization: Bearer \(token)") }
        lines += fields
        if let body { lines.append("Content-Length: \(body.utf8.count)") }
        return lines.joined(separator: "\r\n") + "\r\n\r\n" + (body ?? "")
    }
}
