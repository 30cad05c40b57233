/// One object of the file whose keys are known. Making it reports those that are not.
struct ConfigurationObject {
    private let json: JSONValue
    let source: ConfigurationSource
    private var members: [String: ConfigurationValue] = [:]
    private var keyOffsets: [String: Int] = [:]
    /// Keys that misspelt ones were probably meant to be.
    private var misspelt: Set<String> = []

    init(_ json: JSONValue, _ section: ConfigurationSection, _ source: ConfigurationSource) {
        self.json = json
        self.source = source
        for (key, value) in json.members {
            let name = key.string ?? ""
            keyOffsets[name] = Int(key.range.lower)
            if section.keys.contains(name) {
                members[name] = ConfigurationValue(json: value, source: source)
            } else {
                let refusal = section.refusal(of: name)
                source.report(at: Int(key.range.lower), refusal.message, suggestion: refusal.suggestion)
                if let suggestion = refusal.suggestion { misspelt.insert(suggestion) }
            }
        }
    }

    subscript(_ key: String) -> ConfigurationValue? { members[key] }

    /// True when the key is there, known or not.
    func has(_ key: String) -> Bool { keyOffsets[key] != nil }

    /// The key's value; reported when there is none.
    func required(_ key: String, _ message: String) -> ConfigurationValue? {
        if let value = members[key] { return value }
        // One mistake is told once.
        if !misspelt.contains(key) { reportMissing(key, message) }
        return nil
    }

    func reportMissing(_ key: String, _ message: String) {
        source.reportMissing(key, inObjectAt: Int(json.range.lower), message)
    }

    /// Reports something about the key itself.
    func report(key: String, _ message: String) {
        source.report(at: keyOffsets[key] ?? Int(json.range.lower), message)
    }

    /// Reports something about the whole object.
    func report(_ message: String) { source.report(at: Int(json.range.lower), message) }
}
