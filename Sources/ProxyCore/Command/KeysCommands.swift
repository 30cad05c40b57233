/// `keys list`: the signing keys, and what each is for now.
struct KeysListCommand {
    static let syntax = CommandSyntax(
        name: "keys list", summary: "list the signing keys",
        options: [IssuerInput.option, ClientAddCommand.json],
        example: "scopeproxy keys list",
        statuses: KeysRotateCommand.statuses)

    private let arguments: CommandArguments

    init(_ arguments: CommandArguments) { self.arguments = arguments }

    func run(_ console: Console) -> ExitStatus {
        CommandFailure.told(by: Self.syntax.name, to: console) { () throws(CommandFailure) in
            let configuration = try IssuerInput(arguments).load()
            let now = Clock.unixTime()
            let keys: [(key: SigningKeyFile, phase: SigningKeySchedule.Phase)]
            do throws(SigningKeyStore.Failure) {
                let store = try SigningKeyStore(configuration.keysDirectory, configuration.signing)
                let files = try store.keys()
                keys = files.map { ($0, store.phase(of: $0, among: files, at: now)) }
            } catch {
                throw CommandFailure([error.message], .software)
            }
            if arguments[ClientAddCommand.json] != nil { return console.say(Self.json(keys)) }
            var table = TextTable()
            table.add("KEY", "ALGORITHM", "SIGNS FROM", "STATE")
            for (key, phase) in keys {
                table.add(key.keyID, "\(key.algorithm.name)", Timestamp.text(key.activates), Self.text(phase))
            }
            console.say(table.lines)
        }
    }

    private static func json(_ keys: [(key: SigningKeyFile, phase: SigningKeySchedule.Phase)]) -> [String] {
        var json = JSONWriter()
        json.beginArray()
        for (key, phase) in keys {
            json.beginObject()
            json.key("kid")
            json.string(key.keyID)
            json.key("alg")
            json.string(key.algorithm.name)
            json.key("created")
            json.string(Timestamp.text(key.created))
            json.key("activates")
            json.string(Timestamp.text(key.activates))
            json.key("state")
            json.string(word(phase))
            json.endObject()
        }
        json.endArray()
        return ClientText.lines(json)
    }

    private static func text(_ phase: SigningKeySchedule.Phase) -> String {
        switch phase {
        case .next: "published, signs later"
        case .ahead: "published, begins too late: it was made while a clock was ahead"
        case .signing: "signs"
        case .old(let end): "published until \(Timestamp.text(end))"
        case .expired: "of no use any more"
        }
    }

    private static func word(_ phase: SigningKeySchedule.Phase) -> String {
        switch phase {
        case .next: "next"
        case .ahead: "ahead"
        case .signing: "signing"
        case .old: "old"
        case .expired: "expired"
        }
    }
}

/// `keys rotate`: a new signing key before its time.
struct KeysRotateCommand {
    private static let atOnce = CommandOption(
        name: "at-once", help: "the new key signs at once, before verifiers have had time to fetch it")

    static let statuses: [(status: ExitStatus, meaning: String)] = [
        (.success, "done"), (.failure, "a key is published already that is still to sign"),
        (.usage, "the arguments or the configuration are wrong; every problem was told"),
        (.software, "the keys could not be read or written"),
    ]

    static let syntax = CommandSyntax(
        name: "keys rotate", summary: "make a new signing key",
        description: [
            "A running issuer publishes it at once, and signs with it from publish_before_seconds on; the old key "
                + "stays published until its last token has expired.",
            "With --at-once it signs immediately: verifiers that do not fetch keys again for a kid they do not know "
                + "refuse its tokens for a while.",
        ],
        options: [IssuerInput.option, atOnce],
        example: "scopeproxy keys rotate", statuses: statuses)

    private let arguments: CommandArguments

    init(_ arguments: CommandArguments) { self.arguments = arguments }

    func run(_ console: Console) -> ExitStatus {
        CommandFailure.told(by: Self.syntax.name, to: console) { () throws(CommandFailure) in
            let configuration = try IssuerInput(arguments).load()
            let made: SigningKeyFile?
            do throws(SigningKeyStore.Failure) {
                let store = try SigningKeyStore(configuration.keysDirectory, configuration.signing)
                made = try store.rotate(atOnce: arguments[Self.atOnce] != nil, at: Clock.unixTime())
            } catch {
                throw CommandFailure([error.message], .software)
            }
            guard let made else {
                throw CommandFailure(
                    ["a key is published already that is still to sign; scopeproxy keys list shows it"], .failure)
            }
            console.say("key \(made.keyID) signs from \(Timestamp.text(made.activates))")
        }
    }
}
