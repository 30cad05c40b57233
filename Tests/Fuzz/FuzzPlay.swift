import Glibc
import ProxyCore

/// The two ends of one run: a caller's connection, and whatever connections the proxy makes to the upstream.
final class FuzzPlay {
    private let caller: FuzzSocket
    private let upstreams: FuzzListener
    private let answersAll: Bool
    private var connections: [FuzzUpstream] = []
    private var sent: [UInt8] = []
    private var answers = 0

    init(
        callers: FuzzListener, upstreams: FuzzListener, context: ExchangeContext, answersAll: Bool
    ) throws(Errno) {
        self.upstreams = upstreams
        self.answersAll = answersAll
        caller = FuzzSocket(try Socket.connect(to: callers.address))
        guard let accepted = try Socket.accept(from: callers.socket) else { fatalError("nobody has connected") }
        try context.serve(accepted)
    }

    func callerSends(_ bytes: [UInt8]) {
        sent += bytes
        caller.pending += bytes
    }

    func callerEnds() { caller.endsSending = true }

    /// Sends on the connection that was made last; without bytes, closes it.
    func upstreamSends(_ bytes: [UInt8]) {
        guard let last = connections.last else { return }
        last.socket.pending += bytes
        last.said += bytes
        if bytes.isEmpty { last.socket.close() }
    }

    /// Moves bytes between the ends and the proxy. True when some did.
    func move() -> Bool {
        var moved = caller.move()
        while let accepted = try? Socket.accept(from: upstreams.socket) {
            connections.append(FuzzUpstream(FuzzSocket(accepted.takeDescriptor())))
            moved = true
        }
        for connection in connections {
            if connection.socket.move() { moved = true }
            if answersAll, connection.answer(&answers) { moved = true }
        }
        return moved
    }

    func end() {
        caller.close()
        for connection in connections { connection.socket.close() }
    }

    // MARK: - What must be true

    func check() {
        let asked = CallerStream(sent)
        let forwarded = connections.flatMap { connection in
            ForwardedRequest.all(connection.socket.received, tunnelling: connection.mayTunnel ? sent : nil)
        }
        for request in forwarded {
            request.checkPermitted()
            let isAsked = asked.requests.contains { $0.target == request.target }
            require(isAsked, "forwarded what nobody asked for: \(request.target)")
        }
        if answersAll { checkOrder(forwarded, asked) }
        checkAnswers(asked)
    }

    /// What is forwarded is a subsequence of what was asked for, body for body. (A connection that is replaced is not
    /// used again, so that one connection after the other gives the order.)
    private func checkOrder(_ forwarded: [ForwardedRequest], _ asked: CallerStream) {
        var rest = asked.requests[...]
        for request in forwarded {
            rest = rest.drop { !Self.isSame($0, request) }
            require(rest.popFirst() != nil, "\(request.target) is forwarded twice, changed or out of turn")
        }
    }

    private static func isSame(_ asked: CallerStream.Request, _ forwarded: ForwardedRequest) -> Bool {
        guard asked.target == forwarded.target, asked.framing == forwarded.framing else { return false }
        let (sent, arrived) = (asked.body?.data ?? forwarded.body.data, forwarded.body.data)
        return forwarded.body.isWhole ? sent == arrived : sent.starts(with: arrived)
    }

    private func checkAnswers(_ asked: CallerStream) {
        let answers = AnswerStream(caller.received, to: asked)
        require(answers.finals.count <= asked.requests.count + 1, "an answer to nothing")
        guard answersAll else { return }
        let text = String(decoding: caller.received, as: UTF8.self)
        require(!answers.isBroken, "a sound upstream's answers arrive whole: \(text)")
        let numbers = answers.finals.compactMap(\.number)
        require(zip(numbers, numbers.dropFirst()).allSatisfy { $0 < $1 }, "answers come in order: \(numbers)")
        // Where an answer is missing, the caller has been told that none will come.
        let isMissing = answers.finals.count < asked.wholeRequests
        require(!isMissing || answers.finals.last?.closes == true, "a request is left without an answer")
    }
}

/// A listening Unix socket. Its name, in the abstract namespace, vanishes with the process.
final class FuzzListener {
    let address: SocketAddress
    let socket: FileDescriptor

    init(_ name: String) throws(Errno) {
        address = .unix(path: "\0scopeproxy-fuzz-\(getpid())-\(name)")
        socket = try Socket.listen(on: address, sharedPort: false)
    }
}

/// One end of a connection, with what is still to be sent and what has come.
final class FuzzSocket {
    private final class Owner {
        let descriptor: FileDescriptor
        init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }
    }

    var pending: [UInt8] = []
    /// Close the sending side once everything has been sent.
    var endsSending = false
    private(set) var received: [UInt8] = []
    private var owner: Owner?
    private let buffer = ByteBuffer(capacity: 65_536)

    init(_ descriptor: consuming FileDescriptor) { owner = Owner(descriptor) }

    func close() { owner = nil }

    /// Sends and receives what can be. True when bytes moved.
    func move() -> Bool {
        guard let owner else { return false }
        let hasSent = send(owner)
        return receive(owner) || hasSent
    }

    private func send(_ owner: Owner) -> Bool {
        guard !pending.isEmpty else {
            if endsSending { Socket.shutdownSending(owner.descriptor) }
            defer { endsSending = false }
            return endsSending
        }
        buffer.removeAll()
        let count = buffer.appendPrefix(of: pending.span)
        // A proxy that has closed is what may happen; the bytes are lost then.
        _ = try? Socket.send(owner.descriptor, from: buffer)
        pending.removeFirst(count - buffer.count)
        return buffer.count < count
    }

    private func receive(_ owner: Owner) -> Bool {
        let before = received.count
        let buffer = buffer
        buffer.removeAll()
        while case .bytes? = try? Socket.receive(owner.descriptor, into: buffer) {
            received += buffer.readable.copied()
            buffer.removeAll()
        }
        return received.count > before
    }
}

/// A connection to the upstream; when asked to, it answers as a sound server does.
final class FuzzUpstream {
    let socket: FuzzSocket
    /// What it was told to say.
    var said: [UInt8] = []
    /// It may have agreed to another protocol.
    var mayTunnel: Bool { hasSwitched || String(decoding: said, as: UTF8.self).contains(" 101") }
    private var hasSwitched = false
    private var answered = 0
    private var isDone = false

    init(_ socket: FuzzSocket) { self.socket = socket }

    /// Answers what has come whole, and at once where the path says `early`. True when there was something.
    func answer(_ count: inout Int) -> Bool {
        guard !isDone else { return false }
        let requests = ForwardedRequest.all(socket.received)
        let before = answered
        while answered < requests.count {
            let request = requests[answered]
            let isEarly = request.target.span.text.contains("early")
            guard request.body.isWhole || isEarly else { break }
            isDone = !request.body.isWhole
            if request.upgrades, count % 2 == 0 {
                // From here on it echoes nothing: what comes is only looked at, in the end.
                let head = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nhello"
                socket.pending += Array(head.utf8)
                hasSwitched = true
                isDone = true
                return true
            }
            socket.pending += Array(Self.response(number: count, to: request).utf8)
            count += 1
            answered += 1
        }
        return answered > before
    }

    private static func response(number: Int, to request: ForwardedRequest) -> String {
        let isHead = request.target.starts(with: Array("HEAD ".utf8))
        let field = "X-Number: \(number)\r\n"
        switch number % 4 {
        case 0: return "HTTP/1.1 200 OK\r\n\(field)Content-Length: 2\r\n\r\n" + (isHead ? "" : "ok")
        case 1:
            let body = "3\r\nyes\r\n2;x\r\n, \r\n0\r\nX-Sum: 5\r\n\r\n"
            return "HTTP/1.1 404 \r\nTransfer-Encoding: chunked\r\n\(field)\r\n" + (isHead ? "" : body)
        case 2: return "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 204 No Content\r\n\(field)\r\n"
        default: return "HTTP/1.1 304 Not Modified\r\n\(field)Content-Length: 7\r\n\r\n"
        }
    }
}
