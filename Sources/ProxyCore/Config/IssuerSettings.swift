/// One entry of `issuers`.
package struct IssuerSettings: Sendable {
    package var token: TokenIssuer
    package var keys: KeyOrigin
    package var refresh = KeyRefresh()
    package var access: KeyAccess

    package init(token: TokenIssuer, keys: KeyOrigin, access: KeyAccess) {
        self.token = token
        self.keys = keys
        self.access = access
    }

    /// Whether its tokens count only with a client certificate.
    package var bindsAlways: Bool { token.certificateBinding == .required }

    /// Whether the keys of both are the same and are got in the same way.
    package func hasSameKeys(as other: IssuerSettings) -> Bool {
        guard token.issuer.utf8.elementsEqual(other.token.issuer.utf8), refresh == other.refresh,
            access == other.access
        else { return false }
        switch (keys, other.keys) {
        case (.network(let one), .network(let two)): return one == two
        case (.discovery(let one), .discovery(let two)): return one == two
        case (.file(let one), .file(let two)): return one.utf8.elementsEqual(two.utf8)
        case (.inline(let one), .inline(let two)): return one.isSame(as: two)
        case (.network, _), (.discovery, _), (.file, _), (.inline, _): return false
        }
    }
}
