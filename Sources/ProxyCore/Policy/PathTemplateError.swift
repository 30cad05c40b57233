/// What is wrong with the text of a path template, and where.
package struct PathTemplateError: Error, Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        case noLeadingSlash
        case emptySegment
        case dotSegment
        case wildcard
        case strayBrace
        case invalidParameterName
        case duplicateParameter(String)
        case restNotLast
        case invalidCharacter(UInt8)
        case notASCII
        case invalidPercentEncoding
        case needlessPercentEncoding(UInt8)
        case encodedSeparator
        case encodedControl
        case tooManySegments
    }

    package let kind: Kind
    /// In bytes of the template's UTF-8 text.
    package let offset: Int

    package init(kind: Kind, offset: Int) {
        self.kind = kind
        self.offset = offset
    }

    /// For the person who wrote the template.
    package var message: String {
        switch kind {
        case .noLeadingSlash: "a path begins with a slash"
        case .emptySegment: "a path has no empty segments (`//`)"
        case .dotSegment: "a path has no `.` or `..` segments"
        case .wildcard: "`*` is no wildcard: write `{name}` for one segment or `{name...}` for the rest of the path"
        case .strayBrace: "a parameter is a whole segment: `{name}` or `{name...}`"
        case .invalidParameterName: "a parameter's name holds letters, digits, `_` and `-`, at least one"
        case .duplicateParameter(let name): "the parameter `\(name)` appears twice"
        case .restNotLast: "`{name...}` takes the rest of the path, so nothing can follow it"
        case .invalidCharacter(let byte):
            "`\(Self.shown(byte))` cannot stand in a path: write it as `\(Self.encoded(byte))`"
        case .notASCII: "write characters outside ASCII percent-encoded, as callers send them (é is `%C3%A9`)"
        case .invalidPercentEncoding: "`%` is followed by two hexadecimal digits"
        case .needlessPercentEncoding(let byte): "write `\(Self.shown(byte))` as it is, not percent-encoded"
        case .encodedSeparator:
            "an encoded slash or backslash matches no literal: use a parameter, and `allow_encoded_slash`"
        case .encodedControl: "a path holds no control characters, percent-encoded or not"
        case .tooManySegments: "a path has at most \(PathTemplate.segmentsMax) segments"
        }
    }

    private static func shown(_ byte: UInt8) -> String { String(decoding: [byte], as: UTF8.self) }

    private static func encoded(_ byte: UInt8) -> String {
        String(decoding: PercentEncoding.triplet(byte), as: UTF8.self)
    }
}
