/// The shell commands that do what a step of the demo does, to be pasted as they stand into any POSIX shell.
struct CurlCommand {
    let request: DemoRequest
    /// Scheme, host and port.
    let server: String
    /// The certificate of the authority to trust, if it is not one of the system's.
    let authorityFile: String?
    /// The files of the certificate to show, if any.
    let certificate: DemoCertificates.Files?
    let tokens: [DemoToken: String]

    /// A command may have several lines, of which all but the last end with a backslash.
    var lines: [String] { preparation + call }

    /// How the token is made, when it is none that a server gives out.
    private var preparation: [String] {
        guard let token = request.token else { return [] }
        switch token.origin {
        case .step: return []
        case .past: return Self.joined(tokens[token] ?? "", as: token.rawValue)
        case .spliced(let claims, let signature):
            return ["\(token.rawValue)=\"${\(claims.rawValue)%.*}.${\(signature.rawValue)##*.}\""]
        }
    }

    private var call: [String] {
        let url = Self.quote(server + request.path)
        guard let variable = request.keeps?.rawValue else { return Self.continued(["curl -i"] + options + [url]) }
        return Self.continued(
            ["\(variable)=$(curl -s"] + options + [url, "| sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')"])
    }

    private var options: [String] {
        var options: [String] = []
        if let authorityFile { options.append("--cacert " + Self.quote(authorityFile)) }
        if let certificate {
            options += ["--cert " + Self.quote(certificate.certificate), "--key " + Self.quote(certificate.privateKey)]
        }
        // Without this, curl takes the dots out of the path itself.
        if request.path.contains("..") { options.append("--path-as-is") }
        // Content makes it a POST by itself.
        let isImplied = request.method == .get || request.method == .post && request.content.type != nil
        if !isImplied { options.append("-X \(request.method.name)") }
        if let client = request.client { options.append("-u " + Self.quote("\(client.id):\(client.secret)")) }
        if let token = request.token { options.append("-H \"Authorization: Bearer $\(token.rawValue)\"") }
        for field in request.fields { options.append("-H " + Self.quote("\(field.name): \(field.value)")) }
        switch request.content {
        case .none: break
        case .form(let parameters):
            options += parameters.map { "--data-urlencode " + Self.quote("\($0.name)=\($0.value)") }
        case .json(let text):
            options += ["-H " + Self.quote("Content-Type: application/json"), "-d " + Self.quote(text)]
        }
        return options
    }

    /// On one line where that is short, else one part a line. A part may itself have several lines.
    private static func continued(_ parts: [String]) -> [String] {
        let line = parts.joined(separator: " ")
        if line.utf8.count <= columns, !line.utf8.contains(ASCII.lineFeed) { return [line] }
        let text = parts.joined(separator: " \\\n  ")
        return text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    /// A long word in several lines.
    private static func joined(_ word: String, as variable: String) -> [String] {
        var parts = ["\(variable)=$(printf %s"]
        var rest = word[...]
        while !rest.isEmpty {
            parts.append(String(rest.prefix(columns)))
            rest = rest.dropFirst(columns)
        }
        var lines = continued(parts)
        lines[lines.count - 1] += ")"
        return lines
    }

    private static let columns = 90

    /// `text` as one word of a shell.
    private static func quote(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { ASCII.isUnreserved($0) || "/:=,@%+".utf8.contains($0) }
        return isPlain ? text : "'" + text.split(separator: "'", omittingEmptySubsequences: false)
            .joined(separator: "'\\''") + "'"
    }
}
