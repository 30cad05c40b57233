/// The byte stream to a key server, for the thread of one issuer: over TCP or TLS, straight to the server or through a
/// proxy. Only this knows how the bytes are carried.
struct KeyTransport: ~Copyable {
    // Before the socket, which has to outlive it.
    private let session: TLSSession?
    private let socket: BlockingSocket
    /// The proxy at the other end, when it is to make requests in our place.
    let forwarder: ForwardProxy?

    /// A host that does not answer within this is not there; the rest of the fetch's time goes to the answer.
    private static let connectTimeout = Interval.seconds(3)

    /// Connects to the first of the host's addresses with which that works, TLS included. Each address gets its share
    /// of the time, so that one that swallows packets does not keep the next from being tried.
    static func connect(
        to location: KeyLocation, _ access: KeyAccess, _ trust: KeyTrust, _ patience: Patience
    ) throws(KeyFetchFailure) -> KeyTransport {
        let context = location.scheme == .https ? try trust.context(for: location) : nil
        switch access.proxies.route(to: location) {
        case .unusable(let variable, let problem): throw .proxyUnusable(variable: variable, problem)
        case .direct: return try connectDirectly(to: location, access, context, patience)
        case .proxy(let proxy): return try connect(to: location, through: proxy, access, context, patience)
        }
    }

    private static func connectDirectly(
        to location: KeyLocation, _ access: KeyAccess, _ context: TLSClientContext?, _ patience: Patience
    ) throws(KeyFetchFailure) -> KeyTransport {
        let addresses = try addresses(of: location.host, port: location.port, access, patience)
        return try firstOf(addresses, patience) { (address, limits) throws(KeyFetchFailure) in
            let transport = try open(address, limits, forwarder: nil)
            return try transport.secured(by: context, limits.attempt)
        }
    }

    private static func connect(
        to location: KeyLocation, through proxy: ForwardProxy, _ access: KeyAccess, _ context: TLSClientContext?,
        _ patience: Patience
    ) throws(KeyFetchFailure) -> KeyTransport {
        let found: [SocketAddress]
        do throws(KeyFetchFailure) {
            found = try addresses(of: proxy.host, port: proxy.port, access, patience)
        } catch {
            throw error.atProxy
        }
        return try firstOf(found, patience) { (address, limits) throws(KeyFetchFailure) in
            let transport = try open(address, limits, location, proxy, access)
            return try transport.secured(by: context, limits.attempt)
        }
    }

    /// A connection to the proxy that leads to the server, or is as good as one.
    private static func open(
        _ address: SocketAddress, _ limits: AttemptLimits, _ location: KeyLocation, _ proxy: ForwardProxy,
        _ access: KeyAccess
    ) throws(KeyFetchFailure) -> KeyTransport {
        do throws(KeyFetchFailure) {
            switch location.scheme {
            case .http: return try open(address, limits, forwarder: proxy)
            case .https:
                let transport = try open(address, limits, forwarder: nil)
                try transport.openTunnel(to: location, proxy, access.userAgent, limits.attempt)
                return transport
            }
        } catch {
            throw error.atProxy
        }
    }

    /// How long one address may take: to accept the connection, and until requests can be sent.
    private struct AttemptLimits {
        let connect: Patience
        let attempt: Patience
    }

    private static func firstOf(
        _ addresses: [SocketAddress], _ patience: Patience,
        _ attempt: (SocketAddress, AttemptLimits) throws(KeyFetchFailure) -> KeyTransport
    ) throws(KeyFetchFailure) -> KeyTransport {
        let connectDeadline = Clock.monotonic().advanced(by: connectTimeout)
        var left = addresses[...]
        var reported: KeyFetchFailure?
        while let address = left.popFirst() {
            let shares = left.count + 1
            let connect = share(of: min(connectDeadline, patience.deadline), among: shares, patience)
            let limits = AttemptLimits(
                connect: connect, attempt: share(of: patience.deadline, among: shares, patience))
            do throws(KeyFetchFailure) {
                return try attempt(address, limits)
            } catch {
                if error == .cancelled { throw error }
                if error.depth > reported?.depth ?? -1 { reported = error }
            }
        }
        throw reported ?? .resolve("no addresses")
    }

    private static func share(of deadline: Instant, among shares: Int, _ patience: Patience) -> Patience {
        let left = deadline.since(Clock.monotonic()).nanoseconds / UInt64(shares)
        return patience.atMost(Interval(nanoseconds: left))
    }

    private static func open(
        _ address: SocketAddress, _ limits: AttemptLimits, forwarder: ForwardProxy?
    ) throws(KeyFetchFailure) -> KeyTransport {
        do throws(WaitError) {
            let socket = try BlockingSocket.connect(to: address, limits.connect)
            return KeyTransport(session: nil, socket: socket, forwarder: forwarder)
        } catch {
            throw connectFailure(error)
        }
    }

    /// Has the proxy at the other end connect us with the server (RFC 9110 section 9.3.6).
    private func openTunnel(
        to location: KeyLocation, _ proxy: ForwardProxy, _ userAgent: String, _ patience: Patience
    ) throws(KeyFetchFailure) {
        let authority = location.authorityWithPort
        let authorization = proxy.authorization.map { "Proxy-Authorization: \($0)\r\n" } ?? ""
        let request = """
            CONNECT \(authority) HTTP/1.1\r
            Host: \(authority)\r
            User-Agent: \(userAgent)\r
            \(authorization)\r\n
            """
        let buffer = ByteBuffer(capacity: 65_536)
        let bytes = Array(request.utf8)
        buffer.append(bytes.span)
        try send(from: buffer, patience)
        let head = try KeyResponse.readHead(to: .connect, self, buffer, patience)
        guard 200...299 ~= head.status else { throw .status(head.status) }
        // The server does not speak first in TLS: this is not of its making.
        guard buffer.isEmpty else { throw .unexpectedBytes }
    }

    /// The same connection with TLS on it, if there is to be any.
    private consuming func secured(
        by context: TLSClientContext?, _ patience: Patience
    ) throws(KeyFetchFailure) -> KeyTransport {
        guard let context else { return self }
        let session = TLSSession(context, socket: socket.descriptor)
        do throws(KeyFetchFailure) {
            while true {
                switch try Self.step(session) {
                case .done: return KeyTransport(session: session, socket: socket, forwarder: nil)
                case .wantsRead: try wait(for: .readable, patience)
                case .wantsWrite: try wait(for: .writable, patience)
                }
            }
        } catch {
            throw error == .timeout ? .handshakeTimeout : error
        }
    }

    private static func step(_ session: TLSSession) throws(KeyFetchFailure) -> TLSHandshakeStep {
        do throws(TLSFailure) { return try session.handshake() } catch { throw failure(error) }
    }

    /// Sends all that is readable in `buffer`.
    func send(from buffer: ByteBuffer, _ patience: Patience) throws(KeyFetchFailure) {
        guard let session else {
            do throws(WaitError) { try socket.sendAll(from: buffer, patience) } catch { throw Self.failure(error) }
            return
        }
        while !buffer.isEmpty {
            let result: IOResult
            do throws(TLSFailure) { result = try session.send(from: buffer) } catch { throw Self.failure(error) }
            if result == .wouldBlock { try wait(for: session.writeNeedsReadable ? .readable : .writable, patience) }
        }
    }

    /// Appends what the server sends next to `buffer`; false when it has ended its side, by its own word if that could
    /// be somebody else's doing.
    func receive(into buffer: ByteBuffer, _ patience: Patience) throws(KeyFetchFailure) -> Bool {
        guard let session else {
            do throws(WaitError) { return try socket.receive(into: buffer, patience) } catch {
                throw Self.failure(error)
            }
        }
        while true {
            let result: IOResult
            do throws(TLSFailure) { result = try session.receive(into: buffer) } catch { throw Self.failure(error) }
            switch result {
            case .bytes: return true
            case .endOfStream: return false
            case .wouldBlock: try wait(for: session.readNeedsWritable ? .writable : .readable, patience)
            }
        }
    }

    /// Tells the server that the connection ends because we have what we wanted. Never waits.
    func sayGoodbye() { session?.sendCloseNotify() }

    private enum Readiness {
        case readable
        case writable
    }

    private func wait(for readiness: Readiness, _ patience: Patience) throws(KeyFetchFailure) {
        do throws(WaitError) {
            switch readiness {
            case .readable: try patience.awaitReadable(socket.descriptor)
            case .writable: try patience.awaitWritable(socket.descriptor)
            }
        } catch {
            throw Self.failure(error)
        }
    }

    private static func failure(_ error: TLSFailure) -> KeyFetchFailure {
        if case .connection(let error) = error { return .connectionLost(error) }
        return .tls(error)
    }

    private static func addresses(
        of host: String, port: UInt16, _ access: KeyAccess, _ patience: Patience
    ) throws(KeyFetchFailure) -> [SocketAddress] {
        do throws(Resolver.Failure) {
            return try access.lookUp(host, port, patience)
        } catch {
            switch error {
            case .refused(let answer): throw .resolve(answer)
            case .waiting(.timedOut): throw .resolve("the name server does not answer")
            case .waiting(.failed(let error)): throw .resolve(error.description)
            case .waiting(.cancelled): throw .cancelled
            }
        }
    }

    private static func connectFailure(_ error: WaitError) -> KeyFetchFailure {
        switch error {
        case .timedOut: .connectTimeout
        case .cancelled: .cancelled
        case .failed(let error): .connect(error)
        }
    }

    private static func failure(_ error: WaitError) -> KeyFetchFailure {
        switch error {
        case .timedOut: .timeout
        case .cancelled: .cancelled
        case .failed(let error): .connectionLost(error)
        }
    }
}
