/// Numbers the methods that a route table names: first those that `Method` knows, then the others as they come.
///
/// Methods are case-sensitive (RFC 9110 section 9.1) and compared by their bytes.
package struct MethodNames: Sendable {
    /// Stands for every method that the table does not name; only `MethodSet.any` contains it.
    package static let unknown = 63
    package static let get = Int(Method.get.rawValue)
    package static let head = Int(Method.head.rawValue)
    private static let firstOther = Int(Method.other.rawValue)

    private var others: [[UInt8]] = []

    package init() {}

    /// The number of a method.
    package func number(of name: Span<UInt8>) -> Int {
        let method = Method(name)
        guard method == .other else { return Int(method.rawValue) }
        for index in others.indices {
            let other = others[index]
            if other.span.equals(name) { return Self.firstOther + index }
        }
        return Self.unknown
    }

    /// The number of a method that a route names, or nil when there is no number left for it.
    mutating func add(_ name: String) -> Int? {
        let bytes = Array(name.utf8)
        let known = number(of: bytes.span)
        if known != Self.unknown { return known }
        guard Self.firstOther + others.count < Self.unknown else { return nil }
        others.append(bytes)
        return Self.firstOther + others.count - 1
    }

    /// The names of the methods in `set`; empty for `MethodSet.any`.
    package func names(in set: MethodSet) -> [String] {
        guard set != .any else { return [] }
        let known = Method.allCases.filter { $0 != .other && set.contains(Int($0.rawValue)) }
        let named = others.indices.filter { set.contains(Self.firstOther + $0) }
        return known.map { $0.name.bytes.text } + named.map { String(decoding: others[$0], as: UTF8.self) }
    }
}
