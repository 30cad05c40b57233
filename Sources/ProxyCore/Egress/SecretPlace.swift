/// Where a secret is kept: never in the configuration itself.
package enum SecretPlace: Sendable, Equatable {
    /// In a variable of the environment, which had this value when the configuration was read.
    case environment(value: String)
    /// In a file, which is read each time that the secret is needed: what is in it may change.
    case file(String)

    private static let bytesMax = 65_536

    /// The file, if it is in one.
    package var path: String? {
        switch self {
        case .environment: nil
        case .file(let path): path
        }
    }

    /// The secret as it is now; of a file, without the line feed that editors and `echo` put at its end.
    package func read() throws(TokenFailure) -> String {
        switch self {
        case .environment(let value): return value
        case .file(let path):
            let secret = try Self.bytes(of: path)
            var bytes = secret.span
            if let last = bytes.indices.last, bytes[last] == ASCII.lineFeed {
                bytes = bytes.extracting(droppingLast: 1)
            }
            guard !bytes.isEmpty else { throw .credentials(.empty(path: path)) }
            do throws(Unicode.UTF8.ValidationError) { return String(copying: try UTF8Span(validating: bytes)) } catch {
                throw .credentials(.empty(path: path))
            }
        }
    }

    /// The content of a file with credentials.
    static func bytes(of path: String) throws(TokenFailure) -> SecretBytes {
        do throws(Errno) {
            if try FileIdentity(of: path).isRegular { return try SecretBytes(file: path, bytesMax: bytesMax) }
        } catch {
            throw .credentials(.unreadable(path: path, error))
        }
        throw .credentials(.notARegularFile(path: path))
    }
}
