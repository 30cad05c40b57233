/// Commands of two words that belong together: `client add`, `client list` and so on.
enum CommandGroup: CaseIterable {
    case client
    case keys

    init?(name: String) {
        guard let known = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = known
    }

    var name: String {
        switch self {
        case .client: "client"
        case .keys: "keys"
        }
    }

    var summary: String {
        switch self {
        case .client: "make, show and change the clients of an issuer"
        case .keys: "show and rotate the signing keys of an issuer"
        }
    }

    var members: [Subcommand] {
        switch self {
        case .client:
            [.clientAdd, .clientList, .clientShow, .clientRotate, .clientDisable, .clientEnable, .clientRemove]
        case .keys: [.keysList, .keysRotate]
        }
    }

    /// The command that `word` means behind the group's name.
    func member(_ word: String) -> Subcommand? { members.first { $0.syntax.name == "\(name) \(word)" } }

    /// The second words.
    var words: [String] { members.map { String($0.syntax.name.dropFirst(name.count + 1)) } }
}
