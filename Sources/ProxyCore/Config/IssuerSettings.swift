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
}
