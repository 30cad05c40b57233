/// What broke the byte stream of a connection to the application.
package enum UpstreamStreamError: Error, Equatable, Sendable {
    case socket(Errno)
    case tls(TLSFailure)

    /// The other end has gone without a word.
    var isReset: Bool {
        switch self {
        case .socket(let error), .tls(.connection(let error)): error.isReset
        case .tls: false
        }
    }

    /// Nothing more can be sent, but what the other end had to say before may still be read. Other errors of a send
    /// leave the connection as it was, with a part of what was to be sent.
    var isEndOfSending: Bool {
        switch self {
        case .socket(let error), .tls(.connection(let error)): error.isReset || error.isBrokenPipe
        case .tls: true
        }
    }

    /// The error as what it means for the request under way.
    var failure: UpstreamFailure {
        switch self {
        case .socket(let error), .tls(.connection(let error)): .reset(error)
        // Without the word that ends TLS (RFC 8446 section 6.1), anyone on the way could have ended the connection.
        case .tls(.truncated): .truncated
        case .tls(let failure): .tls(failure)
        }
    }

    /// The same, when nothing of a response has come: there is nothing that could lack its end.
    var failureBeforeResponse: UpstreamFailure {
        switch self {
        case .tls(.truncated): .closedEarly
        case .socket, .tls: failure
        }
    }
}
