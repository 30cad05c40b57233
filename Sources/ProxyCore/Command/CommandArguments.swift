/// The arguments of one call, sorted by what they are for.
///
/// GNU's conventions: options stand anywhere, `--name value` or `--name=value`; `--` ends them; `-` alone is an
/// operand. Names are not abbreviated. A value that begins with a hyphen has to be written with `=`.
struct CommandArguments: Sendable {
    private(set) var operands: [String] = []
    private var values: [String: String] = [:]

    init(_ arguments: [String], for syntax: CommandSyntax) throws(UsageError) {
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            if argument == "--" {
                operands += rest
                break
            }
            if argument.utf8.first != ASCII.hyphen || argument == "-" {
                operands.append(argument)
            } else {
                try take(argument, &rest, syntax)
            }
        }
        try check(syntax)
    }

    /// The option's value, empty for an option that takes none; nil when it is not given.
    subscript(_ option: CommandOption) -> String? { values[option.name] }

    /// The operand at that place; nil when it is optional and not given.
    func operand(_ index: Int) -> String? { operands.indices.contains(index) ? operands[index] : nil }

    private mutating func take(
        _ argument: String, _ rest: inout ArraySlice<String>, _ syntax: CommandSyntax
    ) throws(UsageError) {
        let name = argument.dropFirst(2).prefix { $0 != "=" }
        guard argument.hasPrefix("--"), let option = syntax.options.first(where: { $0.name == name }) else {
            let shown = String(argument.prefix { $0 != "=" })
            let known = syntax.options + CommandOption.everywhere
            throw .unknownOption(shown, nearest: CommandSyntax.nearestOption(to: argument, among: known))
        }
        guard values[option.name] == nil else { throw .repeatedOption("--\(name)") }
        let written = argument.dropFirst(2 + name.count)
        guard let placeholder = option.value else {
            guard written.isEmpty else { throw .unexpectedValue("--\(name)") }
            values[option.name] = ""
            return
        }
        if !written.isEmpty {
            values[option.name] = String(written.dropFirst())
        } else if let next = rest.first, next == "-" || next.utf8.first != ASCII.hyphen {
            values[option.name] = rest.removeFirst()
        } else {
            throw .missingValue("--\(name)", placeholder)
        }
    }

    private func check(_ syntax: CommandSyntax) throws(UsageError) {
        let given = syntax.alternatives.filter { values[$0.name] != nil }
        if given.count > 1 { throw .contradiction("--\(given[0].name)", "--\(given[1].name)") }
        for (index, operand) in syntax.operands.enumerated() where index >= operands.count && !operand.isOptional {
            throw .missingOperand(operand.name)
        }
        for option in syntax.options where option.isRequired && values[option.name] == nil {
            throw .missingOption(option.usage)
        }
        if operands.count > syntax.operands.count {
            throw .tooManyOperands(syntax.operands.map(\.name).joined(separator: " "))
        }
    }
}
