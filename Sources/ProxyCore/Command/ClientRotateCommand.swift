/// `client rotate`: a new secret beside the old one, which stays valid for a while.
struct ClientRotateCommand {
    private static let oldExpires = CommandOption(
        name: "old-expires", value: "TIME", help: "how long the old secret stays valid: 90s, 30m, 24h, 7d or 0; "
            + "\(defaultTime) if not given")
    private static let defaultTime = "24h"

    static let syntax = CommandSyntax(
        name: "client rotate", summary: "give a client a new secret and show it, once",
        description: [
            "The old secret stays valid beside it for the time given, so that the client can be changed meanwhile. A "
                + "secret older than that one ends at once: a client has two at most."
        ],
        operands: [ClientCommands.id], options: [IssuerInput.option, oldExpires, ClientAddCommand.json],
        example: "scopeproxy client rotate billing-daemon --old-expires 2h", statuses: ClientCommands.statuses)

    private let arguments: CommandArguments
    private let oldSeconds: Int64

    init(_ arguments: CommandArguments) throws(UsageError) {
        self.arguments = arguments
        guard let seconds = Self.seconds(arguments[Self.oldExpires] ?? Self.defaultTime) else {
            let reason = "a number with s, m, h or d behind it, up to 365d, or 0"
            throw .invalidValue("--old-expires", reason: reason, nearest: nil)
        }
        oldSeconds = seconds
    }

    func run(_ console: Console) -> ExitStatus {
        CommandFailure.told(by: Self.syntax.name, to: console) { () throws(CommandFailure) in
            let file = ClientsFile(path: try IssuerInput(arguments).load().clients)
            let secret = ClientSecret.generate()
            let now = Clock.unixTime()
            var rotated: RegisteredClient?
            try file.update(arguments.operand(0) ?? "") { client in
                client.secrets = Self.rotated(client.secrets, adding: secret, oldSeconds, at: now)
                rotated = client
            }
            guard let rotated else { return }
            if arguments[ClientAddCommand.json] != nil {
                console.say(ClientText.json(secret, of: rotated))
            } else {
                let old = rotated.secrets.count > 1 ? rotated.secrets[0].expires.map(Timestamp.text) : nil
                let lead = old.map { ", the old one is valid until \($0)" } ?? ""
                console.say(ClientText.secret(secret, of: rotated, "client \(rotated.id) has a new secret\(lead)"))
            }
        }
    }

    /// The newest live secret with an end, and the new one.
    private static func rotated(
        _ secrets: [ClientSecret], adding secret: String, _ seconds: Int64, at now: UnixTime
    ) -> [ClientSecret] {
        let fresh = ClientSecret(hashing: secret, created: now)
        guard seconds > 0, var old = secrets.last(where: { $0.isLive(at: now) }) else { return [fresh] }
        let end = UnixTime(now.seconds + seconds)
        old.expires = old.expires.map { min($0, end) } ?? end
        return [old, fresh]
    }

    private static func seconds(_ text: String) -> Int64? {
        if text == "0" { return 0 }
        guard let unit = text.last, let number = Int64(text.dropLast()), text.dropLast().allSatisfy(\.isNumber) else {
            return nil
        }
        let scale: Int64? =
            switch unit {
            case "s": 1
            case "m": 60
            case "h": 3600
            case "d": 86_400
            case _: nil
            }
        guard let scale, (0...31_536_000).contains(number), number * scale <= 31_536_000 else { return nil }
        return number * scale
    }
}
