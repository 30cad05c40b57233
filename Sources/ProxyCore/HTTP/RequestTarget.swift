/// The parts of a request target (RFC 9112 section 3.2). Only the two forms that ask an origin server for a resource
/// are known: asterisk-form and authority-form name no path that could be judged.
struct RequestTarget {
    /// `origin`: a path. `absolute`: a whole `http` or `https` URI, as sent to proxies.
    let form: RequestHead.Form
    /// The authority of an absolute-form target.
    let authority: ByteRange?
    /// From the first slash to the query; never empty.
    let path: ByteRange
    /// What follows the first question mark.
    let query: ByteRange?

    /// Takes apart `target`, which is not empty and holds visible ASCII only.
    init(_ target: ByteRange, in bytes: Span<UInt8>) throws(HeadError) {
        var pathStart = Int(target.lower)
        let end = Int(target.upper)
        if bytes[pathStart] == ASCII.slash {
            form = .origin
            authority = nil
        } else {
            let authorityStart = try pathStart + RequestTarget.schemeLength(bytes.slice(target))
            pathStart = authorityStart
            while pathStart < end, bytes[pathStart] != ASCII.slash, bytes[pathStart] != ASCII.question {
                pathStart += 1
            }
            guard pathStart < end, bytes[pathStart] == ASCII.slash else { throw .emptyPath }
            form = .absolute
            authority = ByteRange(authorityStart, pathStart)
        }
        let mark = ByteScan.firstIndex(of: ASCII.question, in: bytes.extracting(first: end), from: pathStart)
        path = ByteRange(pathStart, mark ?? end)
        query = mark.map { ByteRange($0 + 1, end) }
    }

    private static func schemeLength(_ target: Span<UInt8>) throws(HeadError) -> Int {
        if target.extracting(first: min(7, target.count)).equalsIgnoringCase("http://") { return 7 }
        if target.extracting(first: min(8, target.count)).equalsIgnoringCase("https://") { return 8 }
        throw .unsupportedTargetForm
    }
}
