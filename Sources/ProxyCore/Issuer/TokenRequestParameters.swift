/// The parameters of a request to one of the server's endpoints, whichever form they came in. Each name is there at
/// most once, but for `resource`, and one that came without a value counts as left out (RFC 6749 section 3.2).
package struct TokenRequestParameters: Sendable, Equatable {
    package struct Parameter: Sendable, Equatable {
        package let name: String
        package let value: String
    }

    /// Those that have a value, but for `resource`. So few that looking through them is quicker than a table.
    package private(set) var values: [Parameter] = []
    /// RFC 8707 section 2: as often as there are resources.
    package private(set) var resources: [String] = []

    /// More than any request has; bounds what is looked at.
    package static let countMax = 64
    private static let jsonLimits = JSONLimits(depth: 8, values: 256, bytes: 65_536)
    private static let repeatable = "resource"

    /// Reads the content of `request` as its `Content-Type` says.
    package init(_ request: ServiceRequest) throws(TokenRequestError) {
        guard request.query == nil else { throw .parametersInQuery }
        switch request.mediaType {
        case "application/x-www-form-urlencoded": try readForm(request.body)
        case "application/json": try readJSON(request.body)
        case _: throw .unsupportedMediaType
        }
    }

    package subscript(name: String) -> String? { values.first { $0.name == name }?.value }

    private mutating func readForm(_ body: [UInt8]) throws(TokenRequestError) {
        var names: [String] = []
        var count = 0
        let bytes = body.span
        var start = 0
        while start <= body.count {
            let end = ByteScan.firstIndex(of: Self.ampersand, in: bytes, from: start) ?? body.count
            defer { start = end + 1 }
            // An ampersand too many separates nothing.
            guard end > start else { continue }
            let (name, value) = try Self.pair(bytes.extracting(start..<end))
            count += 1
            guard count <= Self.countMax else { throw .tooManyParameters }
            guard name == Self.repeatable || !names.contains(name) else { throw .repeatedParameter }
            names.append(name)
            take(name, value)
        }
    }

    private mutating func take(_ name: String, _ value: String) {
        guard !value.isEmpty else { return }
        guard name != Self.repeatable else { return resources.append(value) }
        // Of members that have one name to Unicode the last one counts. No parameter of ours can have two.
        values.removeAll { $0.name == name }
        values.append(Parameter(name: name, value: value))
    }

    private static let ampersand: UInt8 = 0x26

    private static func pair(_ text: Span<UInt8>) throws(TokenRequestError) -> (String, String) {
        let equals = ByteScan.firstIndex(of: ASCII.equals, in: text) ?? text.count
        let value = text.extracting(min(equals + 1, text.count)..<text.count)
        guard let name = FormEncoding.decode(text.extracting(first: equals)), !name.isEmpty,
            let value = FormEncoding.decode(value)
        else { throw .malformedForm }
        return (name, value)
    }

    /// What is not a string, or holds control characters (RFC 6749 appendix A has none anywhere), is malformed where it
    /// is a parameter of ours, and passed over elsewhere (section 3.2: unrecognized parameters are ignored).
    private mutating func readJSON(_ body: [UInt8]) throws(TokenRequestError) {
        let document: JSONDocument
        do throws(JSONError) {
            document = try JSONDocument(parsing: body, limits: Self.jsonLimits)
        } catch {
            throw .malformedJSON
        }
        guard document.root.kind == .object else { throw .malformedJSON }
        for (key, value) in document.root.members {
            guard let name = key.string else { throw .malformedJSON }
            if name == Self.repeatable, value.kind == .array {
                for element in value.elements {
                    guard let text = Self.text(element) else { throw .malformedJSON }
                    take(name, text)
                }
            } else if let text = Self.text(value) {
                take(name, text)
            } else if Self.known.contains(name) {
                throw .malformedJSON
            }
        }
    }

    private static func text(_ value: JSONValue) -> String? {
        guard let text = value.string, !text.utf8.contains(where: ASCII.isControl) else { return nil }
        return text
    }

    private static let known: Set<String> = [
        "grant_type", "client_id", "client_secret", "client_assertion", "client_assertion_type", "scope", "audience",
        "resource", "token", "token_type_hint",
    ]
}
