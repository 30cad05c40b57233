/// How long lines, functions and files may be.
///
/// Short functions are the habit that the best codebases of this field share: their medians lie between 6 and 27 lines.
enum LayoutRules {
    static let lineColumnsMax = 120
    static let functionLinesMax = 60
    static let fileLinesMax = 400

    static func violations(in file: SourceFile) -> [Violation] {
        longLines(file) + longFunctions(file) + longFile(file)
    }

    private static func longLines(_ file: SourceFile) -> [Violation] {
        file.lines.enumerated().compactMap { index, line in
            guard line.count > lineColumnsMax else { return nil }
            return file.violation(index + 1, "\(line.count) columns; break the line at \(lineColumnsMax)")
        }
    }

    private static func longFile(_ file: SourceFile) -> [Violation] {
        // The text ends with a newline, behind which lies no line.
        let count = file.lines.last == "" ? file.lines.count - 1 : file.lines.count
        guard count > fileLinesMax else { return [] }
        let message = "\(count) lines; at most \(fileLinesMax): move a noun of its own into a file of its own"
        return [file.violation(count, message)]
    }

    private static func longFunctions(_ file: SourceFile) -> [Violation] {
        functions(in: file).compactMap { function in
            guard function.lines > functionLinesMax else { return nil }
            let message = "\(function.name) has \(function.lines) lines; at most \(functionLinesMax): name its parts"
            return file.violation(function.line, message)
        }
    }

    /// A function, initializer, subscript or computed property with a body.
    struct Function: Equatable {
        let name: String
        let line: Int
        let lines: Int
    }

    static func functions(in file: SourceFile) -> [Function] {
        file.tokens.indices.compactMap { index in
            guard let name = declaredFunction(file, index), let open = bodyStart(file, index),
                let close = matchingBrace(file, open)
            else { return nil }
            let first = file.tokens[index].line
            return Function(name: name, line: first, lines: file.tokens[close].line - first + 1)
        }
    }

    /// The name of the function whose keyword stands at `index`.
    private static func declaredFunction(_ file: SourceFile, _ index: Int) -> String? {
        guard file.token(index - 1).text != "." else { return nil }
        let next = file.token(index + 1)
        switch file.tokens[index].text {
        case "func", "var": return next.text
        case "init" where ["(", "?", "!", "<"].contains(next.text): return "init"
        case "subscript" where next.text == "(" || next.text == "<": return "subscript"
        case "deinit": return "deinit"
        case _: return nil
        }
    }

    /// The opening brace of the body that belongs to the keyword at `index`; nil for a requirement of a protocol and
    /// for a stored property.
    private static func bodyStart(_ file: SourceFile, _ index: Int) -> Int? {
        let isProperty = file.tokens[index].text == "var"
        var depth = 0
        for next in file.tokens.indices[(index + 1)...] {
            if depth == 0 && endsHead(file, next, isProperty) { return nil }
            switch file.tokens[next].text {
            case "(", "[": depth += 1
            case ")", "]": depth -= 1
            case "{" where depth == 0: return next
            case "}" where depth == 0: return nil
            case "=" where depth == 0 && isProperty: return nil
            case _: break
            }
            if depth < 0 { return nil }
        }
        return nil
    }

    /// A new line ends the head of a declaration, unless it begins or follows with what belongs to one.
    private static func endsHead(_ file: SourceFile, _ index: Int, _ isProperty: Bool) -> Bool {
        guard file.token(index).line != file.token(index - 1).line else { return false }
        let goesOn = ["where", "-", "throws", "async", "{"].contains(file.token(index).text)
        return isProperty || !(goesOn || [",", ">", "&", ":"].contains(file.token(index - 1).text))
    }

    private static func matchingBrace(_ file: SourceFile, _ open: Int) -> Int? {
        var depth = 0
        for index in open..<file.tokens.count {
            if file.tokens[index].text == "{" { depth += 1 }
            if file.tokens[index].text == "}" { depth -= 1 }
            if depth == 0 { return index }
        }
        return nil
    }
}
