/// The field lines of one head, in the order in which they came.
///
/// Scratch: a worker owns a few and every parse overwrites one, so that a request allocates none. 6 KiB.
package struct FieldTable: ~Copyable {
    /// How many fields there are.
    package private(set) var count = 0
    private var entries = FixedArray(repeating: Field.none, count: Limits.fieldsMax)
    /// For each name, which fields bear it.
    private var places = FixedArray(repeating: Places.none, count: FieldName.allCases.count)

    /// How many fields have one name, and the index of the first of them. (Not private: swiftc 6.3 crashes in debug
    /// builds when other files hold a generic `~Copyable` value of a private type.)
    struct Places: BitwiseCopyable {
        static let none = Places(count: 0, first: 0)
        var count: UInt16
        var first: UInt16
    }

    package init() {}

    package subscript(index: Int) -> Field {
        precondition(index < count)
        return entries[index]
    }

    /// How many fields have the name `id`.
    package func count(of id: FieldName) -> Int { Int(places[Int(id.rawValue)].count) }

    package func contains(_ id: FieldName) -> Bool { count(of: id) > 0 }

    /// The index of the first field named `id`.
    package func firstIndex(of id: FieldName) -> Int? {
        let found = places[Int(id.rawValue)]
        return found.count > 0 ? Int(found.first) : nil
    }

    /// The value of the only field named `id`, or that there is none, or that there are several.
    package func occurrence(of id: FieldName) -> Occurrence {
        let found = places[Int(id.rawValue)]
        if found.count > 1 { return .several }
        return found.count == 0 ? .none : .one(entries[Int(found.first)].value)
    }

    /// True when a field named `id` lists the token `lowercased`, whatever its case.
    package func lists(_ lowercased: StaticString, in id: FieldName, of bytes: Span<UInt8>) -> Bool {
        guard let first = firstIndex(of: id) else { return false }
        for index in first..<count where entries[index].id == id {
            if FieldValue.lists(lowercased, in: entries[index].value, of: bytes) { return true }
        }
        return false
    }

    package mutating func removeAll() {
        count = 0
        for name in 0..<places.count { places[name] = .none }
    }

    package mutating func append(_ field: Field) {
        let name = Int(field.id.rawValue)
        var found = places[name]
        if found.count == 0 { found.first = UInt16(count) }
        found.count += 1
        places[name] = found
        entries[count] = field
        count += 1
    }

    /// Parses field lines from `progress` on, up to the empty line that ends them. The offset behind that line, or nil
    /// while it has not come.
    mutating func parse(
        _ bytes: Span<UInt8>, limit: Int, progress: inout HeadProgress
    ) throws(HeadError) -> Int? {
        // Also when resumed: since then another head may have used this table, and the caller parses anew at the end.
        removeAll()
        while let end = try HeadLine.end(in: bytes, from: &progress.scanned) {
            let line = progress.lineStart..<end
            progress.startLine(at: end + 2)
            if line.isEmpty { return end + 2 }
            guard progress.fields < limit else { throw .tooManyFields }
            progress.fields += 1
            append(try Field(line: line, in: bytes))
        }
        return nil
    }
}
