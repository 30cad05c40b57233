/// Why the file that says whom to believe says nothing.
package enum TrustProblem: Error, Sendable, Equatable {
    case unreadable(Errno)
    case notARegularFile
    case unusable(TrustStoreError)

    /// A clause for people.
    package var message: String {
        switch self {
        case .unreadable(let error): "the file of ca_file cannot be read: \(error.message)"
        case .notARegularFile: "what ca_file names is not a regular file"
        case .unusable(let error): "the file of ca_file \(error.message)"
        }
    }
}
