/// The way to a place in a document, like `issuers[0].audiences`.
struct KeyPathText {
    private(set) var text = ""

    /// The way to the value or the member's name that starts at `offset`.
    init(leadingTo offset: Int, in root: JSONValue) {
        var value = root
        while value.range.range.contains(offset), Int(value.range.lower) != offset {
            guard let child = step(from: value, towards: offset) else { return }
            value = child
        }
    }

    mutating func append(key: String) {
        let plain = key.utf8.allSatisfy { ASCII.isLetter($0) || ASCII.isDigit($0) || $0 == 0x5F || $0 == 0x24 }
        if plain, !key.isEmpty {
            text += text.isEmpty ? key : ".\(key)"
        } else {
            var writer = JSONWriter()
            writer.string(key)
            text += "[\(String(decoding: writer.bytes, as: UTF8.self))]"
        }
    }

    /// The child of `value` that holds `offset`, its step appended; nil when the way ends here.
    private mutating func step(from value: JSONValue, towards offset: Int) -> JSONValue? {
        for (key, child) in value.members {
            let isKey = key.range.range.contains(offset)
            guard isKey || child.range.range.contains(offset) else { continue }
            append(key: key.string ?? "")
            return isKey ? nil : child
        }
        for (index, child) in value.elements.enumerated() where child.range.range.contains(offset) {
            text += "[\(index)]"
            return child
        }
        return nil
    }
}
