/// Why a body is refused or cannot be finished. The connection that it came on cannot be used further.
package enum BodyError: Error, Sendable, Equatable {
    case chunkExtensionTooLong
    case chunkSizeTooLarge
    case invalidChunkEnd
    case invalidChunkExtension
    case invalidChunkSize
    /// A trailer section whose lines are not field lines, or too many or too long.
    case invalidTrailer(HeadError)
    /// The connection ended before the body did.
    case truncated

    /// The status that answers a request with such a body, when it can still be answered.
    package var status: Int {
        switch self {
        case .invalidTrailer(let error): error.status
        case .chunkExtensionTooLong, .chunkSizeTooLarge, .invalidChunkEnd, .invalidChunkExtension, .invalidChunkSize,
            .truncated:
            400
        }
    }

    /// Every reason there is besides those of `HeadError`.
    package static let reasons: [StaticString] = [
        "chunk_extension_too_long", "chunk_size_too_large", "invalid_chunk_end", "invalid_chunk_extension",
        "invalid_chunk_size", "body_truncated",
    ]

    /// What to call it in a log line: fixed text, never bytes of the peer's.
    package var reason: StaticString {
        switch self {
        case .chunkExtensionTooLong: "chunk_extension_too_long"
        case .chunkSizeTooLarge: "chunk_size_too_large"
        case .invalidChunkEnd: "invalid_chunk_end"
        case .invalidChunkExtension: "invalid_chunk_extension"
        case .invalidChunkSize: "invalid_chunk_size"
        case .invalidTrailer(let error): error.reason
        case .truncated: "body_truncated"
        }
    }
}
