/// Why a path is refused whatever the routes say: no upstream should be trusted with it.
package enum PathProblem: Error, Sendable, Equatable, CaseIterable {
    case noLeadingSlash
    case control
    case fragment
    case invalidPercentEncoding
    case encodedControl
    case overlongUTF8
    case tooManyReadings

    /// For logs and metrics.
    package var reason: StaticString {
        switch self {
        case .noLeadingSlash: "path_without_slash"
        case .control: "control_in_path"
        case .fragment: "fragment_in_path"
        case .invalidPercentEncoding: "invalid_percent_encoding"
        case .encodedControl: "encoded_control_in_path"
        case .overlongUTF8: "overlong_utf8_in_path"
        case .tooManyReadings: "ambiguous_path"
        }
    }

    /// For `explain`.
    package var description: StaticString {
        switch self {
        case .noLeadingSlash: "the path does not begin with a slash"
        case .control: "the path holds a control character"
        case .fragment: "the path holds a raw #"
        case .invalidPercentEncoding: "a % is not followed by two hexadecimal digits"
        case .encodedControl: "the path holds a percent-encoded control character"
        case .overlongUTF8: "the path holds an overlong UTF-8 sequence, which some decoders take for a slash or a dot"
        case .tooManyReadings: "the path can be read in more ways than are worth judging"
        }
    }

    /// What is wrong with `path`, if anything.
    package static func found(in path: Span<UInt8>) -> PathProblem? {
        guard !path.isEmpty, path[0] == ASCII.slash else { return .noLeadingSlash }
        var index = 0
        var previous: UInt8 = 0
        while index < path.count {
            var octet = path[index]
            if ASCII.isControl(octet) { return .control }
            if octet == ASCII.hash { return .fragment }
            if octet == ASCII.percent {
                guard let decoded = PercentEncoding.octet(at: index, in: path) else { return .invalidPercentEncoding }
                if ASCII.isControl(decoded) { return .encodedControl }
                octet = decoded
                index += 2
            }
            if isOverlong(previous, octet) { return .overlongUTF8 }
            previous = octet
            index += 1
        }
        return nil
    }

    /// True when the two octets begin a UTF-8 sequence that is longer than its character needs (RFC 3629 section 3).
    private static func isOverlong(_ lead: UInt8, _ next: UInt8) -> Bool {
        switch lead {
        case 0xC0, 0xC1: 0x80...0xBF ~= next
        case 0xE0: 0x80...0x9F ~= next
        case 0xF0: 0x80...0x8F ~= next
        case _: false
        }
    }
}
