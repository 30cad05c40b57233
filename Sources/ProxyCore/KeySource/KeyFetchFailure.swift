/// Why a fetch brought no keys: one cause, one message, so that nobody looks for a time-out where a file was bad.
package enum KeyFetchFailure: Error, Sendable, Equatable {
    case resolve(String)
    case connect(Errno)
    case connectTimeout
    case timeout
    /// The connection broke while the request or the response was on it.
    case connectionLost(Errno)
    case closedEarly
    case badHead(HeadError)
    case badBody(BodyError)
    case status(Int)
    case redirectElsewhere
    case redirectWithoutTarget
    case tooManyRedirects
    case contentEncoding
    case tooLarge
    case file(Errno)
    case notARegularFile
    case notAKeySet(KeySetError)
    case noUsableKeys(skipped: Int)
    /// The source was stopped meanwhile.
    case cancelled

    /// For log fields and metrics.
    package var cause: StaticString {
        switch self {
        case .resolve: "resolve"
        case .connect: "connect"
        case .connectTimeout: "connect_timeout"
        case .timeout: "timeout"
        case .connectionLost: "connection_lost"
        case .closedEarly: "closed_early"
        case .badHead, .badBody: "bad_response"
        case .status: "status"
        case .redirectElsewhere, .redirectWithoutTarget, .tooManyRedirects: "redirect"
        case .contentEncoding: "content_encoding"
        case .tooLarge: "too_large"
        case .file, .notARegularFile: "file"
        case .notAKeySet(.notJSON): "not_json"
        case .notAKeySet: "not_a_key_set"
        case .noUsableKeys: "no_usable_keys"
        case .cancelled: "cancelled"
        }
    }

    /// Every cause there is.
    package static let causes: [StaticString] = [
        "resolve", "connect", "connect_timeout", "timeout", "connection_lost", "closed_early", "bad_response", "status",
        "redirect", "content_encoding", "too_large", "file", "not_json", "not_a_key_set", "no_usable_keys", "cancelled",
    ]

    /// A clause for people. Nothing that the server sent is in it.
    package var message: String {
        switch self {
        case .resolve(let answer): "the host's name cannot be resolved: \(answer)"
        case .connect(let error): "no connection: \(error.message)"
        case .connectTimeout: "no connection: the host does not answer"
        case .timeout: "the server took too long to answer"
        case .connectionLost(let error): "the connection broke: \(error.message)"
        case .closedEarly: "the server closed the connection before its answer was complete"
        case .badHead(let error): "the answer is not proper HTTP: \(error.reason)"
        case .badBody(let error): "the answer is not proper HTTP: \(error.reason)"
        case .status(let status): "the server answered with status \(status)"
        case .redirectElsewhere: "the server redirects to another server, which is not followed"
        case .redirectWithoutTarget: "the server redirects without saying where to"
        case .tooManyRedirects: "the server redirects again and again"
        case .contentEncoding: "the answer is compressed, which was not asked for"
        case .tooLarge: "the document is larger than 1 MiB"
        case .file(let error): "the file cannot be read: \(error.message)"
        case .notARegularFile: "what lies there is not a regular file"
        case .notAKeySet(.notJSON(let error)):
            "the document is not JSON: \(error.message), at byte \(error.offset)"
        case .notAKeySet(let error): error.description.description
        case .noUsableKeys(0): "the key set is empty"
        case .noUsableKeys(let skipped): "none of the key set's \(skipped) keys can be used"
        case .cancelled: "the fetch was broken off"
        }
    }
}
