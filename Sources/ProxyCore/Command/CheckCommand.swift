/// `check`: is the configuration valid, and does it mean what was meant?
struct CheckCommand {
    private static let against = CommandOption(
        name: "against", value: "OLD", help: "tell what FILE decides otherwise than the configuration OLD")

    static let syntax = CommandSyntax(
        name: "check", summary: "validate a configuration and show what it means",
        description: [
            "Prints the routes in order of precedence: of all that could answer a request, the first one does. Then "
                + "warns of what is valid but may not be meant, and tells how much memory all limits together can come "
                + "to. Problems go to standard error, all of them at once.",
            "With --against, prints what is decided otherwise than by another configuration instead: requests that get "
                + "through and did not before, and the other way round; and issuers, and settings that decide whom "
                + "callers are taken for, that have changed. What may let more through is marked.",
        ],
        operands: [CommandOperand(name: "FILE", help: "the configuration; - for standard input")],
        options: [against],
        example: "scopeproxy check routes.json",
        statuses: [
            (.success, "valid, with or without warnings; with --against, nothing more is permitted than by OLD"),
            (.failure, "with --against: valid, and something may be permitted that was not by OLD"),
            (.usage, "not valid, or the arguments are wrong"),
        ])

    private let file: InputFile
    private let old: InputFile?

    init(_ arguments: CommandArguments) throws(UsageError) {
        file = InputFile(path: arguments.operand(0) ?? "")
        old = arguments[Self.against].map(InputFile.init(path:))
        if file.isStandardInput, old == file { throw .contradiction("-", "--against -") }
    }

    func run(_ console: Console) -> ExitStatus {
        guard let configuration = ConfigurationInput(file: file).load(console) else { return .usage }
        if let old { return compare(configuration, with: old, console) }
        let table = Self.table(of: configuration)
        let report = RouteReport(table)
        let text = RouteText(table, mode: configuration.mode)
        console.say("\(file.name) is valid: \(Self.summary(configuration))")
        console.say([""] + Self.listing(report.order, table, text))
        if let egress = configuration.egress { console.say([""] + Self.listing(egress)) }
        let warnings = report.warnings.map { RouteWarningText.sentence($0, text) } + Self.keyWarnings(configuration)
            + Self.certificateWarnings(configuration) + Self.tokenWarnings(configuration)
        if !warnings.isEmpty { console.say([""] + warnings.map { "warning: \($0)" }) }
        console.say([""] + Self.memory(configuration))
        return .success
    }

    private func compare(_ new: Configuration, with file: InputFile, _ console: Console) -> ExitStatus {
        guard let old = ConfigurationInput(file: file).load(console) else { return .usage }
        let comparison = PolicyComparison(from: Self.policy(of: old), to: Self.policy(of: new))
        let issuers = IssuerChange.all(from: old, to: new)
        let settings = new.settingsOfTrust(otherThanIn: old)
        console.say(PolicyChangeText.lines(comparison, issuers, settings: settings))
        let permitsMore =
            comparison.changes.contains(where: \.permitsMore) || issuers.contains(where: \.permitsMore)
            || !settings.isEmpty
        return permitsMore || !comparison.isComplete ? .failure : .success
    }

    private static func policy(of configuration: Configuration) -> AccessPolicy {
        do throws(ProxyStartError) { return try ProxyServer.policy(of: configuration) } catch {
            preconditionFailure("the loader refuses what makes no policy: \(error.message)")
        }
    }

    private static func table(of configuration: Configuration) -> RouteTable {
        do throws(RouteTableError) { return try RouteTable(configuration.routes) } catch {
            preconditionFailure("the loader refuses what makes no table")
        }
    }

    private static func summary(_ configuration: Configuration) -> String {
        let (routes, issuers) = (configuration.routes.count, configuration.issuers.count)
        return "\(routes) route\(routes == 1 ? "" : "s"), \(issuers) issuer\(issuers == 1 ? "" : "s")"
    }

    /// What all the limits together can come to, and where most of it is.
    private static func memory(_ configuration: Configuration) -> [String] {
        let workers = configuration.workers ?? ProcessorCount.usable()
        let bound = MemoryBound(configuration, workers: workers)
        let digits = "\(bound.mebibytes)".count
        let rows = bound.terms.map { term in
            let number = "\(MemoryBound.mebibytes(term.bytes))"
            return String(repeating: " ", count: 2 + digits - number.count) + "\(number) MiB  \(term.name)"
        }
        let first = bound.terms.first { $0.limit != nil }
        return ["memory: at most \(bound.mebibytes) MiB, if every limit is reached at once (the kernel's not counted)"]
            + rows + (first?.limit.map { ["memory: for less, lower \($0)"] } ?? [])
    }

    private static func listing(_ order: [Int], _ table: RouteTable, _ text: RouteText) -> [String] {
        var lines = TextTable()
        lines.add("METHODS", "PATH", "REQUIREMENT", "CONDITIONS", "MODE", "ID")
        for route in order {
            let definition = table.definitions[route]
            let slash = definition.allowsEncodedSlash ? ["allow_encoded_slash"] : []
            let conditions = (text.conditions(of: route) + slash).joined(separator: ", ")
            lines.add(
                text.methods(of: route), definition.template.text, text.requirement(of: route),
                conditions.isEmpty ? "-" : conditions, RouteText.mode(text.mode(of: route)), definition.id)
        }
        return lines.lines
    }

    /// Where the service's own calls go.
    private static func listing(_ egress: EgressSettings) -> [String] {
        var lines = TextTable()
        lines.add("TARGET", "CALLS FOR", "GO TO", "TOKENS FROM", "AS")
        for target in egress.targets {
            let call = target.call
            let match =
                switch call.match {
                case .host(let name, let port): port.map { "\(name):\($0)" } ?? name
                case .pathPrefix(let prefix): "\(prefix)/..."
                }
            let source =
                switch call.client.endpoint {
                case .address(let location): location.text
                case .discovery(let issuer): issuer.issuer
                }
            lines.add(call.id, match, target.upstream.description, source, call.client.id)
        }
        return lines.lines
    }

    private static func tokenWarnings(_ configuration: Configuration) -> [String] {
        let targets = configuration.egress?.targets.map(\.call) ?? []
        return targets.compactMap { target in
            do throws(TokenFailure) {
                try target.client.prepare()
                return nil
            } catch {
                return "target \(target.id): no token yet: \(error.message)"
            }
        }
    }

    /// They are served all the same: callers may think otherwise of the time than this machine.
    private static func certificateWarnings(_ configuration: Configuration) -> [String] {
        guard let files = configuration.listenTLS else { return [] }
        do throws(TLSFileProblem) {
            return try files.load(tickets: TicketKeyRing()).certificates.compactMap { certificate in
                certificate.concern(at: Clock.unixTime()).map { concern in
                    switch concern {
                    case .expired: "\(certificate.path): the certificate has expired"
                    case .notYetValid: "\(certificate.path): the certificate is not valid yet"
                    case .expires(let hours): "\(certificate.path): the certificate expires in \(hours) hours"
                    }
                }
            }
        } catch {
            return ["\(error.path) \(error.message)"]
        }
    }

    /// A file may still be about to come, and the environment be another one when it counts, so these are no problems
    /// of the configuration.
    private static func keyWarnings(_ configuration: Configuration) -> [String] {
        configuration.issuers.compactMap { issuer in
            do throws(KeyFetchFailure) {
                try IssuerKeys.prepare(issuer)
                return nil
            } catch {
                let source: String
                switch issuer.keys {
                case .file(let path): source = path
                case .network(let location): source = location.text
                case .discovery, .inline: source = "where its metadata says"
                }
                return "issuer \(issuer.token.issuer): no keys yet from \(source): \(error.message)"
            }
        }
    }
}
