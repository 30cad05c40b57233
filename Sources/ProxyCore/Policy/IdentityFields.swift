/// Renders the fields by which the upstream learns who calls, and knows which names are reserved for them.
///
/// Immutable; every worker may hold the same one.
package struct IdentityFields: Sendable {
    private let subjectName: [UInt8]
    private let clientIDName: [UInt8]
    private let issuerName: [UInt8]
    private let scopesName: [UInt8]
    private let claimFields: [(name: [UInt8], claim: ClaimPath)]
    private let foldedPrefix: [UInt8]
    private let foldedNames: [[UInt8]]

    /// All lines of one caller together, in bytes: what a token can hold, once.
    package static let linesMax = 16_384

    package init(_ options: IdentityOptions) throws(IdentityOptionsError) {
        let prefix = Array(options.prefix.utf8)
        guard Self.isValidPrefix(prefix) else { throw .invalidPrefix }
        subjectName = prefix + Array("Subject".utf8)
        clientIDName = prefix + Array("Client-Id".utf8)
        issuerName = prefix + Array("Issuer".utf8)
        scopesName = prefix + Array("Scopes".utf8)
        foldedPrefix = prefix.map(FieldNameFolding.folded)
        var names = [subjectName, clientIDName, issuerName, scopesName].map { $0.map(FieldNameFolding.folded) }
        for (index, field) in options.claims.enumerated() {
            let name = Array(field.name.utf8)
            guard Self.isValidName(name) else { throw .invalidName(index) }
            let folded = name.map(FieldNameFolding.folded)
            guard !names.contains(folded) else { throw .duplicateName(index) }
            names.append(folded)
        }
        foldedNames = names
        claimFields = options.claims.map { (name: Array($0.name.utf8), claim: $0.claim) }
    }

    /// True for a name that an application might take for one of ours: it is one, or begins with the prefix, once
    /// letter case and separators are folded. Fields and trailers with such names are not forwarded.
    package func isReserved(_ name: Span<UInt8>) -> Bool {
        if FieldNameFolding.begins(name, with: foldedPrefix.span) { return true }
        for index in foldedNames.indices {
            let reserved = foldedNames[index]
            if FieldNameFolding.same(name, reserved.span) { return true }
        }
        return false
    }

    /// The field lines for the holder of a token, each ending with CRLF.
    ///
    /// Throws `invalidClaims` when a value cannot stand in a field as it is: a field that is cut, cleaned or left out
    /// would tell the upstream something else than the token says.
    func lines(for token: VerifiedToken, issuer: String) throws(TokenError) -> [UInt8] {
        var lines: [UInt8] = []
        if let subject = token.subject { try Self.append(subjectName, subject, to: &lines) }
        if let clientID = token.clientID { try Self.append(clientIDName, clientID, to: &lines) }
        try Self.append(issuerName, Array(issuer.utf8), to: &lines)
        try Self.append(scopesName, Array(token.scopes.joined(separator: [ASCII.space])), to: &lines)
        for field in claimFields {
            guard let claim = field.claim.value(in: token.claims.root), claim.kind != .null else { continue }
            try Self.append(field.name, try Self.text(of: claim, in: token.claims), to: &lines)
        }
        return lines
    }

    private static func append(_ name: [UInt8], _ value: [UInt8], to lines: inout [UInt8]) throws(TokenError) {
        guard isFieldValue(value), lines.count + name.count + value.count + 4 <= linesMax else { throw .invalidClaims }
        lines += name
        lines += [ASCII.colon, ASCII.space]
        lines += value
        lines += [ASCII.carriageReturn, ASCII.lineFeed]
    }

    /// `field-value` of RFC 9110 section 5.5 without tabs: no controls, no space at the ends. UTF-8 passes as obs-text.
    private static func isFieldValue(_ value: [UInt8]) -> Bool {
        value.first != ASCII.space && value.last != ASCII.space && !value.contains(where: ASCII.isControl)
    }

    /// A scalar's text, or those of an array's elements with commas between them.
    private static func text(of claim: JSONValue, in document: JSONDocument) throws(TokenError) -> [UInt8] {
        guard claim.kind == .array else { return try scalarText(of: claim, in: document) }
        var text: [UInt8] = []
        for (index, element) in claim.elements.enumerated() {
            let part = try scalarText(of: element, in: document)
            // One element that holds a comma would read as two; an empty or padded one may vanish in a list.
            guard !part.isEmpty, isFieldValue(part), !part.contains(ASCII.comma) else { throw .invalidClaims }
            if index > 0 { text.append(ASCII.comma) }
            text += part
        }
        return text
    }

    private static func scalarText(of claim: JSONValue, in document: JSONDocument) throws(TokenError) -> [UInt8] {
        switch claim.kind {
        case .string: return claim.stringBytes ?? []
        case .bool, .number: return document.bytes.span.slice(claim.range).copied()
        case .object, .array, .null: throw .invalidClaims
        }
    }

    private static func isValidPrefix(_ prefix: [UInt8]) -> Bool {
        prefix.count >= 2 && prefix.last == ASCII.hyphen && prefix.allSatisfy(isNameByte)
            && !indispensable.contains { FieldNameFolding.begins($0.bytes, with: prefix.span) }
    }

    /// Fields with the hyphened names that HTTP, applications and this proxy cannot do without: a prefix that covers
    /// one of them would take it away from every request.
    private static let indispensable: [StaticString] = [
        "accept-encoding", "access-control-request-method", "cache-control", "content-type", "if-match",
        "last-event-id", "proxy-authorization", "sec-websocket-key", "set-cookie", "transfer-encoding", "user-agent",
        "www-authenticate", "x-forwarded-for", "x-request-id",
    ]

    private static func isNameByte(_ byte: UInt8) -> Bool {
        ASCII.isLetter(byte) || ASCII.isDigit(byte) || byte == ASCII.hyphen
    }

    /// A token that no part of HTTP or of the proxy gives a meaning.
    private static func isValidName(_ name: [UInt8]) -> Bool {
        !name.isEmpty && name.allSatisfy(ASCII.isTokenCharacter) && FieldName(name.span) == .other
    }
}
