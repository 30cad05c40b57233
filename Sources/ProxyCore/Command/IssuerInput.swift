/// The configuration of an issuer that a command is told to work with.
struct IssuerInput {
    static let option = CommandOption(
        name: "config", value: "FILE", help: "the issuer's configuration; ./\(defaultFile) if not given")
    static let defaultFile = "issuer.json"

    let path: String

    init(_ arguments: CommandArguments) { path = arguments[Self.option] ?? Self.defaultFile }

    func load() throws(CommandFailure) -> IssuerConfiguration {
        do throws(ConfigurationProblems) {
            return try IssuerConfigurationLoader().load(path)
        } catch {
            throw CommandFailure(error)
        }
    }
}
