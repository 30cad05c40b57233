/// Why a call is not understood.
enum UsageError: Error, Sendable, Equatable {
    case unknownCommand(String, nearest: String?)
    case unknownOption(String, nearest: String?)
    case missingOption(String)
    case missingValue(String, String)
    case unexpectedValue(String)
    case repeatedOption(String)
    case missingOperand(String)
    /// Names what is expected. What was given is not repeated: it may be a token that lost its option.
    case tooManyOperands(String)
    case contradiction(String, String)
    case invalidValue(String, reason: String, nearest: String?)

    /// A clause for the person who typed it.
    var message: String {
        switch self {
        case .unknownCommand(let name, let nearest): "unknown command \(name)" + Self.hint(nearest)
        case .unknownOption(let name, let nearest): "unknown option \(name)" + Self.hint(nearest)
        case .missingOption(let usage): "\(usage) is missing"
        case .missingValue(let name, let value): "\(name) needs a value: \(name) \(value)"
        case .unexpectedValue(let name): "\(name) takes no value"
        case .repeatedOption(let name): "\(name) is given twice"
        case .missingOperand(let name): "\(name) is missing"
        case .tooManyOperands(""): "too many arguments: it takes options only"
        case .tooManyOperands(let expected): "too many arguments: it takes \(expected)"
        case .contradiction(let one, let other): "give \(one) or \(other), not both"
        case .invalidValue(let name, let reason, let nearest): "\(name): \(reason)" + Self.hint(nearest)
        }
    }

    private static func hint(_ nearest: String?) -> String { nearest.map { "; did you mean \($0)?" } ?? "" }
}
