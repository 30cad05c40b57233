/// Asks a token endpoint for a token, if need be after the issuer's metadata: one request on a connection of its own,
/// for a thread that may wait. Credentials are read for each attempt, so that those which have changed count.
package struct TokenFetch: Sendable {
    private let client: TokenClient
    private var found: (endpoint: KeyLocation, freshUntil: Instant)?

    /// How long metadata is kept. A failure forgets it at once: the endpoint may have moved.
    private static let metadataLifetime = Interval.seconds(600)
    /// Far more than a token and its error messages take.
    private static let answerBytesMax = 65_536

    package init(_ client: TokenClient) { self.client = client }

    /// Takes no longer than an attempt may and `patience` allows.
    package mutating func run(_ patience: Patience) throws(TokenFailure) -> TokenAnswer {
        let patience = patience.atMost(client.fetchTimeout)
        do throws(TokenFailure) {
            let identity = try client.proof.identity()
            let trust = KeyTrust(client.access, identity: identity)
            let endpoint = try endpoint(trust, patience)
            let request = try request(to: endpoint)
            return try ask(endpoint, request, trust, patience)
        } catch {
            found = nil
            if case .exchange(.cancelled) = error { throw .cancelled }
            throw error
        }
    }

    // MARK: - Where to ask

    private mutating func endpoint(
        _ trust: KeyTrust, _ patience: Patience
    ) throws(TokenFailure) -> KeyLocation {
        let discovery: KeyDiscovery
        switch client.endpoint {
        case .address(let location): return location
        case .discovery(let issuer): discovery = issuer
        }
        if let found, Clock.monotonic() < found.freshUntil { return found.endpoint }
        let endpoint: KeyLocation
        do throws(KeyFetchFailure) {
            let metadata = try MetadataFetch(discovery, client.access, trust).run(patience)
            let isBound = if case .certificate = client.proof { true } else { false }
            endpoint = try metadata.read { (document) throws(MetadataProblem) in
                try discovery.tokenEndpoint(in: document, forCertificate: isBound)
            }
        } catch {
            throw .exchange(error)
        }
        found = (endpoint, Clock.monotonic().advanced(by: Self.metadataLifetime))
        return endpoint
    }

    // MARK: - What to ask

    private struct Request {
        let authorization: [UInt8]?
        let content: [UInt8]
    }

    /// The request of RFC 6749 section 4.4.2.
    private func request(to endpoint: KeyLocation) throws(TokenFailure) -> Request {
        var form = FormContent()
        form.append("grant_type", "client_credentials")
        var authorization: [UInt8]?
        switch client.proof {
        case .secretBasic(let place): authorization = Self.basic(client.id, try place.read())
        case .secretPost(let place):
            form.append("client_id", client.id)
            form.append("client_secret", try place.read())
        case .privateKeyJWT(let file, let keyID):
            let proof = try SignedProof.make(
                client: client.id, audience: endpoint.origin + endpoint.target, file: file, keyID: keyID,
                now: Clock.unixTime())
            form.append("client_id", client.id)
            form.append("client_assertion_type", SignedProof.kind)
            form.append("client_assertion", proof)
        case .certificate: form.append("client_id", client.id)
        }
        if !client.scopes.isEmpty { form.append("scope", client.scopes.joined(separator: " ")) }
        if let audience = client.audience { form.append("audience", audience) }
        for resource in client.resources { form.append("resource", resource) }
        return Request(authorization: authorization, content: form.bytes)
    }

    /// Both parts encoded as in a form before they are joined (RFC 6749 section 2.3.1). A space as `%20`, which means
    /// the same in a form, and which servers understand that undo no more than percent-encoding here.
    private static func basic(_ id: String, _ secret: String) -> [UInt8] {
        let form = FormContent.encode(id) + [ASCII.colon] + FormContent.encode(secret)
        let pair = form.flatMap { byte -> [UInt8] in byte == ASCII.plus ? Array("%20".utf8) : [byte] }
        return Array("Authorization: Basic ".utf8) + Base64.encode(pair.span) + Array("\r\n".utf8)
    }

    private func write(
        _ request: Request, to endpoint: KeyLocation, by forwarder: ForwardProxy?, _ buffer: ByteBuffer
    ) {
        let origin = forwarder == nil ? "" : endpoint.origin
        let proxyAuthorization = forwarder?.authorization.map { "Proxy-Authorization: \($0)\r\n" } ?? ""
        let head = Array(
            """
            POST \(origin)\(endpoint.target) HTTP/1.1\r
            Host: \(endpoint.authority)\r
            Content-Type: application/x-www-form-urlencoded\r
            Content-Length: \(request.content.count)\r
            Accept: application/json\r
            Accept-Encoding: identity\r
            User-Agent: \(client.access.userAgent)\r
            \(proxyAuthorization)Connection: close\r\n
            """.utf8)
        let bytes = head + (request.authorization ?? []) + Array("\r\n".utf8) + request.content
        buffer.append(bytes.span)
    }

    // MARK: - Asking

    private func ask(
        _ endpoint: KeyLocation, _ request: Request, _ trust: KeyTrust, _ patience: Patience
    ) throws(TokenFailure) -> TokenAnswer {
        let (status, body) = try exchange(endpoint, request, trust, patience)
        guard status == 200 else { throw TokenAnswer.failure(status: status, body: body) }
        do throws(TokenAnswerProblem) { return try TokenAnswer(parsing: body) } catch { throw .malformed(error) }
    }

    /// Sends the request and reads the whole response. Redirects are not followed: credentials go nowhere but to the
    /// address that the configuration or the issuer names.
    private func exchange(
        _ endpoint: KeyLocation, _ request: Request, _ trust: KeyTrust, _ patience: Patience
    ) throws(TokenFailure) -> (status: Int, body: [UInt8]) {
        do throws(KeyFetchFailure) {
            let transport = try KeyTransport.connect(to: endpoint, client.access, trust, patience)
            let buffer = ByteBuffer(capacity: max(65_536, request.content.count + 32_768))
            write(request, to: endpoint, by: transport.forwarder, buffer)
            try transport.send(from: buffer, patience)
            let head = try KeyResponse.readHead(to: .post, transport, buffer, patience)
            if head.status == 407, transport.forwarder != nil { throw .proxy(.status(407)) }
            guard !head.isEncoded else { throw .contentEncoding }
            let body = try KeyResponse.readBody(head.framing, transport, buffer, patience)
            transport.sayGoodbye()
            guard body.count <= Self.answerBytesMax else { throw .tooLarge }
            return (head.status, body)
        } catch {
            throw .exchange(error)
        }
    }
}
