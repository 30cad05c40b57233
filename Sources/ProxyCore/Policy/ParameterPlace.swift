/// Where in a path a parameter's value stands, once a template has matched it.
package struct ParameterPlace: Sendable, Equatable {
    /// How many segments come before it.
    let segment: Int
    /// It is a `{name...}`: everything from there on, but for a trailing slash.
    let takesRest: Bool

    /// The value's place in `path`, which the template matches.
    package func range(in path: Span<UInt8>) -> ByteRange {
        let end = path[path.count - 1] == ASCII.slash ? path.count - 1 : path.count
        var start = 0
        var slashes = 0
        while start < end {
            if path[start] == ASCII.slash {
                slashes += 1
                if slashes > segment { break }
            }
            start += 1
        }
        // An empty rest has no slash before it.
        start = min(start + 1, end)
        guard !takesRest else { return ByteRange(start, end) }
        var upper = start
        while upper < end, path[upper] != ASCII.slash { upper += 1 }
        return ByteRange(start, upper)
    }
}
