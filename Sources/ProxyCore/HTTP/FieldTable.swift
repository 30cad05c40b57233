/// The field lines of one head, in the order in which they came.
///
/// Scratch: a worker owns a few and every parse overwrites one, so that a request allocates none. 6 KiB.
package struct FieldTable: ~Copyable {
    /// How many fields there are.
    package private(set) var count = 0
    private var entries = InlineArray<256, Field>(repeating: Field(name: .empty, value: .empty, id: .other))
    /// For each name: how many fields bear it, and the place of the first one.
    private var counts = InlineArray<64, UInt16>(repeating: 0)
    private var firsts = InlineArray<64, UInt8>(repeating: 0)

    package init() {}

    package subscript(index: Int) -> Field {
        precondition(index < count)
        return entries[index]
    }

    /// How many fields have the name `id`.
    package func count(of id: FieldName) -> Int { Int(counts[Int(id.rawValue)]) }

    package func contains(_ id: FieldName) -> Bool { count(of: id) > 0 }

    /// The place of the first field named `id`.
    package func firstIndex(of id: FieldName) -> Int? {
        contains(id) ? Int(firsts[Int(id.rawValue)]) : nil
    }

    /// The value of the only field named `id`, or that there is none, or that there are several.
    package func occurrence(of id: FieldName) -> Occurrence {
        switch count(of: id) {
        case 0: .none
        case 1: .one(entries[Int(firsts[Int(id.rawValue)])].value)
        case _: .several
        }
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
        counts = InlineArray(repeating: 0)
    }

    package mutating func append(_ field: Field) {
        let name = Int(field.id.rawValue)
        entries[count] = field
        if counts[name] == 0 { firsts[name] = UInt8(count) }
        counts[name] += 1
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
