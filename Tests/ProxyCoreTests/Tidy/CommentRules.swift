/// What has to be said about a declaration.
enum CommentRules {
    /// Top-level `package` declarations without a `///` comment: other rooms use those, and read the comment first.
    static func undocumented(in file: SourceFile) -> [Violation] {
        var depth = 0
        return file.tokens.indices.compactMap { index in
            let token = file.tokens[index]
            if token.text == "{" { depth += 1 }
            if token.text == "}" { depth -= 1 }
            guard token.text == "package", depth == 0, file.token(index - 1).text != "(" else { return nil }
            // What an extension adds says so at its members.
            guard file.token(index + 1).text != "extension", file.token(index + 1).text != "import" else { return nil }
            return isDocumented(file, line: token.line) ? nil : file.violation(token.line, advice(file, index))
        }
    }

    private static func advice(_ file: SourceFile, _ index: Int) -> String {
        let words = file.tokens[index...].prefix(4).map(\.text).joined(separator: " ")
        return "`\(words)` has no `///` comment: what it is, its unit, who owns it, which thread, which errors"
    }

    /// The line above, attributes left aside, is a documentation comment.
    private static func isDocumented(_ file: SourceFile, line: Int) -> Bool {
        var above = line - 2
        while above >= 0 {
            let text = file.lines[above].drop { $0 == " " }
            if text.hasPrefix("///") { return true }
            guard text.hasPrefix("@") else { return false }
            above -= 1
        }
        return false
    }

    /// Types of the sources that nothing in the sources names but their own declaration and extensions.
    static func unused(in files: [SourceFile]) -> [Violation] {
        var uses: [String: Int] = [:]
        for file in files where file.isSource {
            for index in file.tokens.indices where !isHead(file, index) {
                uses[file.tokens[index].text, default: 0] += 1
            }
        }
        return files.filter(\.isSource).flatMap { file in
            TypeDeclaration.all(in: file).filter { $0.isGlobal && uses[$0.name] == nil }.map { declaration in
                file.violation(declaration.line, "no source uses \(declaration.name): remove it, or use it")
            }
        }
    }

    /// The name in the head of a declaration or of an extension.
    private static func isHead(_ file: SourceFile, _ index: Int) -> Bool {
        ["struct", "class", "enum", "actor", "protocol", "typealias", "extension"].contains(file.token(index - 1).text)
    }
}
