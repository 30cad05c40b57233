/// The references that a string of the configuration may hold: `${NAME}` for an environment variable, `${file:PATH}`
/// for a file's content, `$$` for a dollar sign. What a reference stands for is not looked at again.
enum TextSubstitution {
    struct Failure: Error {
        let message: String
        let mayPass: Bool

        init(_ message: String, mayPass: Bool = false) {
            self.message = message
            self.mayPass = mayPass
        }
    }

    static func apply(
        to text: String, environment: (String) -> String?, file: (String) throws(Failure) -> String
    ) throws(Failure) -> String {
        guard text.utf8.contains(dollar) else { return text }
        var result = ""
        var rest = text[...]
        while let index = rest.utf8.firstIndex(of: dollar) {
            result += rest[..<index]
            rest = rest[rest.utf8.index(after: index)...]
            switch rest.utf8.first {
            case dollar:
                result += "$"
                rest = rest.dropFirst()
            case openBrace:
                guard let end = rest.utf8.firstIndex(of: closeBrace) else {
                    throw Failure("a reference is not closed: ${ without }")
                }
                result += try value(of: String(rest[..<end].dropFirst()), environment, file)
                rest = rest[rest.utf8.index(after: end)...]
            case _:
                throw Failure("a dollar sign is written $$; a reference is ${NAME} or ${file:PATH}")
            }
        }
        return result + rest
    }

    /// What a reference names.
    enum Reference: Equatable {
        case environment(String)
        case file(String)
    }

    /// The reference that `text` is, if it is one and nothing else.
    static func onlyReference(in text: String) -> Reference? {
        guard text.utf8.starts(with: "${".utf8), text.utf8.firstIndex(of: closeBrace) == text.utf8.indices.last else {
            return nil
        }
        let name = String(text.dropFirst(2).dropLast())
        if !name.utf8.starts(with: "file:".utf8) { return isName(name) ? .environment(name) : nil }
        return name.utf8.count > 5 ? .file(String(name.dropFirst(5))) : nil
    }

    private static func value(
        of reference: String, _ environment: (String) -> String?, _ file: (String) throws(Failure) -> String
    ) throws(Failure) -> String {
        if reference.utf8.starts(with: "file:".utf8) {
            let path = String(reference.dropFirst(5))
            guard !path.isEmpty else { throw Failure("${file:PATH} names no file") }
            return try file(path)
        }
        guard isName(reference) else {
            throw Failure("${\(reference)} is neither ${NAME} (letters, digits, _) nor ${file:PATH}")
        }
        guard let value = environment(reference) else {
            throw Failure("the environment variable \(reference) is not set")
        }
        return value
    }

    private static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, !ASCII.isDigit(first) else { return false }
        return text.utf8.allSatisfy { ASCII.isLetter($0) || ASCII.isDigit($0) || $0 == ASCII.underscore }
    }

    private static let dollar: UInt8 = 0x24
    private static let openBrace: UInt8 = 0x7B
    private static let closeBrace: UInt8 = 0x7D
}
