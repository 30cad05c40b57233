/// What a service of our own answers. A plain value; the connection adds `Date`, `Content-Length` and `Connection`.
package struct ServiceResponse: Sendable, Equatable {
    package struct Field: Sendable, Equatable {
        package let name: String
        package let value: String

        /// Control characters in `value` become spaces: whatever it was made from, it stays one line.
        package init(_ name: StaticString, _ value: String) {
            self.name = name.description
            // Nearly none has any.
            guard value.utf8.contains(where: ASCII.isControl) else {
                self.value = value
                return
            }
            self.value = String(decoding: value.utf8.map { ASCII.isControl($0) ? ASCII.space : $0 }, as: UTF8.self)
        }
    }

    /// 200...599.
    package let status: Int
    package let fields: [Field]
    /// The content of the answer to GET; what answers HEAD leaves it out.
    package let body: [UInt8]

    package init(status: Int, fields: [Field] = [], body: [UInt8] = []) {
        precondition(200...599 ~= status)
        self.status = status
        self.fields = fields
        self.body = body
    }

    /// An answer whose content is the JSON that `write` writes.
    package static func json(
        status: Int = 200, fields: [Field] = [], _ write: (inout JSONWriter) -> Void
    ) -> ServiceResponse {
        document("application/json", status, fields, write)
    }

    /// An answer that only says what its status says (RFC 9457 section 4.2.1).
    package static func problem(_ status: Int, fields: [Field] = []) -> ServiceResponse {
        document("application/problem+json", status, fields) { json in
            json.beginObject()
            json.key("type")
            json.string("about:blank")
            json.key("title")
            json.string(StatusCode.reason(status))
            json.key("status")
            json.number(status)
            json.endObject()
        }
    }

    /// 405; `allow` lists the methods that the resource has.
    package static func methodNotAllowed(allow: String) -> ServiceResponse {
        problem(405, fields: [Field("Allow", allow)])
    }

    /// The value of the field named `name`, for whoever looks at an answer in process.
    package func value(of name: String) -> String? {
        let wanted = Array(name.utf8)
        for field in fields {
            let bytes = Array(field.name.utf8)
            if bytes.span.equalsIgnoringCase(wanted.span) { return field.value }
        }
        return nil
    }

    private static let bodyBytesUsual = 1024

    private static func document(
        _ type: String, _ status: Int, _ fields: [Field], _ write: (inout JSONWriter) -> Void
    ) -> ServiceResponse {
        var writer = JSONWriter(capacity: bodyBytesUsual)
        write(&writer)
        // The line feed is for those who look at it in a terminal.
        writer.endLine()
        return ServiceResponse(status: status, fields: [Field("Content-Type", type)] + fields, body: writer.bytes)
    }
}
