/// Rows of text in aligned columns.
struct TextTable {
    private var rows: [[String]] = []

    /// Every row has the same number of cells.
    mutating func add(_ cells: String...) { rows.append(cells.map(EscapedText.line)) }

    /// The rows as lines, two spaces between columns and none at the end.
    var lines: [String] {
        guard let first = rows.first else { return [] }
        let widths = first.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let padded = zip(row, widths).map { cell, width in
                cell + String(repeating: " ", count: width - cell.count)
            }
            let line = padded.joined(separator: "  ")
            return String(line[...(line.lastIndex { $0 != " " } ?? line.startIndex)])
        }
    }
}
