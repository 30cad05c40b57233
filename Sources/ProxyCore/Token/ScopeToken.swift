/// The grammar of a scope.
package enum ScopeToken {
    /// `scope-token` of RFC 6749 section 3.3: printable ASCII without space, quote and backslash, at least one byte.
    /// What fits it can stand in a quoted string of `WWW-Authenticate` as it is.
    package static func isValid(_ scope: Span<UInt8>) -> Bool {
        for index in scope.indices where !characters[scope[index]] { return false }
        return !scope.isEmpty
    }

    private static let characters = ByteSet { byte in
        byte > ASCII.space && byte < ASCII.delete && byte != ASCII.quote && byte != ASCII.backslash
    }
}
