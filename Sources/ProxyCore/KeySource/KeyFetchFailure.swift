/// Why a fetch brought no keys: one cause, one message, so that nobody looks for a time-out where a file was bad.
package enum KeyFetchFailure: Error, Sendable, Equatable {
    case resolve(String)
    case connect(Errno)
    case connectTimeout
    case timeout
    /// The connection broke while the request or the response was on it.
    case connectionLost(Errno)
    case closedEarly
    /// What the server shows or says in TLS is not accepted, or not ours by it.
    case tls(TLSFailure)
    case handshakeTimeout
    case trust(TrustProblem)
    case badHead(HeadError)
    case badBody(BodyError)
    /// Something came before it was asked for.
    case unexpectedBytes
    case status(Int)
    case redirect(RedirectProblem)
    case contentEncoding
    case tooLarge
    /// It happened to the connection to the proxy, or is the proxy's answer.
    indirect case proxy(KeyFetchFailure)
    /// The environment names a proxy that cannot be used.
    case proxyUnusable(variable: String, ForwardProxy.Problem)
    case metadata(MetadataProblem)
    /// Neither place for an issuer's metadata has any.
    indirect case noMetadata(KeyFetchFailure, KeyFetchFailure)
    /// It happened at this address, which the configuration does not tell.
    indirect case at(address: String, KeyFetchFailure)
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
        case .tls(.truncated): "closed_early"
        case .tls(.certificate(let problem)): problem.code
        case .tls, .handshakeTimeout: "tls"
        case .trust: "ca_file"
        case .badHead, .badBody, .unexpectedBytes: "bad_response"
        case .status: "status"
        case .redirect: "redirect"
        case .contentEncoding: "content_encoding"
        case .tooLarge: "too_large"
        case .proxy, .proxyUnusable: "proxy"
        case .metadata(.otherIssuer), .metadata(.otherIssuerBySlash): "issuer_differs"
        case .metadata: "bad_metadata"
        case .noMetadata: "no_metadata"
        case .at(_, let failure): failure.cause
        case .file, .notARegularFile: "file"
        case .notAKeySet(.notJSON): "not_json"
        case .notAKeySet: "not_a_key_set"
        case .noUsableKeys: "no_usable_keys"
        case .cancelled: "cancelled"
        }
    }

    /// Every cause there is.
    package static let causes: [StaticString] = [
        "resolve", "connect", "connect_timeout", "timeout", "connection_lost", "closed_early", "tls",
        "certificate_expired", "certificate_not_yet_valid", "certificate_name_mismatch", "certificate_self_signed",
        "certificate_unknown_issuer", "certificate_invalid", "ca_file", "bad_response", "status", "redirect",
        "content_encoding", "too_large", "proxy", "bad_metadata", "issuer_differs", "no_metadata", "file",
        "not_json", "not_a_key_set", "no_usable_keys", "cancelled",
    ]

    /// A clause for people. Of what the server sent there is nothing in it but names and hosts, quoted and cut.
    package var message: String {
        switch self {
        case .resolve(let answer): "the host's name cannot be resolved: \(answer)"
        case .connect(let error): "no connection: \(error.message)"
        case .connectTimeout: "no connection: the host does not answer"
        case .timeout: "the server took too long to answer"
        case .connectionLost(let error): "the connection broke: \(error.message)"
        case .closedEarly: "the server closed the connection before its answer was complete"
        case .tls(.truncated): "the server ended the connection without close_notify: the answer may lack its end"
        // A certificate's names are whatever its maker wrote.
        case .tls(let failure): PlainText.line(failure.description)
        case .handshakeTimeout: "the server took too long for the TLS handshake"
        case .trust(let problem): problem.message
        case .badHead(let error): "the answer is not proper HTTP: \(error.reason)"
        case .badBody(let error): "the answer is not proper HTTP: \(error.reason)"
        case .unexpectedBytes: "more came than the answer"
        case .status(let status): "the server answered with status \(status)"
        case .redirect(let problem): problem.message
        case .contentEncoding: "the answer is compressed, which was not asked for"
        case .tooLarge: "the document is larger than 1 MiB"
        case .proxy(.status(407)): "the proxy answered with status 407: it wants a user name and password, or others"
        case .proxy(.status(let status)): "the proxy answered with status \(status)"
        case .proxy(let failure): "at the proxy: \(failure.message)"
        case .proxyUnusable(let variable, let problem): "the environment variable \(variable): \(problem.message)"
        case .metadata(let problem): problem.message
        case .noMetadata(let first, let second): "no metadata: \(first.message); \(second.message)"
        case .at(let address, let failure): "\(address): \(failure.message)"
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

    /// How far an attempt got: where every address of a host fails, the one that got furthest tells most.
    var depth: Int {
        switch self {
        case .resolve, .connect, .connectTimeout: 0
        case .proxy(let failure): failure.depth
        case .tls(.certificate): 2
        case _: 1
        }
    }

    /// The same, of the connection to the proxy.
    var atProxy: KeyFetchFailure { self == .cancelled ? self : .proxy(self) }
}
