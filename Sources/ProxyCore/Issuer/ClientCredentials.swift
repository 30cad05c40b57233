/// Who a client says that it is, and what it shows for it (RFC 6749 section 2.3, RFC 7523 section 2.2, RFC 8705
/// section 2).
struct ClientCredentials {
    enum Proof {
        case secret(String, AuthenticationMethod)
        case assertion(ClientAssertion)
        case certificate(CallerCertificate)
    }

    let id: String
    let proof: Proof

    /// The credentials of a call, in exactly one of the ways that there are.
    init(_ call: IssuerCall, _ parameters: TokenRequestParameters) throws(TokenRequestError) {
        let secret = parameters["client_secret"]
        let assertion = parameters["client_assertion"]
        switch call.request.content(of: .authorization) {
        case .several: throw .severalAuthorizations
        case .one(let value):
            guard secret == nil, assertion == nil else { throw .twoAuthenticationMethods }
            guard let basic = Self.basic(value) else { throw .invalidClient(.malformedCredentials) }
            id = basic.id
            proof = .secret(basic.secret, .basic)
        case .none:
            if let assertion {
                guard secret == nil else { throw .twoAuthenticationMethods }
                (id, proof) = try Self.read(assertion, type: parameters["client_assertion_type"])
            } else if let secret {
                guard let id = parameters["client_id"] else { throw .invalidClient(.noCredentials) }
                self.id = id
                proof = .secret(secret, .post)
            } else {
                guard let id = parameters["client_id"], let certificate = call.certificate else {
                    throw .invalidClient(.noCredentials)
                }
                self.id = id
                proof = .certificate(certificate)
            }
        }
        // Many clients repeat their name in the content, which says nothing new.
        guard let named = parameters["client_id"] else { return }
        guard named.utf8.elementsEqual(id.utf8) else { throw .differingClientIDs }
    }

    private static let assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

    private static func read(_ text: String, type: String?) throws(TokenRequestError) -> (String, Proof) {
        guard type == assertionType else { throw .invalidClient(.unsupportedAssertionType) }
        do throws(ClientAuthenticationFailure) {
            let assertion = try ClientAssertion(text)
            return (assertion.client, .assertion(assertion))
        } catch {
            throw .invalidClient(error)
        }
    }

    /// What an `Authorization: Basic` field says (RFC 7617 section 2), both parts encoded as in a form. Nil for another
    /// scheme and for everything that is not well formed.
    private static func basic(_ value: [UInt8]) -> (id: String, secret: String)? {
        let bytes = value.span
        guard value.count > 6, bytes.extracting(first: 5).equalsIgnoringCase("basic"), value[5] == ASCII.space else {
            return nil
        }
        let start = value.dropFirst(6).firstIndex { $0 != ASCII.space } ?? value.count
        guard let decoded = Base64.decode(bytes.extracting(start..<value.count)),
            let colon = decoded.firstIndex(of: ASCII.colon)
        else { return nil }
        guard let id = FormEncoding.decode(decoded.span.extracting(first: colon)), !id.isEmpty,
            let secret = FormEncoding.decode(decoded.span.extracting((colon + 1)..<decoded.count))
        else { return nil }
        return (id, secret)
    }
}

/// How a client authenticates, by the registered names (RFC 8414 section 2).
enum AuthenticationMethod: CaseIterable, Sendable {
    case basic
    case post
    case privateKey
    case certificate
    case selfSigned

    var name: StaticString {
        switch self {
        case .basic: "client_secret_basic"
        case .post: "client_secret_post"
        case .privateKey: "private_key_jwt"
        case .certificate: "tls_client_auth"
        case .selfSigned: "self_signed_tls_client_auth"
        }
    }
}
