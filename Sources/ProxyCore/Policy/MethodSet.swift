/// A set of request methods, as numbered by the `MethodNames` of one route table.
package struct MethodSet: Sendable, Equatable {
    package private(set) var bits: UInt64

    private init(bits: UInt64) { self.bits = bits }

    package static let none = MethodSet(bits: 0)
    /// Every method, those that no table names included.
    package static let any = MethodSet(bits: .max)

    package func contains(_ method: Int) -> Bool { bits & (1 << UInt64(method)) != 0 }
    package func overlaps(_ other: MethodSet) -> Bool { bits & other.bits != 0 }
    package func inserting(_ method: Int) -> MethodSet { MethodSet(bits: bits | 1 << UInt64(method)) }
    package func union(_ other: MethodSet) -> MethodSet { MethodSet(bits: bits | other.bits) }
    package func isSuperset(of other: MethodSet) -> Bool { other.bits & ~bits == 0 }
    package func subtracting(_ other: MethodSet) -> MethodSet { MethodSet(bits: bits & ~other.bits) }
    package func intersection(_ other: MethodSet) -> MethodSet { MethodSet(bits: bits & other.bits) }
}
