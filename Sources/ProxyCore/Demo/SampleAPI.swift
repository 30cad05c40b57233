/// The application of the demo: an old service that knows nothing of tokens and does whatever it is asked. One thread.
///
/// Each answer tells which identity fields came with the request, so that one sees what the proxy makes of a token.
package final class SampleAPI {
    private var users = [User(uid: "1", name: "Ada Lovelace"), User(uid: "2", name: "Grace Hopper")]
    private var nextUID = 3

    private struct User {
        let uid: String
        let name: String
    }

    /// The oldest go when there are more: nobody keeps house in a demo.
    private static let usersMax = 100

    package init() {}

    package func answer(_ request: ServiceRequest) -> ServiceResponse {
        let path = String(decoding: request.path, as: UTF8.self)
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(String.init)
        switch parts.count {
        case 1 where parts == ["healthz"]: return read(request) { $0.write("status", "ok") }
        case 2 where parts == ["v2", "users"]: return answerUsers(request)
        case 3 where parts[..<2] == ["v2", "users"]: return answerUser(parts[2], request)
        case 3 where parts[..<2] == ["v2", "reports"]:
            return read(request) { json in
                json.write("tenant", parts[2])
                json.key("open_invoices")
                json.number(17)
            }
        case 2 where parts == ["v2", "events"]: return read(request) { $0.write("events", "none today") }
        case _: return .problem(404)
        }
    }

    private func answerUsers(_ request: ServiceRequest) -> ServiceResponse {
        guard request.method == .post else {
            return read(request, allow: "GET, HEAD, POST") { json in
                json.key("users")
                json.beginArray()
                for user in users {
                    json.beginObject()
                    Self.write(user, to: &json)
                    json.endObject()
                }
                json.endArray()
            }
        }
        guard let document = try? JSONDocument(parsing: request.body), let name = document.root["name"]?.string else {
            return .problem(400)
        }
        let user = User(uid: "\(nextUID)", name: name)
        nextUID += 1
        users.append(user)
        if users.count > Self.usersMax { users.removeFirst() }
        let location = ServiceResponse.Field("Location", "/v2/users/\(user.uid)")
        return describe(request, status: 201, fields: [location]) { Self.write(user, to: &$0) }
    }

    private func answerUser(_ uid: String, _ request: ServiceRequest) -> ServiceResponse {
        guard let index = users.firstIndex(where: { $0.uid == uid }) else { return .problem(404) }
        let user = users[index]
        guard request.method == .delete else {
            return read(request, allow: "GET, HEAD, DELETE") { Self.write(user, to: &$0) }
        }
        users.remove(at: index)
        return describe(request) { $0.write("deleted", uid) }
    }

    private func read(
        _ request: ServiceRequest, allow: String = "GET, HEAD", _ write: (inout JSONWriter) -> Void
    ) -> ServiceResponse {
        guard request.method == .get || request.method == .head else { return .methodNotAllowed(allow: allow) }
        return describe(request, write)
    }

    /// An answer with what `write` writes and, behind that, what was seen of the caller.
    private func describe(
        _ request: ServiceRequest, status: Int = 200, fields: [ServiceResponse.Field] = [],
        _ write: (inout JSONWriter) -> Void
    ) -> ServiceResponse {
        .json(status: status, fields: fields) { json in
            json.beginObject()
            write(&json)
            json.key("seen_by_upstream")
            json.beginObject()
            for field in request.fields where Self.tellsOfCaller(field) {
                json.key(String(decoding: field.name, as: UTF8.self))
                json.string(field.value.span)
            }
            json.endObject()
            json.endObject()
        }
    }

    private static func tellsOfCaller(_ field: ServiceRequest.Field) -> Bool {
        let name = field.name
        let isIdentity = name.count > 7 && name.span.extracting(first: 7).equalsIgnoringCase("x-auth-")
        return isIdentity || field.id == .authorization
    }

    private static func write(_ user: User, to json: inout JSONWriter) {
        json.write("uid", user.uid)
        json.write("name", user.name)
    }
}

extension JSONWriter {
    fileprivate mutating func write(_ name: StaticString, _ value: String) {
        key(name)
        string(value)
    }
}
