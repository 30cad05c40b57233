import ProxyCore

/// How a kind of server gets from the path of a request to what it looks up, told in its own words: on lists of
/// segments, and without any code of the proxy's.
struct UpstreamModel: Sendable {
    /// What is looked up.
    struct Lookup {
        var segments: [String]
        /// Escapes are compared as they stand.
        var isRaw = false
        var ignoresCase = false
    }

    let name: String
    let read: @Sendable (String) -> Lookup

    static let all: [UpstreamModel] = [
        UpstreamModel(name: "bytes as they come") { Lookup(segments: split($0), isRaw: true) },
        UpstreamModel(name: "nginx") { Lookup(segments: resolve(dropEmpty(split(decode($0))))) },
        UpstreamModel(name: "nginx, merge_slashes off") { Lookup(segments: resolve(split(decode($0)))) },
        UpstreamModel(name: "Apache on a case-insensitive disk") {
            Lookup(segments: resolve(dropEmpty(split(decode($0)))), ignoresCase: true)
        },
        UpstreamModel(name: "Tomcat, lenient") {
            let stripped = split($0).map(stripParameters).joined(separator: "/")
            return Lookup(segments: resolve(dropEmpty(split(slashes(decode(stripped))))))
        },
        UpstreamModel(name: "Jetty: decodes, then takes parameters off, then resolves") {
            Lookup(segments: dropTrailing(resolve(split(decode($0)).map(stripParameters))))
        },
        UpstreamModel(name: "IIS") {
            Lookup(segments: resolve(dropEmpty(split(slashes(decode($0))))), ignoresCase: true)
        },
        UpstreamModel(name: "Express") { Lookup(segments: split($0).map(decode), ignoresCase: true) },
        UpstreamModel(name: "Fastify: decodes each parameter") { Lookup(segments: split($0).map(decode)) },
        UpstreamModel(name: "WSGI") { Lookup(segments: split(decode($0))) },
        UpstreamModel(name: "Werkzeug") { Lookup(segments: dropEmpty(split(decode($0)))) },
        UpstreamModel(name: "WHATWG URL, then bytes") { Lookup(segments: whatwg(split(slashes($0))), isRaw: true) },
        UpstreamModel(name: "WHATWG URL, then Express") {
            Lookup(segments: whatwg(split(slashes($0))).map(decode), ignoresCase: true)
        },
        UpstreamModel(name: "Go ServeMux") { Lookup(segments: resolve(dropEmpty(split(decode($0))))) },
        UpstreamModel(name: "URI.normalize(), then decoding") {
            Lookup(segments: split("/" + decode(resolve(split($0)).joined(separator: "/"))))
        },
        UpstreamModel(name: "a normalizing front, then Tomcat's ..;") {
            let front = resolve(split($0)).joined(separator: "/")
            let stripped = split("/" + front).map(stripParameters)
            return Lookup(segments: resolve(dropEmpty(stripped)).map(decode))
        },
        UpstreamModel(name: "merges, takes parameters off, decodes each segment") {
            Lookup(segments: dropTrailing(dropEmpty(split($0)).map(stripParameters)).map(decode))
        },
        UpstreamModel(name: "a file server: decodes, expands the path") {
            Lookup(segments: resolve(dropEmpty(split(slashes(decode($0))))))
        },
        UpstreamModel(name: "new URL(request.url, base).pathname") {
            Lookup(segments: whatwg(split(resolved(slashes($0), skipsSlashes: true))), isRaw: true)
        },
        UpstreamModel(name: "new URL of the decoded path, then Express") {
            let reference = withoutQueryAndFragment(slashes(decode($0)))
            return Lookup(segments: whatwg(split(resolved(reference, skipsSlashes: true))), ignoresCase: true)
        },
        UpstreamModel(name: "url.parse(request.url, false, true)") {
            Lookup(segments: split(resolved(slashes($0), skipsSlashes: false)).map(decode))
        },
        UpstreamModel(name: "urlsplit, then unquote") {
            Lookup(segments: split(decode(resolved($0, skipsSlashes: false))))
        },
        UpstreamModel(name: "unquote, then urlsplit") {
            Lookup(segments: split(resolved(withoutQueryAndFragment(decode($0)), skipsSlashes: false)))
        },
        UpstreamModel(name: "a normalizing front, then urlsplit") {
            let front = "/" + resolve(dropEmpty(split($0)).map(decode)).joined(separator: "/")
            return Lookup(segments: split(withoutQueryAndFragment(front)))
        },
    ]

    // MARK: The parts, each as a person would write it who never heard of the others

    /// Without the leading slash and without one trailing slash.
    static func split(_ path: String) -> [String] {
        var parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        if parts.first == "" { parts.removeFirst() }
        return dropTrailing(parts)
    }

    /// What follows the last slash, when nothing does.
    private static func dropTrailing(_ segments: [String]) -> [String] {
        segments.last == "" ? segments.dropLast() : segments
    }

    static func dropEmpty(_ segments: [String]) -> [String] { segments.filter { !$0.isEmpty } }

    static func stripParameters(_ segment: String) -> String {
        String(segment.split(separator: ";", maxSplits: 1, omittingEmptySubsequences: false)[0])
    }

    static func slashes(_ path: String) -> String { String(path.map { $0 == "\\" ? "/" : $0 }) }

    /// The path of a reference that may begin with an authority.
    private static func resolved(_ reference: String, skipsSlashes: Bool) -> String {
        guard reference.hasPrefix("//") else { return reference }
        let behind = skipsSlashes ? reference.drop { $0 == "/" } : reference.dropFirst(2)
        return String(behind.drop { $0 != "/" })
    }

    private static func withoutQueryAndFragment(_ text: String) -> String {
        String(text.prefix { $0 != "?" && $0 != "#" })
    }

    static func resolve(_ segments: [String]) -> [String] {
        var stack: [String] = []
        for segment in segments {
            if segment == ".." { _ = stack.popLast() } else if segment != "." { stack.append(segment) }
        }
        return stack
    }

    private static func whatwg(_ segments: [String]) -> [String] {
        resolve(
            segments.map { segment in
                let lower = segment.lowercased()
                if [".", "%2e"].contains(lower) { return "." }
                return ["..", ".%2e", "%2e.", "%2e%2e"].contains(lower) ? ".." : segment
            })
    }

    /// The spelling among those that RFC 3986 section 6.2.2.1 calls equivalent, and for bytes that it does not allow.
    static func canonical(_ segment: String) -> String {
        var rest = Array(segment.utf8)[...]
        var text = ""
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%") {
                text += "%" + String(decoding: rest.prefix(2), as: UTF8.self).uppercased()
                rest = rest.dropFirst(2)
            } else if byte > 0x20 && byte < 0x7F && !"\"<>[]^`{|}".utf8.contains(byte) {
                text += String(decoding: [byte], as: UTF8.self)
            } else {
                text += "%" + String(byte, radix: 16, uppercase: true)
            }
        }
        return text
    }

    static func decode(_ text: String) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            let digits = String(decoding: rest.prefix(2), as: UTF8.self)
            if byte == UInt8(ascii: "%"), digits.count == 2, let value = UInt8(digits, radix: 16) {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// The routes of an upstream, looked up one by one: slow and plain, to hold the trie against.
struct NaiveRouter {
    /// Segments of templates: `{x}`, `{x...}`, or a literal.
    let templates: [[String]]

    init(_ templates: [String]) { self.templates = templates.map(UpstreamModel.split) }

    /// The routes of the most specific shape that fits; several only when letter case is ignored.
    func routes(for lookup: UpstreamModel.Lookup) -> [Int] {
        let fitting = templates.indices.filter { fits(templates[$0], lookup) }
        guard let best = fitting.map({ ranks(templates[$0]) }).min(by: { $0.lexicographicallyPrecedes($1) }) else {
            return []
        }
        return fitting.filter { ranks(templates[$0]) == best }
    }

    /// Literal before `{x}` before the end before `{x...}`, segment by segment.
    private func ranks(_ template: [String]) -> [Int] {
        template.map { $0.hasSuffix("...}") ? 3 : $0.hasPrefix("{") ? 1 : 0 } + [2]
    }

    private func fits(_ template: [String], _ lookup: UpstreamModel.Lookup) -> Bool {
        var segments = lookup.segments[...]
        for part in template {
            if part.hasSuffix("...}") { return true }
            guard let segment = segments.popFirst() else { return false }
            if part.hasPrefix("{") {
                if segment.isEmpty { return false }
            } else if !same(part, segment, lookup) {
                return false
            }
        }
        return segments.isEmpty
    }

    private func same(_ literal: String, _ segment: String, _ lookup: UpstreamModel.Lookup) -> Bool {
        let one = Array((lookup.isRaw ? literal : UpstreamModel.decode(literal)).utf8)
        let other = Array((lookup.isRaw ? UpstreamModel.canonical(segment) : segment).utf8)
        return lookup.ignoresCase ? one.span.equalsIgnoringCase(other.span) : one == other
    }
}
