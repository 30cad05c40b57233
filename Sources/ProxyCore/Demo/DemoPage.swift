/// How the demo looks on a terminal.
struct DemoPage {
    /// Colours may be used.
    let isColored: Bool

    /// Where what a server says is broken into lines.
    private static let columns = 100

    private enum Style: String {
        case bold = "1"
        case faint = "2"
        case red = "31"
        case green = "32"
        case cyan = "36"
    }

    func opening(_ servers: DemoServers, rules file: String) -> [String] {
        [
            styled("ScopeProxy: scopes in front of an API that knows nothing of them", .bold),
            "",
            "  authorization server  \(servers.url(of: .issuer))   grants tokens to clients",
            "  proxy                 \(servers.url(of: .proxy))   lets through what \(file) permits",
            "  sample API            \(servers.url(servers.apiAddress))   stands behind it and checks nothing",
            "  egress                \(servers.url(of: .egress))   puts tokens on a daemon's calls",
            "",
        ] + authority(servers) + [
            "Each step says what to expect and shows a request to paste into another terminal, and its answer.",
        ]
    }

    private func authority(_ servers: DemoServers) -> [String] {
        guard let file = servers.authorityFile else { return [] }
        return [
            "All of it is https: callers to the proxy, the proxy to the API and, for its keys, to the issuer. Only the",
            "daemon calls egress without TLS, on its own machine.",
            "A certification authority made for this demo vouches for them, by its certificate in",
            "\(file).", "",
        ]
    }

    func step(_ number: Int, _ outcome: DemoWalk.Outcome) -> [String] {
        let step = outcome.step
        let title = styled("\(number < 10 ? " " : "")\(number). \(step.title)", .bold)
        var lines = [step.remark, "Expected: \(step.expected.text)", ""]
        lines += outcome.commands.map { styled($0, .cyan) }
        lines.append("")
        if let answer = outcome.answer { lines += shown(answer) }
        lines.append(verdict(outcome))
        return ["", title] + lines.map { $0.isEmpty ? "" : "    " + $0 }
    }

    /// What is about to happen to secrets and keys.
    var rotationOpening: [String] {
        let told = [
            "The daemon goes on calling through egress, whose tokens live one second here. Meanwhile:", "",
            "- it gets a second secret, and another signing key is published; the old ones still count;",
            "- the file that egress reads gets the new secret, and the proxy fetches the new key;",
            "- the old secret ends, and from then on the new key signs.",
            "", "Expected: 0 failed", "",
        ]
        return ["", styled("The secret and the key are replaced, live", .bold)]
            + told.map { $0.isEmpty ? "" : "    " + $0 }
    }

    func rotation(_ outcome: DemoRotation.Outcome) -> [String] {
        var lines = [styled("\(Self.calls(outcome)), \(outcome.failed) failed", .faint)]
        if outcome.isAsTold {
            lines.append(styled("ok", .green))
        } else {
            let missing = outcome.missing.map { "not seen in time: \($0)" } ?? "calls have failed"
            lines.append(styled("NOT AS TOLD: \(missing)", .red))
        }
        return lines.map { "    " + $0 }
    }

    func ending(count: Int, differing: Int, _ rotation: DemoRotation.Outcome) -> [String] {
        [
            "", styled("\(count - differing) of \(count) answers were as told.", differing == 0 ? .green : .red),
            styled(
                "\(Self.calls(rotation)) while secret and key were replaced: \(rotation.failed) failed.",
                rotation.isAsTold ? .green : .red),
        ]
    }

    private static func calls(_ outcome: DemoRotation.Outcome) -> String { "\(outcome.calls) calls" }

    /// What to do while it stays up.
    func invitation(_ options: DemoOptions) -> [String] {
        let commands = [
            ("\(options.program) check \(options.file)", "the rules, as the proxy understands them"),
            ("\(options.program) explain \(options.file) GET /v2/users/1", "what a request needs, and why"),
            ("README.md", "five minutes to a service of your own"),
        ]
        let width = commands.map(\.0.count).max() ?? 0
        let rows = commands.map { "  \($0.0)\(String(repeating: " ", count: width - $0.0.count))   \($0.1)" }
        return [
            "", "All of it stays up for you to try, until Ctrl-C. Tokens live five minutes: ask for a new one then.",
            "", "What next:",
        ] + rows
    }

    private func verdict(_ outcome: DemoWalk.Outcome) -> String {
        if outcome.differences.isEmpty { return styled("ok", .green) }
        return styled("NOT AS TOLD: \(outcome.differences.joined(separator: "; "))", .red)
    }

    private func shown(_ answer: DemoAnswer) -> [String] {
        var lines = [answer.statusLine]
        for name in ["WWW-Authenticate", "Allow", "Location"] {
            lines += answer.values(of: name.lowercased()).map { "\(name): \($0)" }
        }
        lines += Self.broken(Self.shortened(answer.text))
        return lines.map { styled($0, .faint) }
    }

    /// Tokens are cut: nobody reads them, and they hide what one wants to see.
    private static func shortened(_ text: String) -> String {
        let parts = text.filter { $0 != "\n" }.split(separator: "\"", omittingEmptySubsequences: false)
        return parts.map { $0.count > 80 && !$0.contains(" ") ? "\($0.prefix(24))..." : String($0) }
            .joined(separator: "\"")
    }

    /// Lines of at most so many columns where there are commas to break them at.
    private static func broken(_ text: String) -> [String] {
        var lines: [String] = []
        var line = ""
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            if !line.isEmpty, line.count + part.count + 1 > columns {
                lines.append(line + ",")
                line = " " + part
            } else {
                line += line.isEmpty ? String(part) : "," + part
            }
        }
        return line.isEmpty ? lines : lines + [line]
    }

    private func styled(_ text: String, _ style: Style) -> String {
        isColored ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
    }
}
