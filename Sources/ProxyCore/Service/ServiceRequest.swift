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
    /// As it was sent: begins with a slash, nothing decoded.
    package let path: [UInt8]
    /// What follows the question mark; nil when there is none.
    package let query: [UInt8]?
    /// In the order in which they came.
    package let fields: [Field]
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
        self.path = Array(path.utf8)
        self.query = query.map { Array($0.utf8) }
        self.fields = fields.map { field in
            let name = Array(field.name.utf8)
            return Field(name: name, value: Array(field.value.utf8), id: FieldName(name.span))
        }
        self.body = body
    }

    /// The request whose head was just parsed from `bytes`, still without its body.
    init(_ head: borrowing RequestHead, in bytes: Span<UInt8>) {
        method = head.method
        path = bytes.slice(head.path).copied()
        if let range = head.query { query = bytes.slice(range).copied() } else { query = nil }
        var fields: [Field] = []
        for index in 0..<head.fields.count {
            let field = head.fields[index]
            fields.append(
                Field(name: bytes.slice(field.name).copied(), value: bytes.slice(field.value).copied(), id: field.id))
        }
        self.fields = fields
        body = []
    }

    package func content(of id: FieldName) -> FieldContent {
        var found = FieldContent.none
        for field in fields where field.id == id {
            guard found == .none else { return .several }
            found = .one(field.value)
        }
        return found
    }

    /// The type and subtype of the content in lower case, without parameters (RFC 9110 section 8.3.1); nil when the
    /// request does not say exactly one.
    package var mediaType: String? {
        guard case .one(let value) = content(of: .contentType) else { return nil }
        let type = value.prefix { $0 != ASCII.semicolon && !FieldValue.isWhitespace($0) }
        return String(decoding: type.map(ASCII.lowercased), as: UTF8.self)
    }
}
