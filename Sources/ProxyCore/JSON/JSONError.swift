/// Why bytes are not a JSON document, and where.
package struct JSONError: Error, Equatable, Sendable {
    package enum Kind: Sendable, Equatable {
        case byteOrderMark
        case controlCharacter
        case duplicateMember
        case expectedColon
        case expectedCommaOrBrace
        case expectedCommaOrBracket
        case expectedName
        case expectedValue
        case invalidEscape
        case invalidNumber
        case invalidUTF8
        case loneSurrogate
        case numberOutOfRange
        case tooDeep
        case tooLarge
        case tooManyValues
        case trailingBytes
        case truncated
    }

    package let kind: Kind
    /// The offset of the byte at which reading failed; for a duplicate member that of the second name.
    package let offset: Int

    package init(_ kind: Kind, at offset: Int) {
        self.kind = kind
        self.offset = offset
    }

    /// One clause for people, without any of the document's content.
    package var message: String {
        switch kind {
        case .byteOrderMark: "the document starts with a byte order mark; save it as UTF-8 without one"
        case .controlCharacter: "a control character inside a string has to be escaped"
        case .duplicateMember: "this member was given before in the same object"
        case .expectedColon: "expected ':' after the member's name"
        case .expectedCommaOrBrace: "expected ',' or '}'"
        case .expectedCommaOrBracket: "expected ',' or ']'"
        case .expectedName: "expected a member's name in double quotes (a comma may not trail, comments do not exist)"
        case .expectedValue: "expected a value: an object, array, string in double quotes, number, true, false or null"
        case .invalidEscape: "not one of the escapes \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX"
        case .invalidNumber: "not a number as JSON writes them"
        case .invalidUTF8: "not valid UTF-8"
        case .loneSurrogate: "a \\u escape names half of a surrogate pair"
        case .numberOutOfRange: "the number is too large"
        case .tooDeep: "arrays and objects are nested too deeply"
        case .tooLarge: "the document is too large"
        case .tooManyValues: "the document holds too many values"
        case .trailingBytes: "unexpected text after the end of the document"
        case .truncated: "the document ends in the middle of a value"
        }
    }
}
