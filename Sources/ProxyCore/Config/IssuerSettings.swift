/// One entry of `issuers`.
package struct IssuerSettings: Sendable {
    package var token: TokenIssuer
    package var keys: KeyOrigin
    package var refresh = KeyRefresh()

    package init(token: TokenIssuer, keys: KeyOrigin) {
        self.token = token
        self.keys = keys
    }
}
