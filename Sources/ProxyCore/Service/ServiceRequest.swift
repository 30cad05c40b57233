/// One whole request to a service of our own: what its handler is given. A plain value.
package struct ServiceRequest: Sendable, Equatable {
    package struct Field: Sendable, Equatable {
        /// As it was sent; compared without regard to case.
        package let name: [UInt8]
        package let value: [UInt8]
        package let id: FieldName
    }

    /// How often a field occurs that should occur at most once.
    package enum FieldContent: Sendable, Equatable {
        case none
        case one([UInt8])
        case several
    }

    package let method: Method
    /// What the places below are in, in one piece: there are many of them.
    private let head: [UInt8]
    private let pathPlace: ByteRange
    private let queryPlace: ByteRange?
    private let fieldPlaces: [ProxyCore.Field]
    /// The content, freed from its framing.
    package internal(set) var body: [UInt8]
    /// Who is at the other end of the connection; nil for a request that was made here, or came by a Unix socket.
    package internal(set) var peer: IPAddress?
    /// What the caller has shown in the handshake of its connection; nil for nothing, and without TLS.
    package internal(set) var certificate: CallerCertificate?

    /// A request made here rather than received.
    package init(
        _ method: Method, _ path: String, query: String? = nil, fields: [(name: String, value: String)] = [],
        body: [UInt8] = [], peer: IPAddress? = nil, certificate: CallerCertificate? = nil
    ) {
        self.peer = peer
        self.certificate = certificate
        self.method = method
        self.body = body
        var head: [UInt8] = []
        func place(_ text: String) -> ByteRange {
            head += text.utf8
            return ByteRange(head.count - text.utf8.count, head.count)
        }
        pathPlace = place(path)
        queryPlace = query.map(place)
        let places = fields.map { (name: place($0.name), value: place($0.value)) }
        fieldPlaces = places.map { place in
            ProxyCore.Field(name: place.name, value: place.value, id: FieldName(head.span.slice(place.name)))
        }
        self.head = head
    }

    /// The request whose head is `bytes`, just parsed, still without its body.
    init(_ head: borrowing RequestHead, _ bytes: Span<UInt8>) {
        method = head.method
        self.head = bytes.copied()
        pathPlace = head.path
        queryPlace = head.query
        var places: [ProxyCore.Field] = []
        places.reserveCapacity(head.fields.count)
        for index in 0..<head.fields.count { places.append(head.fields[index]) }
        fieldPlaces = places
        body = []
    }

    /// As it was sent: begins with a slash, nothing decoded.
    package var path: [UInt8] { bytes(pathPlace) }

    /// What follows the question mark; nil when there is none.
    package var query: [UInt8]? { queryPlace.map(bytes) }

    /// In the order in which they came.
    package var fields: [Field] {
        fieldPlaces.map { Field(name: bytes($0.name), value: bytes($0.value), id: $0.id) }
    }

    package func content(of id: FieldName) -> FieldContent {
        var found: ByteRange?
        for field in fieldPlaces where field.id == id {
            guard found == nil else { return .several }
            found = field.value
        }
        return found.map { .one(bytes($0)) } ?? .none
    }

    private func bytes(_ place: ByteRange) -> [UInt8] { head.span.slice(place).copied() }

    /// The type and subtype of the content in lower case, without parameters (RFC 9110 section 8.3.1); nil when the
    /// request does not say exactly one.
    package var mediaType: String? {
        guard case .one(let value) = content(of: .contentType) else { return nil }
        let type = value.prefix { $0 != ASCII.semicolon && !FieldValue.isWhitespace($0) }
        return String(decoding: type.map(ASCII.lowercased), as: UTF8.self)
    }
}
