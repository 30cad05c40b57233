/// Fetches a document of an issuer over HTTP/1.1: one request on a connection of its own, and one more for each
/// redirect, for a thread that may wait.
package struct KeyFetch {
    /// What a server gave: bytes that nobody has looked at yet.
    package struct Document: Sendable, Equatable {
        package let bytes: [UInt8]
        package let freshness: Freshness
    }

    /// What the document is to be.
    package enum Kind: Sendable {
        case keySet
        case metadata

        var accept: StaticString {
            switch self {
            case .keySet: "application/jwk-set+json, application/json"
            case .metadata: "application/json"
            }
        }
    }

    private let location: KeyLocation
    private let kind: Kind
    private let access: KeyAccess
    private let trust: KeyTrust

    private static let redirectsMax = 5

    package init(_ kind: Kind, from location: KeyLocation, _ access: KeyAccess) {
        self.init(kind, from: location, access, trust: KeyTrust(access))
    }

    init(_ kind: Kind, from location: KeyLocation, _ access: KeyAccess, trust: KeyTrust) {
        self.location = location
        self.kind = kind
        self.access = access
        self.trust = trust
    }

    /// `patience` bounds all of it, from the look-up of the name to the last byte, redirects included.
    package func run(_ patience: Patience) throws(KeyFetchFailure) -> Document {
        var current = location
        for _ in 0...Self.redirectsMax {
            switch try ask(current, patience) {
            case .document(let document): return document
            case .redirect(let reference): current = try Self.follow(reference, from: current)
            }
        }
        throw .redirect(.tooMany)
    }

    private enum Answer {
        case document(Document)
        case redirect(String)
    }

    private func ask(_ location: KeyLocation, _ patience: Patience) throws(KeyFetchFailure) -> Answer {
        let transport = try KeyTransport.connect(to: location, access, trust, patience)
        let buffer = ByteBuffer(capacity: 65_536)
        writeRequest(for: location, by: transport.forwarder, to: buffer)
        try transport.send(from: buffer, patience)
        let head = try KeyResponse.readHead(to: .get, transport, buffer, patience)
        if [301, 302, 303, 307, 308].contains(head.status) {
            guard let reference = head.location else { throw .redirect(.noTarget) }
            return .redirect(reference)
        }
        if head.status == 407, transport.forwarder != nil { throw .proxy(.status(407)) }
        guard head.status == 200 else { throw .status(head.status) }
        guard !head.isEncoded else { throw .contentEncoding }
        let bytes = try KeyResponse.readBody(head.framing, transport, buffer, patience)
        transport.sayGoodbye()
        return .document(Document(bytes: bytes, freshness: head.freshness))
    }

    private static func follow(_ reference: String, from location: KeyLocation) throws(KeyFetchFailure) -> KeyLocation {
        guard let target = try? location.resolving(reference) else { throw .redirect(.malformedTarget) }
        if location.mayRedirect(to: target) { return target }
        let isDowngrade = location.host == target.host && location.scheme == .https && target.scheme == .http
        throw .redirect(isDowngrade ? .fromHTTPSToHTTP : .elsewhere(origin: target.origin))
    }

    /// - Parameter forwarder: the proxy that is asked to make the request in our place (RFC 9112 section 3.2.2).
    private func writeRequest(for location: KeyLocation, by forwarder: ForwardProxy?, to buffer: ByteBuffer) {
        let origin = forwarder == nil ? "" : location.origin
        let authorization = forwarder?.authorization.map { "Proxy-Authorization: \($0)\r\n" } ?? ""
        let request: [UInt8] = Array(
            """
            GET \(origin)\(location.target) HTTP/1.1\r
            Host: \(location.authority)\r
            Accept: \(kind.accept)\r
            Accept-Encoding: identity\r
            User-Agent: \(access.userAgent)\r
            \(authorization)Connection: close\r
            \r\n
            """.utf8)
        buffer.append(request.span)
    }
}
