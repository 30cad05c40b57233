/// A route's path as the configuration writes it: literal segments, `{name}` (exactly one segment, not empty) and
/// `{name...}` (the rest of the path, possibly empty, last only). A trailing slash is ignored; `/` is the root.
///
/// Literals hold what RFC 3986 section 3.3 allows in a segment. Everything else is percent-encoded, and nothing that
/// could be written plainly is, so that a literal has one spelling. It matches that spelling, whatever the case of the
/// hexadecimal digits (RFC 3986 section 6.2.2.1), and its decoded form. `%2F`, `%5C` and encoded controls are refused,
/// since no reading of a request could keep them.
package struct PathTemplate: Sendable, Equatable {
    package enum Segment: Sendable, Equatable {
        /// The segment's bytes as written, with the hexadecimal digits of `%XX` in upper case.
        case literal([UInt8])
        case parameter(String)
        case rest(String)
    }

    /// As it was written.
    package let text: String
    package let segments: [Segment]

    /// More than any API has, and a bound on how deep the match recurses.
    package static let segmentsMax = 64

    package init(_ text: String) throws(PathTemplateError) {
        var parser = PathTemplateParser(Array(text.utf8))
        self.segments = try parser.parse()
        self.text = text
    }

    /// The names of the parameters from left to right.
    package var parameterNames: [String] {
        segments.compactMap { segment in
            switch segment {
            case .literal: nil
            case .parameter(let name), .rest(let name): name
            }
        }
    }

    /// Where a path that this template matches holds the parameter of that name; nil when there is none.
    package func place(of name: String) -> ParameterPlace? {
        for (index, segment) in segments.enumerated() {
            if segment == .parameter(name) { return ParameterPlace(segment: index, takesRest: false) }
            if segment == .rest(name) { return ParameterPlace(segment: index, takesRest: true) }
        }
        return nil
    }

    /// True when both match the same paths: the same text but for the names of the parameters.
    package func hasSameShape(as other: PathTemplate) -> Bool { shape == other.shape }

    private var shape: [Segment] {
        segments.map { segment in
            switch segment {
            case .literal: segment
            case .parameter: .parameter("")
            case .rest: .rest("")
            }
        }
    }
}
