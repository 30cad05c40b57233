/// The byte stream to a key server, for the thread of one issuer. Only this knows how the bytes are carried: it is
/// where TLS comes in.
struct KeyTransport: ~Copyable {
    private let socket: BlockingSocket

    /// A host that does not answer within this is not there; the rest of the fetch's time goes to the answer.
    private static let connectTimeout = Interval.seconds(3)

    /// Connects to the first of the host's addresses that answers. Each address gets its share of the time, so that
    /// one that swallows packets does not keep the next from being tried.
    static func connect(to location: KeyLocation, _ patience: Patience) throws(KeyFetchFailure) -> KeyTransport {
        var addresses = try addresses(of: location, patience)[...]
        let start = Clock.monotonic()
        let deadline = min(patience.deadline, start.advanced(by: connectTimeout))
        while let address = addresses.popFirst() {
            let left = deadline.since(Clock.monotonic()).nanoseconds / UInt64(addresses.count + 1)
            do throws(WaitError) {
                let patience = patience.atMost(Interval(nanoseconds: left))
                return KeyTransport(socket: try BlockingSocket.connect(to: address, patience))
            } catch {
                let failure = connectFailure(error)
                if addresses.isEmpty || failure == .cancelled { throw failure }
            }
        }
        preconditionFailure("a look-up gives at least one address")
    }

    /// Sends all that is readable in `buffer`.
    func send(from buffer: ByteBuffer, _ patience: Patience) throws(KeyFetchFailure) {
        do throws(WaitError) { try socket.sendAll(from: buffer, patience) } catch { throw Self.failure(error) }
    }

    /// Appends what the server sends next to `buffer`; false when it has ended its side.
    func receive(into buffer: ByteBuffer, _ patience: Patience) throws(KeyFetchFailure) -> Bool {
        do throws(WaitError) { return try socket.receive(into: buffer, patience) } catch { throw Self.failure(error) }
    }

    private static func addresses(
        of location: KeyLocation, _ patience: Patience
    ) throws(KeyFetchFailure) -> [SocketAddress] {
        do throws(Resolver.Failure) {
            return try Resolver.addresses(of: location.host, port: location.port, patience)
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
