/// The parameters of a request to the token endpoint, whichever form they came in. Each name is there at most once, and
/// one that came without a value counts as left out (RFC 6749 section 3.2).
struct TokenRequestParameters {
    private var values: [String: String] = [:]

    /// More than any request has; bounds what is looked at.
    private static let countMax = 64
    private static let jsonLimits = JSONLimits(depth: 8, values: 256, bytes: 65_536)

    /// Reads the content of `request` as its `Content-Type` says.
    init(_ request: ServiceRequest) throws(TokenRequestError) {
        switch request.mediaType {
        case "application/x-www-form-urlencoded": try readForm(request.body)
        case "application/json": try readJSON(request.body)
        case _: throw .unsupportedMediaType
        }
    }

    subscript(name: String) -> String? { values[name] }

    private mutating func readForm(_ body: [UInt8]) throws(TokenRequestError) {
        var names: Set<String> = []
        let bytes = body.span
        var start = 0
        while start <= body.count {
            let end = ByteScan.firstIndex(of: Self.ampersand, in: bytes, from: start) ?? body.count
            defer { start = end + 1 }
            // An ampersand too many separates nothing.
            guard end > start else { continue }
            let (name, value) = try Self.pair(bytes.extracting(start..<end))
            guard names.insert(name).inserted else { throw .repeatedParameter }
            guard names.count <= Self.countMax else { throw .tooManyParameters }
            if !value.isEmpty { values[name] = value }
        }
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

    /// What is not a string is malformed where it is a parameter of ours, and passed over elsewhere (RFC 6749 section
    /// 3.2: unrecognized parameters are ignored).
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
            guard let text = value.string else {
                if Self.known.contains(name) { throw .malformedJSON }
                continue
            }
            if !text.isEmpty { values[name] = text }
        }
    }

    private static let known: Set<String> = ["grant_type", "client_id", "client_secret", "scope", "audience"]
}
