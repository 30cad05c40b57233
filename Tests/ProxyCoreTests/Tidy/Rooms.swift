/// The rooms of ProxyCore and who may know whom. The folders of one module are not checked by the compiler: this is.
enum Rooms {
    /// From assembly down to words. A room names only rooms below its line; rooms on one line do not know each other.
    static let fromTheTop: [[String]] = [
        ["Command"], ["Demo"], ["Proxy"], ["Config"], ["Issuer"], ["Service"], ["Exchange"], ["Upstream"], ["Egress"],
        ["KeySource"], ["Policy"], ["Token"], ["HTTP"], ["JSON"], ["OpenSSL"], ["System"], ["Base"],
    ]

    /// The names of a room's types.
    struct Types: Sendable {
        /// Declared at the top level, hence known to the whole module.
        var global: Set<String> = []
        /// Declared at any level, private ones too.
        var own: Set<String> = []
    }

    static func violations(in files: [SourceFile]) -> [Violation] {
        let core = files.filter(\.isCore)
        let types = typesByRoom(core)
        return core.flatMap { file -> [Violation] in
            guard let room = file.room, let level = level(of: room) else { return [homeless(file)] }
            let foreign = namesOutOfReach(of: room, level, types)
            return file.tokens.indices.compactMap { trespass(file, $0, room, foreign) }
        }
    }

    private static func level(of room: String) -> Int? {
        fromTheTop.firstIndex { $0.contains(room) }
    }

    private static func homeless(_ file: SourceFile) -> Violation {
        let rooms = fromTheTop.joined().joined(separator: ", ")
        return file.violation(1, "lies in no room: move it into one of \(rooms)")
    }

    private static func typesByRoom(_ files: [SourceFile]) -> [String: Types] {
        var rooms: [String: Types] = [:]
        for file in files {
            guard let room = file.room else { continue }
            for declaration in TypeDeclaration.all(in: file) {
                rooms[room, default: Types()].own.insert(declaration.name)
                if declaration.isGlobal { rooms[room, default: Types()].global.insert(declaration.name) }
            }
        }
        return rooms
    }

    /// The type names that `room` must not use, each with its room.
    private static func namesOutOfReach(of room: String, _ level: Int, _ types: [String: Types]) -> [String: String] {
        var names: [String: String] = [:]
        for line in fromTheTop[...level] {
            for other in line where other != room {
                for name in types[other]?.global ?? [] { names[name] = other }
            }
        }
        // A name that the room declares itself, nested perhaps, means its own.
        for name in types[room]?.own ?? [] { names[name] = nil }
        return names
    }

    private static func trespass(
        _ file: SourceFile, _ index: Int, _ room: String, _ foreign: [String: String]
    ) -> Violation? {
        let token = file.tokens[index]
        guard let other = foreign[token.text] else { return nil }
        // Behind a dot it is a member of something else, unless that is the module.
        if file.token(index - 1).text == "." && file.token(index - 2).text != "ProxyCore" { return nil }
        let advice = "move what is needed down, or hand it in from above"
        return file.violation(token.line, "\(room)/ names \(token.text) of \(other)/, which lies above it: \(advice)")
    }
}

/// The declaration of a type, seen by its keyword.
struct TypeDeclaration: Equatable {
    let name: String
    let line: Int
    /// At the top level of its file and not private to it.
    let isGlobal: Bool

    static func all(in file: SourceFile) -> [TypeDeclaration] {
        var depth = 0
        return file.tokens.indices.compactMap { index in
            switch file.tokens[index].text {
            case "{": depth += 1
            case "}": depth -= 1
            case "struct", "class", "enum", "actor", "protocol", "typealias", "associatedtype":
                return declaration(file, index, depth)
            case _: break
            }
            return nil
        }
    }

    private static func declaration(_ file: SourceFile, _ index: Int, _ depth: Int) -> TypeDeclaration? {
        let name = file.token(index + 1)
        let before = file.token(index - 1).text
        // `class` is also a modifier and a constraint, `.struct` a member, and `import struct` an import.
        guard name.text.first?.isUppercase == true, ![".", "import", ":"].contains(before) else { return nil }
        let modifiers = file.tokens[..<index].suffix(4).filter { $0.line == file.tokens[index].line }.map(\.text)
        let isPrivate = modifiers.contains("private") || modifiers.contains("fileprivate")
        return TypeDeclaration(name: name.text, line: name.line, isGlobal: depth == 0 && !isPrivate)
    }
}
