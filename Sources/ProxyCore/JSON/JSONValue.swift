/// One value of a document: a cursor that keeps the document alive.
///
/// Asking a value for what it is not gives nil, or an empty array.
package struct JSONValue: Sendable {
    package enum Kind: Sendable, Equatable {
        case object
        case array
        case string
        case number
        case bool
        case null
    }

    private let storage: JSONStorage
    private let index: Int

    init(storage: JSONStorage, index: Int) {
        self.storage = storage
        self.index = index
    }

    private var node: JSONNode { storage.nodes[index] }

    package var kind: Kind {
        switch node.tag {
        case .object: .object
        case .array: .array
        case .plainString, .escapedString: .string
        case .number: .number
        case .true, .false: .bool
        case .null: .null
        }
    }

    /// Where the value stands in the document's bytes; a string's range includes its quotes.
    package var range: ByteRange { node.range }

    /// A string's value.
    package var string: String? {
        guard let bytes = stringBytes else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A string's value as UTF-8.
    package var stringBytes: [UInt8]? {
        let node = self.node
        guard node.isString else { return nil }
        let bytes = storage.bytes
        if node.tag == .plainString { return bytes.span.slice(node.contents).copied() }
        return JSONString.decode(bytes.span, node.contents)
    }

    /// True for a string with exactly these bytes; makes no copy unless the string holds an escape.
    package func isString(equalTo expected: Span<UInt8>) -> Bool {
        let node = self.node
        guard node.isString else { return false }
        let bytes = storage.bytes
        if node.tag == .plainString { return bytes.span.slice(node.contents).equals(expected) }
        let decoded = JSONString.decode(bytes.span, node.contents)
        return decoded.span.equals(expected)
    }

    /// A number's value when it is whole, whether written as 1, 1.0 or 1e0, and fits.
    package var integer: Int64? {
        let node = self.node
        guard node.tag == .number else { return nil }
        let bytes = storage.bytes
        return JSONNumber.integer(bytes.span, node.range)
    }

    /// A number's value, always finite.
    package var number: Double? {
        let node = self.node
        guard node.tag == .number else { return nil }
        let bytes = storage.bytes
        return JSONNumber.double(bytes.span, node.range)
    }

    package var bool: Bool? {
        switch node.tag {
        case .true: true
        case .false: false
        case .object, .array, .plainString, .escapedString, .number, .null: nil
        }
    }

    /// An array's values.
    package var elements: [JSONValue] {
        guard node.tag == .array else { return [] }
        var elements: [JSONValue] = []
        let end = Int(node.next)
        var child = index + 1
        while child < end {
            elements.append(JSONValue(storage: storage, index: child))
            child = Int(storage.nodes[child].next)
        }
        return elements
    }

    /// An object's members in the order of the text; the keys are strings.
    package var members: [(key: JSONValue, value: JSONValue)] {
        guard node.tag == .object else { return [] }
        var members: [(key: JSONValue, value: JSONValue)] = []
        let end = Int(node.next)
        var name = index + 1
        while name < end {
            let value = JSONValue(storage: storage, index: name + 1)
            members.append((key: JSONValue(storage: storage, index: name), value: value))
            name = Int(storage.nodes[name + 1].next)
        }
        return members
    }

    /// The value of an object's member.
    package subscript(_ key: String) -> JSONValue? {
        guard node.tag == .object else { return nil }
        let key = key
        let expected = key.utf8.span
        let end = Int(node.next)
        var name = index + 1
        while name < end {
            if JSONValue(storage: storage, index: name).isString(equalTo: expected) {
                return JSONValue(storage: storage, index: name + 1)
            }
            name = Int(storage.nodes[name + 1].next)
        }
        return nil
    }
}
