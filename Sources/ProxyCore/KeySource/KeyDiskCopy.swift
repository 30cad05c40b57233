/// The last good key set of one issuer, kept in the state directory for a start while the issuer is away.
///
/// The file is a JSON object around the document as it was fetched: `{"issuer": …, "fetched_at": …, "jwks": …}`. Its
/// name is made from the issuer's hash, since an issuer's name may hold anything; what is inside decides whose it is.
package struct KeyDiskCopy: Sendable {
    package struct Content: Sendable, Equatable {
        package let document: [UInt8]
        package let fetchedAt: UnixTime

        package init(document: [UInt8], fetchedAt: UnixTime) {
            self.document = document
            self.fetchedAt = fetchedAt
        }
    }

    /// Why a copy that is there is not used.
    package enum Problem: Error, Sendable, Equatable {
        case unreadable(Errno)
        case damaged
        case ofAnotherIssuer
        /// The clock was wrong then or is wrong now; either way the age is not known.
        case fromTheFuture
        case tooOld

        package var message: String {
            switch self {
            case .unreadable(let error): "it cannot be read: \(error.message)"
            case .damaged: "it is damaged"
            case .ofAnotherIssuer: "it is another issuer's"
            case .fromTheFuture: "it was fetched later than now, by this machine's clock"
            case .tooOld: "it is too old"
            }
        }
    }

    package let path: String
    private let issuer: String

    private static let bytesMax = KeySet.bytesMax + 65_536
    private static let clockSkewMax: Int64 = 60
    /// About 300 years in seconds: what an `Interval` can hold, and more than any configuration allows.
    private static let ageMax: Int64 = 10_000_000_000

    package init(issuer: String, directory: String) {
        self.issuer = issuer
        let name: [UInt8] = Array(issuer.utf8)
        let digits = Digest.sha256(name.span).flatMap { [ASCII.hexDigit($0 >> 4), ASCII.hexDigit($0 & 15)] }
        path = "\(directory)/jwks-\(String(decoding: digits, as: UTF8.self)).json"
    }

    /// `content.document` is JSON.
    package func write(_ content: Content) throws(Errno) {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("issuer")
        writer.string(issuer)
        writer.key("fetched_at")
        writer.number(content.fetchedAt.seconds)
        try FileWriter.replace(path, with: writer.bytes + ",\"jwks\":".utf8 + content.document + "}\n".utf8)
    }

    /// The copy and its age, or nil when there is none.
    package func read(now: UnixTime) throws(Problem) -> (content: Content, age: Interval)? {
        guard let bytes = try readFile() else { return nil }
        let limits = JSONLimits(
            depth: JSONLimits().depth + 1, values: JSONLimits().values + 8, bytes: Self.bytesMax)
        guard let copy = try? JSONDocument(parsing: bytes, limits: limits).root,
            let fetchedAt = copy["fetched_at"]?.integer, let document = copy["jwks"], document.kind == .object
        else { throw .damaged }
        guard copy["issuer"]?.string == issuer else { throw .ofAnotherIssuer }
        let age = try Self.age(ofWhatWasFetchedAt: fetchedAt, now: now)
        let content = Content(document: Array(bytes[document.range.range]), fetchedAt: UnixTime(fetchedAt))
        return (content, age)
    }

    /// The age of a document by a number that anybody may have written.
    private static func age(ofWhatWasFetchedAt fetchedAt: Int64, now: UnixTime) throws(Problem) -> Interval {
        // We never write one before 1970; and from here on the difference cannot overflow.
        guard fetchedAt >= 0 else { throw .damaged }
        let age = max(now.seconds, 0) - fetchedAt
        guard age >= -clockSkewMax else { throw .fromTheFuture }
        guard age <= ageMax else { throw .tooOld }
        return .seconds(Double(max(age, 0)))
    }

    private func readFile() throws(Problem) -> [UInt8]? {
        do throws(Errno) {
            return try FileReader.bytes(path, bytesMax: Self.bytesMax)
        } catch {
            if error.isNotFound { return nil }
            throw .unreadable(error)
        }
    }
}
