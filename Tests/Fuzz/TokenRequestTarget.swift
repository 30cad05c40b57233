import Foundation
import ProxyCore

/// The content of requests to the token endpoint. The parameters are those that a plain reader finds; they survive
/// being written anew; none is there twice; and nobody gets a token without its secret, or one for more than it may
/// have.
final class TokenRequestTarget: FuzzTarget {
    enum Form: String {
        case form = "application/x-www-form-urlencoded"
        case json = "application/json"
    }

    private static let secret = "right-secret"
    private static let scopes = ["a:read", "a:write"]
    private static let audiences = ["https://api.test", "https://other.test/v1"]
    private static let now = UnixTime(1_800_000_000)

    private let form: Form
    private let server: AuthorizationServer

    init(_ form: Form) {
        self.form = form
        let client = RegisteredClient(
            id: "daemon", secret: ClientSecret(hashing: Self.secret), scopes: Self.scopes, audiences: Self.audiences)
        server = AuthorizationServer(
            issuer: "https://auth.test", clients: [client], keys: [SigningKey(.generate(.p256), .es256)])
    }

    func run(_ input: Span<UInt8>) {
        let body = input.copied()
        switch (form, Self.read(body, form)) {
        case (.form, .success(let parameters)): checkForm(body, parameters)
        case (.json, .success(let parameters)): checkJSON(body, parameters)
        case (.form, .failure(let error)): PlainForm(body).checkRefusal(error)
        case (.json, .failure(let error)): require(error == .malformedJSON, "JSON is malformed or good")
        }
        let parameters = try? Self.read(body, form).get()
        checkAnswer(body, parameters, isAuthenticated: false)
        checkAnswer(body, parameters, isAuthenticated: true)
    }

    // MARK: - Parameters

    private static func read(_ body: [UInt8], _ form: Form) -> Result<TokenRequestParameters, TokenRequestError> {
        let fields = [(name: "Content-Type", value: form.rawValue)]
        return Result { () throws(TokenRequestError) in
            try TokenRequestParameters(ServiceRequest(.post, "/oauth/token", fields: fields, body: body))
        }
    }

    private func checkForm(_ body: [UInt8], _ parameters: TokenRequestParameters) {
        PlainForm(body).check(parameters)
        checkWritten(parameters)
        require(parameters.values.count + parameters.resources.count <= TokenRequestParameters.countMax, "bounded")
        guard PlainForm(body).pairs?.contains(where: { $0.name != "resource" }) == true else { return }
        let twice = Self.read(body + [0x26] + body, .form)
        require(twice == .failure(.repeatedParameter) || twice == .failure(.tooManyParameters), "nothing twice")
    }

    private func checkJSON(_ body: [UInt8], _ parameters: TokenRequestParameters) {
        guard let root = (try? JSONSerialization.jsonObject(with: Data(body))) as? [String: Any] else {
            fatalError("broken: parameters that are no object to Foundation")
        }
        for (name, value) in parameters.values.map({ ($0.name, $0.value) }) {
            // Foundation drops a byte order mark at the beginning of a string, and takes equivalent names for one.
            if name.unicodeScalars.contains(where: { !$0.isASCII }) { continue }
            guard let other = root[name] as? String else { fatalError("broken: \(name) is no string to Foundation") }
            require(other == value || value.contains("\u{FEFF}"), "Foundation reads another \(name)")
        }
        if let grant = root["grant_type"] as? String, !grant.isEmpty {
            require(parameters["grant_type"] != nil, "no parameter is lost")
        }
        checkWritten(parameters)
        // The same members once more: each of them is there twice.
        guard !root.isEmpty, let open = body.firstIndex(of: 0x7B), let close = body.lastIndex(of: 0x7D) else { return }
        let members = Array(body[(open + 1)..<close])
        let twice = Self.read([0x7B] + members + [0x2C] + members + [0x7D], .json)
        require(twice == .failure(.malformedJSON), "no member twice")
    }

    /// What our own clients would send for these parameters, in both forms, is read as the same.
    private func checkWritten(_ parameters: TokenRequestParameters) {
        let texts = parameters.values.flatMap { [$0.name, $0.value] } + parameters.resources
        require(texts.allSatisfy { !$0.isEmpty || form == .json }, "an empty parameter is left out")
        require(parameters.resources.allSatisfy { !$0.utf8.contains(where: ASCII.isControl) }, "no control characters")
        require(parameters.values.allSatisfy { !$0.value.utf8.contains(where: ASCII.isControl) }, "nor there")
        var pairs = parameters.values.map { FormContent.encode($0.name) + [0x3D] + FormContent.encode($0.value) }
        pairs += parameters.resources.map { Array("resource=".utf8) + FormContent.encode($0) }
        let names = parameters.values.map(\.name)
        let isWritable = names.allSatisfy { !$0.isEmpty && !$0.utf8.contains(where: ASCII.isControl) }
        if pairs.count <= TokenRequestParameters.countMax, isWritable {
            let again = Self.read(Array(pairs.joined(separator: [0x26])), .form)
            require((try? again.get()) == parameters, "a form survives being written anew")
        }
        var json = JSONWriter()
        json.beginObject()
        for parameter in parameters.values {
            json.key(parameter.name)
            json.string(parameter.value)
        }
        json.key("resource")
        json.beginArray()
        for resource in parameters.resources { json.string(resource) }
        json.endArray()
        json.endObject()
        guard parameters.values.count + parameters.resources.count <= 250 else { return }
        require((try? Self.read(json.bytes, .json).get()) == parameters, "so does JSON")
    }

    // MARK: - Answers

    private func checkAnswer(_ body: [UInt8], _ parameters: TokenRequestParameters?, isAuthenticated: Bool) {
        var fields = [(name: "Content-Type", value: form.rawValue)]
        if isAuthenticated {
            let basic = Data("daemon:\(Self.secret)".utf8).base64EncodedString()
            fields.append((name: "Authorization", value: "Basic \(basic)"))
        }
        let answer = server.answer(ServiceRequest(.post, "/oauth/token", fields: fields, body: body), now: Self.now)
        guard let root = try? JSONDocument(parsing: answer.body).root else { fatalError("broken: no JSON") }
        require(answer.value(of: "Cache-Control") == "no-store", "nothing is stored")
        guard answer.status == 200 else {
            require([400, 401].contains(answer.status), "a refusal, not \(answer.status)")
            require(!isAuthenticated || answer.status == 400 || parameters == nil, "its client is known")
            return require(root["error"]?.string?.isEmpty == false && root["access_token"] == nil, "a refusal says why")
        }
        guard let parameters else { fatalError("broken: a token for a request that cannot be read") }
        require(parameters["grant_type"] == "client_credentials", "one grant")
        let (id, secret) = (parameters["client_id"], parameters["client_secret"])
        require(id == "daemon" || isAuthenticated && id == nil, "a client")
        require(secret == (isAuthenticated ? nil : Self.secret), "no token without the secret")
        checkToken(answer, parameters)
    }

    private func checkToken(_ answer: ServiceResponse, _ parameters: TokenRequestParameters) {
        guard let token = try? TokenAnswer(parsing: answer.body) else {
            fatalError("broken: our own egress does not take the answer")
        }
        let granted = token.scope?.split(separator: " ").map(String.init) ?? []
        let asked = parameters["scope"]?.split(separator: " ").map(String.init) ?? Self.scopes
        require(Set(granted) == Set(asked) && Set(granted).isSubset(of: Self.scopes), "its scopes, and no other")
        let parts = token.token.split(separator: 0x2E)
        guard parts.count == 3, let payload = Base64URL.decode(Array(parts[1]).span),
            let claims = try? JSONDocument(parsing: payload).root, let audience = claims["aud"]
        else { fatalError("broken: a token that is none") }
        let audiences = audience.string.map { [$0] } ?? audience.elements.compactMap(\.string)
        let wanted = ([parameters["audience"]].compactMap { $0 }) + parameters.resources
        require(Set(audiences) == Set(wanted.isEmpty ? [Self.audiences[0]] : wanted), "for whom it asked")
        let names = Self.audiences.map { Array($0.utf8) }
        require(audiences.allSatisfy { names.contains(Array($0.utf8)) }, "spelt as the client has them")
        require(Set(audiences).isSubset(of: Self.audiences) && Set(audiences).count == audiences.count, "its audiences")
        require(claims["client_id"]?.string == "daemon" && claims["sub"]?.string == "daemon", "to the client")
    }
}

/// A form as a plain reader finds it, which knows none of our code.
private struct PlainForm {
    /// nil when one of them is malformed.
    let pairs: [(name: String, value: String)]?

    init(_ body: [UInt8]) {
        var pairs: [(name: String, value: String)]? = []
        for part in body.split(separator: 0x26) {
            let halves = part.split(separator: 0x3D, maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Self.text(halves[0]), !name.isEmpty, let value = Self.text(halves.dropFirst().first ?? [])
            else {
                pairs = nil
                break
            }
            pairs?.append((name, value))
        }
        self.pairs = pairs
    }

    private static func text(_ encoded: ArraySlice<UInt8>) -> String? {
        guard encoded.allSatisfy({ 0x21...0x7E ~= $0 }) else { return nil }
        // Not by removingPercentEncoding, which takes what is no UTF-8.
        let parts = String(decoding: encoded, as: UTF8.self).split(separator: "%", omittingEmptySubsequences: false)
        var octets = Array(parts[0].replacing("+", with: " ").utf8)
        for part in parts.dropFirst() {
            let digits = part.prefix(2)
            guard digits.utf8.count == 2, digits.allSatisfy(\.isHexDigit), let octet = UInt8(digits, radix: 16) else {
                return nil
            }
            octets.append(octet)
            octets += part.dropFirst(2).replacing("+", with: " ").utf8
        }
        guard let text = String(validating: octets, as: UTF8.self) else { return nil }
        return text.unicodeScalars.contains(where: Self.isControl) ? nil : text
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool { scalar.value < 0x20 || scalar.value == 0x7F }

    func check(_ parameters: TokenRequestParameters) {
        guard let pairs else { fatalError("broken: a malformed form is read") }
        let ours = pairs.filter { !$0.value.isEmpty }
        require(ours.filter { $0.name == "resource" }.map(\.value) == parameters.resources, "each resource, in order")
        let single = pairs.map(\.name).filter { $0 != "resource" }
        require(Set(single).count == single.count, "no parameter twice")
        let values = ours.filter { $0.name != "resource" }.flatMap { [$0.name, $0.value] }
        require(values == parameters.values.flatMap { [$0.name, $0.value] }, "each parameter, in order")
    }

    func checkRefusal(_ error: TokenRequestError) {
        switch error {
        case .malformedForm: require(pairs == nil, "a good form is read")
        case .tooManyParameters: require(pairs.map { $0.count > 64 } ?? true, "few parameters are read")
        case .repeatedParameter:
            let names = pairs?.map(\.name).filter { $0 != "resource" }
            require(names.map { Set($0).count < $0.count } ?? true, "different parameters are read")
        case _: fatalError("broken: a form that is \(error)")
        }
    }
}
