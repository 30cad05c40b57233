/// A request method (RFC 9110 section 9), case-sensitive: `get` is `.other`, as is every method without a case here.
///
/// The bytes that were sent are in `RequestHead.methodRange`.
package enum Method: UInt8, Sendable, CaseIterable {
    case get
    case head
    case post
    case put
    case delete
    case patch
    case options
    case connect
    case trace
    case other

    /// The method with this name.
    package init(_ name: Span<UInt8>) {
        self = switch name.count {
        case 3 where name.equals("GET"): .get
        case 3 where name.equals("PUT"): .put
        case 4 where name.equals("HEAD"): .head
        case 4 where name.equals("POST"): .post
        case 5 where name.equals("PATCH"): .patch
        case 5 where name.equals("TRACE"): .trace
        case 6 where name.equals("DELETE"): .delete
        case 7 where name.equals("OPTIONS"): .options
        case 7 where name.equals("CONNECT"): .connect
        case _: .other
        }
    }

    /// The method's name; empty for `.other`, whose name is only in the head.
    package var name: StaticString {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .delete: "DELETE"
        case .patch: "PATCH"
        case .options: "OPTIONS"
        case .connect: "CONNECT"
        case .trace: "TRACE"
        case .other: ""
        }
    }

    /// True when sending the request twice is defined to mean the same as sending it once (RFC 9110 section 9.2.2).
    package var isIdempotent: Bool {
        switch self {
        case .get, .head, .put, .delete, .options, .trace: true
        case .post, .patch, .connect, .other: false
        }
    }
}
