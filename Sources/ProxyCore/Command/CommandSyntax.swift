/// The arguments that a command takes. The parser, the help and the error messages all come from this one declaration.
struct CommandSyntax: Sendable {
    let name: String
    /// Half a line.
    let summary: String
    /// Paragraphs.
    var description: [String] = []
    var operands: [CommandOperand] = []
    var options: [CommandOption] = []
    /// Options of which at most one can be given.
    var alternatives: [CommandOption] = []
    /// What can be typed as it stands.
    let example: String
    /// What the exit statuses mean here.
    var statuses: [(status: ExitStatus, meaning: String)] = []

    /// `--name` of the option that `argument` was probably meant to be.
    static func nearestOption(to argument: String, among options: [CommandOption]) -> String? {
        let name = argument.drop { $0 == "-" }.prefix { $0 != "=" }
        return EditDistance.nearest(to: String(name), among: options.map(\.name)).map { "--\($0)" }
    }
}

/// An argument that is known by its place.
struct CommandOperand: Sendable, Equatable {
    let name: String
    let help: String
    var isOptional = false
}

/// An argument that is known by its name.
struct CommandOption: Sendable, Equatable {
    /// Without its hyphens.
    let name: String
    var letter: Character?
    /// What stands for the value in the help; nil for an option without one.
    var value: String?
    let help: String
    var isRequired = false

    /// What every command understands.
    static let everywhere = [
        CommandOption(name: "help", letter: "h", help: "print this help and end"),
        CommandOption(name: "version", letter: "V", help: "print the versions of scopeproxy and OpenSSL and end"),
    ]

    /// As it is typed: `--config FILE`.
    var usage: String { value.map { "--\(name) \($0)" } ?? "--\(name)" }
}
