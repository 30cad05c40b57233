/// Why the client's own credentials cannot be used. Says nothing of their content.
package enum CredentialsTrouble: Error, Sendable, Equatable {
    case unreadable(path: String, Errno)
    case notARegularFile(path: String)
    /// The file holds no text.
    case empty(path: String)
    /// The file holds no key or certificate that can be used; a clause that says why.
    case unusable(path: String, String)

    package var message: String {
        switch self {
        case .unreadable(let path, let error): "\(path) cannot be read: \(error.message)"
        case .notARegularFile(let path): "\(path) is not a regular file"
        case .empty(let path): "\(path) holds no secret"
        case .unusable(let path, let reason): "\(path) \(reason)"
        }
    }
}
