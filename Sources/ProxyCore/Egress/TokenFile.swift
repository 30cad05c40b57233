/// A token kept in a file that only its owner can read, with what it was asked for: another client, or the same one for
/// another purpose, does not get it.
package struct TokenFile: Sendable {
    package struct Kept: Sendable, Equatable {
        package let token: [UInt8]
        /// When it was asked for, and when it expires.
        let asked: UnixTime
        let expiry: UnixTime

        /// True when three quarters of its life are over.
        package func isDueForRenewal(at now: UnixTime) -> Bool {
            (now.seconds - asked.seconds) * 4 >= (expiry.seconds - asked.seconds) * 3
        }
    }

    package let path: String

    /// A token that expires within this may do so on its way.
    private static let marginSeconds: Int64 = 5
    private static let bytesMax = 65_536

    package init(path: String) { self.path = path }

    /// The token that was kept for this client and may be used at `now`. A file that is none of ours, or not readable
    /// by its owner alone, holds none.
    package func read(for client: TokenClient, now: UnixTime) -> Kept? {
        guard let identity = try? FileIdentity(of: path), identity.isRegular, identity.isPrivate,
            let bytes = try? FileReader.bytes(path, bytesMax: Self.bytesMax),
            let root = try? JSONDocument(parsing: bytes).root, root["purpose"]?.string == Self.purpose(of: client),
            let token = root["token"]?.stringBytes, BearerCredentials.isB64Token(token.span),
            let asked = root["asked"]?.integer, let expiry = root["expires"]?.integer
        else { return nil }
        // A clock that was set back says nothing about how old it is; and no sum of these can overflow.
        guard asked >= 0, asked <= now.seconds, expiry > asked, expiry - Self.marginSeconds > now.seconds,
            expiry - asked <= Self.lifetimeMax
        else { return nil }
        return Kept(token: token, asked: UnixTime(asked), expiry: UnixTime(expiry))
    }

    private static let lifetimeMax: Int64 = 400 * 86_400

    /// Puts the token in the file's place.
    package func write(_ answer: TokenAnswer, of client: TokenClient, asked: UnixTime) throws(Errno) {
        let lifetime = answer.lifetime ?? client.assumedLifetime
        var json = JSONWriter()
        json.beginObject()
        json.key("purpose")
        json.string(Self.purpose(of: client))
        json.key("asked")
        json.number(asked.seconds)
        json.key("expires")
        json.number(asked.seconds + Int64(lifetime.seconds))
        json.key("token")
        json.string(answer.token.span)
        json.endObject()
        try FileWriter.replace(path, with: json.bytes + [ASCII.lineFeed])
    }

    /// A digest of who asks whom for what; of no secret.
    private static func purpose(of client: TokenClient) -> String {
        let endpoint =
            switch client.endpoint {
            case .address(let location): location.origin + location.target
            case .discovery(let issuer): issuer.issuer
            }
        let parts = [endpoint, client.id, client.audience ?? ""] + client.scopes + [""] + client.resources
        let bytes = parts.flatMap { part -> [UInt8] in Array(part.utf8) + [0] }
        let digest = Digest.sha256(bytes.span)
        return Base64URL.encode(digest.span).span.text
    }
}
