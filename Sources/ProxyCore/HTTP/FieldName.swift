/// The field names that an HTTP program has to know, recognised while a head is parsed; all the rest are `.other`.
///
/// Names are compared without regard to case (RFC 9110 section 5.1).
package enum FieldName: UInt8, Sendable, CaseIterable, BitwiseCopyable {
    case other
    case accept
    case age
    case authorization
    case cacheControl
    case connection
    case contentLength
    case contentType
    case cookie
    case date
    case expect
    case forwarded
    case host
    case http2Settings
    case keepAlive
    case location
    /// Makes many applications act on another path or method than those of the request: `X-Original-URL`,
    /// `X-Original-URI`, `X-Rewrite-URL`, `X-Envoy-Original-Path`, `X-HTTP-Method`, `X-HTTP-Method-Override`,
    /// `X-Method-Override` and `X-Script-Name`. Likewise `SCRIPT_NAME`, `PATH_INFO` and `REMOTE_USER`, just so: from
    /// loopback gunicorn takes these fields for the variables of CGI, so that its application sees another path.
    case override
    /// No field of HTTP, but CGI makes of it the variable `HTTP_PROXY`, which many clients obey ("httpoxy").
    case proxy
    case proxyAuthenticate
    case proxyAuthorization
    case proxyConnection
    case retryAfter
    case server
    case setCookie
    case te
    /// The trace that a request belongs to (W3C Trace Context).
    case traceparent
    case tracestate
    case trailer
    case transferEncoding
    case upgrade
    case via
    case wwwAuthenticate
    /// A spelling of `X-Forwarded-...`, `X-Real-IP`, `X-Request-Id` or a field of `override` with another separator in
    /// place of a hyphen, which many applications cannot tell from the hyphen.
    case xDisguised
    case xForwardedFor
    case xForwardedHost
    /// Any other name that begins with `X-Forwarded-`.
    case xForwardedOther
    case xForwardedProto
    case xRealIP
    case xRequestID

    /// The name spelled by `name`, which is a token.
    package init(_ name: Span<UInt8>) {
        self = switch name.count {
        case 2...7: FieldName.short(name)
        case 8...12: FieldName.medium(name)
        case 13...: FieldName.long(name)
        case _: .other
        }
    }

    private static func short(_ name: Span<UInt8>) -> FieldName {
        switch name.count {
        case 2 where name.equalsIgnoringCase("te"): .te
        case 3 where name.equalsIgnoringCase("age"): .age
        case 3 where name.equalsIgnoringCase("via"): .via
        case 4 where name.equalsIgnoringCase("host"): .host
        case 4 where name.equalsIgnoringCase("date"): .date
        case 5 where name.equalsIgnoringCase("proxy"): .proxy
        case 6 where name.equalsIgnoringCase("accept"): .accept
        case 6 where name.equalsIgnoringCase("cookie"): .cookie
        case 6 where name.equalsIgnoringCase("expect"): .expect
        case 6 where name.equalsIgnoringCase("server"): .server
        case 7 where name.equalsIgnoringCase("trailer"): .trailer
        case 7 where name.equalsIgnoringCase("upgrade"): .upgrade
        case _: .other
        }
    }

    private static func medium(_ name: Span<UInt8>) -> FieldName {
        switch name.count {
        case 8 where name.equalsIgnoringCase("location"): .location
        case 9 where name.equalsIgnoringCase("forwarded"): .forwarded
        case 9 where name.equalsIgnoringCase("x-real-ip"): .xRealIP
        case 9 where name.resembles("x-real-ip"): .xDisguised
        case 9 where name.equalsIgnoringCase("path_info"): .override
        case 10 where name.equalsIgnoringCase("connection"): .connection
        case 10 where name.equalsIgnoringCase("keep-alive"): .keepAlive
        case 10 where name.equalsIgnoringCase("set-cookie"): .setCookie
        case 10 where name.equalsIgnoringCase("tracestate"): .tracestate
        case 11 where name.equalsIgnoringCase("retry-after"): .retryAfter
        case 11 where name.equalsIgnoringCase("traceparent"): .traceparent
        case 11 where name.equalsIgnoringCase("script_name"): .override
        case 11 where name.equalsIgnoringCase("remote_user"): .override
        case 12 where name.equalsIgnoringCase("content-type"): .contentType
        case 12 where name.equalsIgnoringCase("x-request-id"): .xRequestID
        case 12 where name.resembles("x-request-id"): .xDisguised
        case _: .other
        }
    }

    private static func long(_ name: Span<UInt8>) -> FieldName {
        switch name.count {
        case 13 where name.equalsIgnoringCase("authorization"): .authorization
        case 13 where name.equalsIgnoringCase("cache-control"): .cacheControl
        case 14 where name.equalsIgnoringCase("content-length"): .contentLength
        case 14 where name.equalsIgnoringCase("http2-settings"): .http2Settings
        case 15 where name.equalsIgnoringCase("x-forwarded-for"): .xForwardedFor
        case 16 where name.equalsIgnoringCase("proxy-connection"): .proxyConnection
        case 16 where name.equalsIgnoringCase("www-authenticate"): .wwwAuthenticate
        case 16 where name.equalsIgnoringCase("x-forwarded-host"): .xForwardedHost
        case 17 where name.equalsIgnoringCase("transfer-encoding"): .transferEncoding
        case 17 where name.equalsIgnoringCase("x-forwarded-proto"): .xForwardedProto
        case 18 where name.equalsIgnoringCase("proxy-authenticate"): .proxyAuthenticate
        case 19 where name.equalsIgnoringCase("proxy-authorization"): .proxyAuthorization
        case _ where name.extracting(first: 12).equalsIgnoringCase("x-forwarded-"): .xForwardedOther
        case _ where name.extracting(first: 12).resembles("x-forwarded-"): .xDisguised
        case _ where isOverride(name): name.isHyphenated ? .override : .xDisguised
        case _: .other
        }
    }

    private static func isOverride(_ name: Span<UInt8>) -> Bool {
        switch name.count {
        case 13:
            name.resembles("x-rewrite-url") || name.resembles("x-http-method") || name.resembles("x-script-name")
        case 14: name.resembles("x-original-url") || name.resembles("x-original-uri")
        case 17: name.resembles("x-method-override")
        case 21: name.resembles("x-envoy-original-path")
        case 22: name.resembles("x-http-method-override")
        case _: false
        }
    }

    /// True when `name` is no framing field, but one to an application that takes another separator for the hyphen:
    /// `Content_Length`, `transfer.encoding` (CGI and its heirs fold names into variables).
    static func isDisguisedFraming(_ name: Span<UInt8>) -> Bool {
        switch name.count {
        case 14: name.resembles("content-length") && !name.equalsIgnoringCase("content-length")
        case 17: name.resembles("transfer-encoding") && !name.equalsIgnoringCase("transfer-encoding")
        case _: false
        }
    }

    /// True for the fields that concern one connection and not the message, so that a proxy never passes them on
    /// (RFC 9110 section 7.6.1). What else `Connection` names is hop-by-hop too.
    package var isHopByHop: Bool {
        switch self {
        case .connection, .http2Settings, .keepAlive, .proxyAuthenticate, .proxyAuthorization, .proxyConnection, .te,
            .transferEncoding, .upgrade:
            true
        case .accept, .age, .authorization, .cacheControl, .contentLength, .contentType, .cookie, .date, .expect,
            .forwarded, .host, .location, .other, .override, .proxy, .retryAfter, .server, .setCookie, .traceparent,
            .tracestate, .trailer, .via, .wwwAuthenticate, .xDisguised, .xForwardedFor, .xForwardedHost,
            .xForwardedOther, .xForwardedProto, .xRealIP, .xRequestID:
            false
        }
    }

    /// True for the fields that frame, route, authenticate or control a message and therefore come too late behind its
    /// body (RFC 9110 section 6.5.1).
    package var isForbiddenInTrailers: Bool {
        switch self {
        case .authorization, .cacheControl, .connection, .contentLength, .contentType, .cookie, .expect, .forwarded,
            .host, .http2Settings, .keepAlive, .location, .override, .proxy, .proxyAuthenticate, .proxyAuthorization,
            .proxyConnection, .setCookie, .te, .trailer, .transferEncoding, .upgrade, .wwwAuthenticate, .xDisguised,
            .xForwardedFor, .xForwardedHost, .xForwardedOther, .xForwardedProto, .xRealIP:
            true
        case .accept, .age, .date, .other, .retryAfter, .server, .traceparent, .tracestate, .via, .xRequestID: false
        }
    }
}

extension Span where Element == UInt8 {
    /// True when an application could take the bytes for the literal.
    fileprivate func resembles(_ name: StaticString) -> Bool { FieldNameFolding.same(self, name.bytes) }

    /// True when nothing but hyphens stands between letters and digits.
    fileprivate var isHyphenated: Bool {
        for index in indices where FieldNameFolding.folded(self[index]) == ASCII.hyphen {
            if self[index] != ASCII.hyphen { return false }
        }
        return true
    }
}
