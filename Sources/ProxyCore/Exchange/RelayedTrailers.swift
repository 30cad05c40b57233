/// Trailer fields on their way through, in either direction.
enum RelayedTrailers {
    /// Writes the lines of `section` less hop-by-hop fields and those for which `isDropped` answers true. Framing and
    /// routing fields were refused when the section was read.
    static func write(
        _ section: borrowing TrailerSection, _ bytes: Span<UInt8>, to output: ByteBuffer,
        except isDropped: (FieldName, Span<UInt8>) -> Bool
    ) {
        for index in 0..<section.fields.count {
            let field = section.fields[index]
            let name = bytes.slice(field.name)
            if field.id.isHopByHop || isDropped(field.id, name) { continue }
            output.append(field: name, bytes.slice(field.value))
        }
    }
}
