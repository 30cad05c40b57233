/// The beginning of a caller's connection under TLS: from its acceptance to the end of the handshake, within
/// `timeouts.tls_handshake_seconds`. Then a `ClientConnection` has it.
///
/// A caller that fails here gets an alert of TLS and no response: there is nobody yet to whom one could be said in
/// confidence. Belongs to its worker's thread.
final class CallerHandshake: EventHandler {
    private let context: ExchangeContext
    private let session: TLSSession
    private let peer: SocketAddress
    /// Until somebody else has it.
    private var accepted: AcceptedSocket?
    private var registration = Registration(slot: 0, generation: 0)
    private var awaits = TLSHandshakeStep.wantsRead
    /// What the loop has told so far: it tells each thing once.
    private var told: Readiness = []
    let started: Instant
    let timer = DeadlineTimer()

    init(_ accepted: consuming AcceptedSocket, _ tls: TLSServerContext, context: ExchangeContext) {
        self.context = context
        peer = accepted.peer
        started = context.loop.now
        session = TLSSession(tls, socket: accepted.descriptor)
        self.accepted = consume accepted
    }

    func start() throws(Errno) {
        guard let accepted = accepted.take() else { return }
        registration = context.loop.register(self)
        do throws(Errno) {
            try context.loop.watchConnection(accepted.descriptor, registration)
        } catch {
            context.loop.unregister(registration)
            throw error
        }
        self.accepted = consume accepted
        context.add(self, registration)
        timer.set(context.loop.now.advanced(by: context.rules.timeouts.tlsHandshake), registration, context.loop)
    }

    func ready(_ readiness: Readiness) {
        told.formUnion(readiness)
        // The caller speaks first, so that there is nothing to do when all that is known is that one could write.
        switch awaits {
        case .wantsRead: if readiness.contains(.readable) { goOn() }
        case .wantsWrite: if readiness.contains(.writable) || readiness.contains(.closing) { goOn() }
        case .done: break
        }
    }

    func deadlineReached() { fail(.timedOut) }

    func resume() {}

    /// Ends the connection.
    func cut() {
        context.loop.unregister(registration)
        context.remove(handshake: registration)
        accepted = nil
        context.connectionEnded(peer)
    }

    private func goOn() {
        do throws(TLSFailure) {
            awaits = try session.handshake()
            if awaits == .done { handOver() }
        } catch {
            fail(.tls(error))
        }
    }

    private func handOver() {
        // It has begun before a reload: the caller has been held against authorities that may count no more.
        if let tls = context.tls, let begun = session.server, !tls.wantsSameCertificates(as: begun) { return cut() }
        guard let accepted = accepted.take() else { return }
        context.metrics.add(1, to: .handshakes)
        if session.isResumed { context.metrics.add(1, to: .resumptions) }
        context.remove(handshake: registration)
        // A request may have come along with the end of the handshake.
        told.formUnion([.readable, .writable])
        ClientConnection(accepted, tls: session, context: context).start(inheriting: registration, told)
    }

    private func fail(_ failure: HandshakeFailure) {
        context.metrics.handshakeFailed(failure)
        context.handshakeFailed(peer, failure)
        cut()
    }
}

/// Why a TLS handshake came to nothing.
package enum HandshakeFailure: Sendable {
    case timedOut
    case tls(TLSFailure)

    /// The words for all of them.
    package static let codes: [StaticString] = ["timeout"] + TLSFailure.codes

    package var code: StaticString {
        switch self {
        case .timedOut: "timeout"
        case .tls(let failure): failure.code
        }
    }

    /// The place of `code` in `codes`.
    var number: Int {
        let word = code.description
        guard let number = Self.codes.firstIndex(where: { $0.description == word }) else {
            preconditionFailure("a code that is not listed")
        }
        return number
    }

    /// The caller has gone, rather than done something wrong.
    package var isDisconnect: Bool {
        switch self {
        case .timedOut: false
        case .tls(let failure): failure.isDisconnect
        }
    }

    /// For a person who has to do something about it.
    package var message: String {
        switch self {
        case .timedOut: "the handshake was not done in time (timeouts.tls_handshake_seconds)"
        case .tls(let failure): failure.description
        }
    }
}
