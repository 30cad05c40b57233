/// One value of the file, read as what it is expected to be. What is something else is reported, and read as nil.
struct ConfigurationValue {
    let json: JSONValue
    let source: ConfigurationSource

    func report(_ message: String, suggestion: String? = nil, mayPass: Bool = false) {
        source.report(at: Int(json.range.lower), message, suggestion: suggestion, mayPass: mayPass)
    }

    /// Reports what is wrong at a byte of `text`, which is this string's value: there, if the file has it as it is.
    func report(_ message: String, atByte offset: Int, of text: String) {
        let isLiteral = text == written && text.utf8.count == json.range.count - 2
        source.report(at: Int(json.range.lower) + (isLiteral ? 1 + offset : 0), message)
    }

    /// The string as it stands in the file, before substitution; for messages, which must not show a secret.
    var written: String { json.string ?? "" }
    var isNull: Bool { json.kind == .null }
    var isString: Bool { json.kind == .string }

    /// A string that is not empty, references replaced.
    func text() -> String? {
        guard let text = possiblyEmptyText() else { return nil }
        if text.isEmpty { report(written.isEmpty ? "must not be empty" : "is empty once its references are replaced") }
        return text.isEmpty ? nil : text
    }

    func possiblyEmptyText() -> String? {
        guard let written = json.string else { return mismatch("a string") }
        do throws(TextSubstitution.Failure) {
            return try source.substitute(in: written)
        } catch {
            report(error.message, mayPass: error.mayPass)
            return nil
        }
    }

    func bool() -> Bool? { json.bool ?? mismatch("true or false") }

    /// A whole number.
    func integer(in range: ClosedRange<Int>) -> Int? {
        guard json.kind == .number else { return mismatch("a whole number") }
        guard let value = json.integer.flatMap(Int.init(exactly:)), range.contains(value) else {
            report("must be a whole number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return value
    }

    /// A whole number, or null for no limit.
    func limit(in range: ClosedRange<Int>) -> RouteOverrides.Override<Int> {
        if isNull { return .replaced(nil) }
        guard json.kind == .number else {
            reportMismatch("a whole number, or null for no limit")
            return .inherited
        }
        return integer(in: range).map { .replaced($0) } ?? .inherited
    }

    /// A number of seconds, decimals allowed.
    func seconds(in range: ClosedRange<Double>) -> Interval? {
        guard json.kind == .number else { return mismatch("a number of seconds") }
        guard let value = json.number, range.contains(value) else {
            report("must be from \(Self.shown(range.lowerBound)) to \(Self.shown(range.upperBound)) seconds")
            return nil
        }
        return .seconds(value)
    }

    /// A share of a whole: 0 for nothing of it, 1 for all.
    func share() -> Double? {
        guard json.kind == .number else { return mismatch("a number from 0 to 1") }
        guard let value = json.number, (0...1).contains(value) else {
            report("must be a number from 0 to 1")
            return nil
        }
        return value
    }

    /// One of the named choices.
    func choice<Choice>(_ choices: KeyValuePairs<String, Choice>) -> Choice? {
        let names = choices.map(\.key)
        let expected = "one of " + names.map { "\"\($0)\"" }.joined(separator: ", ")
        guard json.kind == .string else { return mismatch(expected) }
        guard let text = text() else { return nil }
        if let found = choices.first(where: { $0.key == text }) { return found.value }
        report("must be \(expected)", suggestion: EditDistance.nearest(to: written, among: names))
        return nil
    }

    /// The values of an array; nil, and reported, when there are none.
    func elements(of what: String) -> [ConfigurationValue]? {
        guard json.kind == .array else { return mismatch("an array of \(what)") }
        let elements = json.elements.map { ConfigurationValue(json: $0, source: source) }
        if elements.isEmpty { report("must not be empty: name at least one") }
        return elements.isEmpty ? nil : elements
    }

    /// An array of different strings, each read by `read`, which reports what it refuses. nil when any was refused.
    func list<Element>(of what: String, _ read: (ConfigurationValue, String) -> Element?) -> [Element]? {
        guard let elements = elements(of: what) else { return nil }
        var seen: Set<String> = []
        var list: [Element] = []
        for element in elements {
            guard let text = element.text() else { continue }
            if !seen.insert(text).inserted {
                element.report("is named twice")
            } else if let read = read(element, text) {
                list.append(read)
            }
        }
        return list.count == elements.count ? list : nil
    }

    func object(_ section: ConfigurationSection) -> ConfigurationObject? {
        guard json.kind == .object else { return mismatch("an object") }
        return ConfigurationObject(json, section, source)
    }

    /// The members of an object whose keys are the user's own words.
    func entries(of what: String) -> [(key: ConfigurationValue, value: ConfigurationValue)]? {
        guard json.kind == .object else { return mismatch("an object of \(what)") }
        return json.members.map { key, value in
            (ConfigurationValue(json: key, source: source), ConfigurationValue(json: value, source: source))
        }
    }

    /// Reports that something else was expected; always nil.
    func mismatch<Expected>(_ expected: String) -> Expected? {
        reportMismatch(expected)
        return nil
    }

    private func reportMismatch(_ expected: String) { report("expected \(expected), found \(found)") }

    private var found: String {
        switch json.kind {
        case .object: "an object"
        case .array: "an array"
        case .string: "a string"
        case .number: "a number"
        case .bool: json.bool == true ? "true" : "false"
        case .null: "null"
        }
    }

    private static func shown(_ seconds: Double) -> String {
        Int(exactly: seconds).map { "\($0)" } ?? "\(seconds)"
    }
}
