/// Which header fields a configuration may set, and with which values.
enum HeaderRules {
    /// The same for names that are alike to some upstream.
    static func folded(_ name: String) -> String {
        String(decoding: name.utf8.map(FieldNameFolding.folded), as: UTF8.self)
    }

    static func isToken(_ name: String) -> Bool {
        (1...256).contains(name.utf8.count) && name.utf8.allSatisfy(ASCII.isTokenCharacter)
    }

    /// Why `set_headers` cannot name this field, or nil.
    static func problem(settingOnUpstream name: String) -> String? {
        guard isToken(name) else { return "not a header's name" }
        let folded = folded(name)
        if folded == "host" { return "Host is governed by host_header" }
        if hopByHop.contains(folded) { return "this header belongs to one connection: the proxy sets it" }
        if proxyOwned.contains(folded) { return "the proxy sets this header itself" }
        return nil
    }

    /// Why a claim cannot be told to the upstream in this field, or nil.
    static func problem(carryingClaim name: String) -> String? {
        if let problem = problem(settingOnUpstream: name) { return problem }
        return endToEnd.contains(folded(name)) ? "this header has a meaning of its own" : nil
    }

    /// Why a field cannot have this value (RFC 9110 section 5.5), or nil.
    static func problem(withValue value: String) -> String? {
        let bytes = Array(value.utf8)
        guard bytes.allSatisfy({ $0 < ASCII.delete && ($0 >= ASCII.space || $0 == ASCII.tab) }) else {
            return "a header's value holds printable ASCII characters only"
        }
        func isWhitespace(_ byte: UInt8?) -> Bool { byte == ASCII.space || byte == ASCII.tab }
        if isWhitespace(bytes.first) || isWhitespace(bytes.last) {
            return "a header's value neither begins nor ends with white space"
        }
        return bytes.count > 8192 ? "a header's value is at most 8192 bytes long" : nil
    }

    /// Why an identity prefix cannot be this, or nil. Every field that a caller sends under it is removed.
    static func problem(withIdentityPrefix prefix: String) -> String? {
        let isName = prefix.utf8.allSatisfy { ASCII.isLetter($0) || ASCII.isDigit($0) || $0 == ASCII.hyphen }
        guard isName, prefix.utf8.last == ASCII.hyphen, (2...128).contains(prefix.utf8.count) else {
            return "must be letters, digits and hyphens, and end with a hyphen, like X-Auth-"
        }
        let folded = folded(prefix)
        let needed = hopByHop.union(proxyOwned).union(endToEnd).sorted()
        if let taken = needed.first(where: { $0.utf8.starts(with: folded.utf8) }) {
            return "\(taken) begins with this prefix, and all headers under the prefix are taken away from callers"
        }
        return nil
    }

    /// Reports `set_headers` that contradict other parts of the file.
    static func checkSetHeaders(_ upstream: ConfigurationValue?, against configuration: Configuration) {
        guard let upstream, upstream.json.kind == .object, let headers = upstream.json["set_headers"] else { return }
        // Options that are no good have been reported.
        let identity = try? IdentityFields(configuration.identityHeaders)
        for (key, _) in headers.members {
            let name = key.string ?? ""
            let value = ConfigurationValue(json: key, source: upstream.source)
            if identity?.isReserved(name.utf8.span) == true {
                value.report("is reserved for the identity headers, which carry verified facts only")
            } else if folded(name) == "authorization", configuration.forwardsToken {
                value.report("contradicts forward_token: the upstream would get two Authorization headers")
            }
        }
    }

    /// Fields of one connection, or that say where a message ends (RFC 9110 section 7.6.1, RFC 9112 section 6).
    private static let hopByHop: Set<String> = [
        "connection", "content-length", "expect", "http2-settings", "keep-alive", "proxy-authenticate",
        "proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
    ]

    /// Fields that the proxy adds to or replaces.
    private static let proxyOwned: Set<String> = [
        "forwarded", "traceparent", "tracestate", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-port",
        "x-forwarded-proto", "x-real-ip", "x-request-id",
    ]

    /// Fields without which requests would no longer mean the same.
    private static let endToEnd: Set<String> = [
        "accept", "accept-encoding", "accept-language", "authorization", "cache-control", "content-encoding",
        "content-language", "content-type", "cookie", "date", "host", "if-match", "if-modified-since", "if-none-match",
        "if-range", "if-unmodified-since", "origin", "range", "referer", "user-agent",
    ]
}
