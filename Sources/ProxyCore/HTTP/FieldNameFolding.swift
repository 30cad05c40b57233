/// Field names as an application may confuse them: CGI and its heirs turn names into variables, in one letter case and
/// with `_` for every byte that is neither letter nor digit. `X-Auth-Subject`, `x_auth_subject` and `X!Auth!Subject`
/// are one name to them.
package enum FieldNameFolding {
    /// A-Z as a-z, and `-` for every byte that is neither letter nor digit.
    package static func folded(_ byte: UInt8) -> UInt8 {
        let lowercased = ASCII.lowercased(byte)
        return ASCII.isLowercase(lowercased) || ASCII.isDigit(lowercased) ? lowercased : ASCII.hyphen
    }

    /// True when the two names are equal once both are folded.
    package static func same(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
        left.count == right.count && begins(left, with: right)
    }

    /// True when `name` begins with `prefix` once both are folded.
    package static func begins(_ name: Span<UInt8>, with prefix: Span<UInt8>) -> Bool {
        guard name.count >= prefix.count else { return false }
        for index in prefix.indices where folded(name[index]) != folded(prefix[index]) { return false }
        return true
    }
}
