/// The fields behind a chunked body (RFC 9112 section 7.1.2).
///
/// Scratch that a worker owns and every parse overwrites; the ranges in `fields` are offsets into the bytes given to
/// `parse`.
package struct TrailerSection: ~Copyable {
    package private(set) var fields = FieldTable()

    package init() {}

    /// Parses the trailer section that a `BodyStep.end` told of, out of the same bytes.
    package mutating func parse(_ section: ByteRange, in bytes: Span<UInt8>) throws(BodyError) {
        var progress = HeadProgress()
        progress.startLine(at: Int(section.lower))
        do throws(HeadError) {
            let window = bytes.extracting(first: Int(section.upper))
            let end = try fields.parse(window, limit: Limits.fieldsMax, progress: &progress)
            precondition(end == window.count, "not a whole trailer section")
        } catch { throw .invalidTrailer(error) }
    }

    /// Where the section that `bytes` begin with ends; nil while it has not all come. Every line is checked, and none
    /// kept, as it comes.
    static func end(
        in bytes: Span<UInt8>, limits: HeadLimits, progress: inout HeadProgress
    ) throws(BodyError) -> Int? {
        let window = bytes.extracting(first: min(bytes.count, limits.headBytes))
        do throws(HeadError) {
            while let end = try HeadLine.end(in: window, from: &progress.scanned) {
                let line = progress.lineStart..<end
                progress.startLine(at: end + 2)
                if line.isEmpty { return end + 2 }
                guard progress.fields < limits.fields else { throw .tooManyFields }
                progress.fields += 1
                if try Field(line: line, in: window).id.isForbiddenInTrailers { throw .forbiddenTrailer }
            }
            guard bytes.count < limits.headBytes else { throw .headTooLong }
            return nil
        } catch { throw .invalidTrailer(error) }
    }
}
