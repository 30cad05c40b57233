/// Which claim is meant: a name, or names separated by dots that lead into nested objects. A dot that belongs to a name
/// is written `\.`, a backslash `\\`.
package struct ClaimPath: Sendable, Equatable {
    /// As it was written.
    package let text: String
    /// The names from the outside in.
    package let names: [String]
    /// The whole text as one name: claims such as `https://example.com/roles` hold dots that nobody wants to escape.
    private let wholeName: String

    /// nil when a name is empty or a backslash stands before anything but a dot or a backslash.
    package init?(dotted text: String) {
        var names: [String] = []
        var name = ""
        var whole = ""
        var isEscaped = false
        for scalar in text.unicodeScalars {
            if isEscaped {
                guard scalar == "." || scalar == "\\" else { return nil }
                name.unicodeScalars.append(scalar)
                whole.unicodeScalars.append(scalar)
                isEscaped = false
            } else if scalar == "\\" {
                isEscaped = true
            } else if scalar == "." {
                names.append(name)
                name = ""
                whole.unicodeScalars.append(scalar)
            } else {
                name.unicodeScalars.append(scalar)
                whole.unicodeScalars.append(scalar)
            }
        }
        names.append(name)
        guard !isEscaped, !names.contains("") else { return nil }
        self.text = text
        self.names = names
        wholeName = whole
    }

    /// The claim's value among the members of `claims`. A member with the whole dotted name comes before nested ones.
    package func value(in claims: JSONValue) -> JSONValue? {
        if let value = claims[wholeName] { return value }
        var value = claims
        for name in names {
            guard let next = value[name] else { return nil }
            value = next
        }
        return value
    }
}
