/// The line grammar that heads and trailer sections share (RFC 9112 section 2.2): CRLF and nothing else ends a line.
enum HeadLine {
    /// The offset of the CRLF that ends the line under way, looking from `scanned` on; nil while it has not come.
    static func end(in bytes: Span<UInt8>, from scanned: inout Int) throws(HeadError) -> Int? {
        // A caller short of room may show less than last time: then there is nothing new to look at.
        guard scanned <= bytes.count else { return nil }
        let stop = ByteScan.firstControl(in: bytes, from: scanned)
        scanned = stop
        guard stop < bytes.count else { return nil }
        guard bytes[stop] == ASCII.carriageReturn else {
            throw bytes[stop] == ASCII.lineFeed ? .bareLineFeed : .controlCharacter
        }
        guard stop + 1 < bytes.count else { return nil }
        guard bytes[stop + 1] == ASCII.lineFeed else { throw .bareCarriageReturn }
        return stop
    }

    /// The minor version in the `HTTP/1.0` or `HTTP/1.1` that `text` has to be (RFC 9112 section 2.3).
    static func minorVersion(_ text: Span<UInt8>) throws(HeadError) -> Int? {
        guard text.count == 8, text.starts(with: "HTTP/"), text[6] == ASCII.dot else { return nil }
        guard ASCII.isDigit(text[5]), ASCII.isDigit(text[7]) else { return nil }
        guard text[5] == ASCII.zero + 1, text[7] <= ASCII.zero + 1 else { throw .unsupportedVersion }
        return Int(text[7] - ASCII.zero)
    }
}
