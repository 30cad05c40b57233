/// Who a client says that it is, and the secret that it shows for it (RFC 6749 section 2.3.1).
struct ClientCredentials {
    let id: String
    let secret: String

    /// The credentials of a request, by `client_secret_basic` or `client_secret_post`, never both.
    init(_ request: ServiceRequest, _ parameters: TokenRequestParameters) throws(TokenRequestError) {
        switch request.content(of: .authorization) {
        case .several: throw .severalAuthorizations
        case .one(let value):
            guard parameters["client_secret"] == nil else { throw .twoAuthenticationMethods }
            guard let basic = Self.basic(value) else { throw .invalidClient }
            // Many clients repeat their name in the content, which says nothing new.
            if let id = parameters["client_id"], id != basic.id { throw .differingClientIDs }
            (id, secret) = basic
        case .none:
            guard let id = parameters["client_id"], let secret = parameters["client_secret"] else {
                throw .invalidClient
            }
            (self.id, self.secret) = (id, secret)
        }
    }

    /// What an `Authorization: Basic` field says (RFC 7617 section 2), both parts encoded as in a form. Nil for another
    /// scheme and for everything that is not well formed.
    private static func basic(_ value: [UInt8]) -> (id: String, secret: String)? {
        let bytes = value.span
        guard value.count > 6, bytes.extracting(first: 5).equalsIgnoringCase("basic"), value[5] == ASCII.space else {
            return nil
        }
        let credentials = value.dropFirst(6).drop { $0 == ASCII.space }
        guard let decoded = decodeBase64(Array(credentials)), let colon = decoded.firstIndex(of: ASCII.colon) else {
            return nil
        }
        guard let id = FormEncoding.decode(decoded.span.extracting(first: colon)), !id.isEmpty,
            let secret = FormEncoding.decode(decoded.span.extracting((colon + 1)..<decoded.count))
        else { return nil }
        return (id, secret)
    }

    /// Base64 with the alphabet and the padding of RFC 4648 section 4, strictly.
    private static func decodeBase64(_ text: [UInt8]) -> [UInt8]? {
        guard text.count % 4 == 0 else { return nil }
        let padding = text.reversed().prefix { $0 == ASCII.equals }.count
        guard padding <= 2 else { return nil }
        var unpadded: [UInt8] = []
        for byte in text.dropLast(padding) {
            switch byte {
            case ASCII.hyphen, ASCII.underscore: return nil
            case ASCII.plus: unpadded.append(ASCII.hyphen)
            case ASCII.slash: unpadded.append(ASCII.underscore)
            case _: unpadded.append(byte)
            }
        }
        return Base64URL.decode(unpadded.span)
    }
}
