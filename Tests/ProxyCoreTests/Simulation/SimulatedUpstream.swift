#if FAULT_INJECTION
    /// One connection at the upstream: reads requests and answers them, or fails, as each one's plan says.
    final class SimulatedUpstream: SimulatedPeer {
        private let ledger: SimulationLedger
        private let kernel: SimulatedKernel
        private let socket: SimulatedSocket
        private var reader = MessageReader(readsResponses: false)
        /// The request that is being read or answered.
        private var request: PlannedRequest?
        private var isFaulty = false
        private var bodyCount = 0
        private var isRead = true
        private var isAnswering = false
        private var isAnswered = true
        private var outbox: [UInt8] = []
        /// What follows when `outbox` is empty.
        private var afterwards: (() -> Void)?
        private var requests = 0
        private var isReadingScheduled = false
        private let readMax: Int

        init(_ ledger: SimulationLedger, _ socket: SimulatedSocket) {
            self.ledger = ledger
            kernel = ledger.kernel
            self.socket = socket
            readMax = ledger.plan.profile.hasSlowness && ledger.kernel.random.next(upTo: 4) == 0 ? 2_000 : 1 << 20
            socket.owner = self
        }

        func changed(_ socket: SimulatedSocket) {
            send()
            read()
        }

        /// Nothing is sent on a connection at rest that is over, or says something, where the proxy could know: it was
        /// told before this turn, or has looked, as it does before what cannot be sent again and where the loop has had
        /// no time to tell.
        func isSentTo(from near: SimulatedSocket, _ bytes: [UInt8]) {
            guard requests > 0, reader.isBetween, isRead, isAnswered, reader.taken == near.sentBytes else { return }
            guard near.receivedEnd || near.isReset || !near.received.isEmpty else { return }
            let came = near.arrivals.last(upTo: .max)
            let isUnknown: Bool
            if let looked = near.lookedAt, looked.turn == kernel.turn {
                isUnknown = came >= looked.time
            } else {
                isUnknown =
                    came + SimulationLedger.turn > kernel.now && near.readInTurn < kernel.turn
                    && ledger.request(in: bytes)?.isRepeatable ?? false
            }
            ledger.require(
                isUnknown, "a request is sent on \(near.name), to which something had come while it was at rest")
        }

        // MARK: - Reading

        private func read() {
            guard !socket.isClosed, !isReadingScheduled else { return }
            if !socket.received.isEmpty {
                reader.append(socket.read(readMax))
                readMessages()
            }
            guard !socket.isClosed else { return }
            if !socket.received.isEmpty {
                isReadingScheduled = true
                return kernel.after(1_000_000) { [self] in
                    isReadingScheduled = false
                    read()
                }
            }
            if socket.isOver { ended() }
        }

        private func readMessages() {
            while !socket.isClosed, let event = reader.next() {
                switch event {
                case .head(let head): headCame(head)
                case .body(let bytes): bodyCame(bytes)
                case .end: requestEnded()
                case .malformed(let what):
                    ledger.violation("an upstream gets \(what) that is malformed, in request \(request?.id ?? -1)")
                    socket.reset()
                }
            }
        }

        private func headCame(_ head: PlainMessageHead) {
            ledger.require(isRead && isAnswered, "\(socket.name) gets a request before the one before it is done")
            let near = socket.peer ?? socket
            let sentAt = near.offers.time(of: reader.taken) ?? kernel.now
            let way = SimulatedWay(
                upstream: near.upstream ?? 0, isFresh: requests == 0, chosenAt: requests == 0 ? near.createdAt : sentAt,
                sentAt: sentAt)
            guard let request = ledger.forwarded(head, over: way) else { return socket.reset() }
            self.request = request
            requests += 1
            request.upstreamEnd = near
            request.headEnd = nil
            let arrived = socket.peer?.arrivedBytes ?? 0
            request.hasAnswerArrived = { [weak socket] in socket?.peer.map { $0.arrivedBytes > arrived } ?? false }
            isFaulty = request.answer.fault != .none && (request.attempts == 1 || request.answer.repeats)
            bodyCount = 0
            isRead = false
            isAnswering = false
            isAnswered = false
            if request.expectsContinue, request.answer.sendsContinue, !request.answer.isEarly {
                request.interimSent += 1
                enqueue(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8))
            }
            if request.answer.isEarly { answer() }
        }

        private func bodyCame(_ bytes: [UInt8]) {
            guard let request else { return }
            let expected = request.body.dropFirst(bodyCount).prefix(bytes.count)
            ledger.require(expected.elementsEqual(bytes), "request \(request.id) has another body at its upstream")
            bodyCount += bytes.count
        }

        private func requestEnded() {
            guard let request else { return }
            isRead = true
            ledger.require(
                bodyCount == request.body.count && request.damage == .none,
                "request \(request.id) ends after \(bodyCount) bytes of its body")
            request.hasArrived = true
            kernel.trace("request \(request.id) is whole at its upstream")
            answer()
        }

        private func ended() {
            if reader.isBetween, isAnswered || socket.isReset { return socket.close() }
            // A request that is not whole gets no answer; one that is still does.
            if socket.isReset || !isRead { socket.close() }
        }

        // MARK: - Answering

        private func answer() {
            guard let request, !isAnswering else { return finishIfDone() }
            isAnswering = true
            kernel.after(request.answer.delay) { [self] in
                guard !socket.isClosed else { return }
                if request.answer.sendsHints {
                    request.interimSent += 1
                    enqueue(Array("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n".utf8))
                }
                begin(request, request.answer)
            }
        }

        private func begin(_ request: PlannedRequest, _ answer: PlannedAnswer) {
            let bytes = answer.bytes
            request.headEnd = hasHead(answer) ? socket.sentBytes + outbox.count + answer.headCount : nil
            switch isFaulty ? answer.fault : .none {
            case .none: deliver(bytes)
            case .unaskedLater: deliver(bytes)
            case .closeInBody where answer.isHeadOnly: deliver(bytes)
            case .resetInBody where answer.isHeadOnly: deliver(bytes)
            case .stallInBody where answer.isHeadOnly: deliver(bytes)
            // Where the connection's end is the body's, it is no second answer.
            case .extraAnswer where answer.framing == .untilClose: deliver(bytes)
            case .extraAnswer:
                // In one piece: whoever reads the answer can see what is behind it.
                let more = Array("HTTP/1.1 200 OK\r\nX-Echo: 999999\r\nContent-Length: 3\r\n\r\nbad".utf8)
                enqueueWhole(bytes + more)
            case .closeBeforeHead: fail(after: 0) { $0.close() }
            case .resetBeforeHead: fail(after: 0) { $0.reset() }
            case .closeInHead: fail(after: 1 + kernel.random.next(upTo: answer.headCount - 1)) { $0.close() }
            case .closeInBody: fail(after: cut(answer)) { $0.close() }
            case .resetInBody: fail(after: cut(answer)) { $0.reset() }
            case .silence: break
            case .stallInBody: fail(after: cut(answer)) { _ in }
            case .garbage:
                enqueue(Array("HTTP/1.1 2000 What\r\nno colon here\r\n\r\n".utf8))
            }
        }

        private func hasHead(_ answer: PlannedAnswer) -> Bool {
            !isFaulty || ![.closeBeforeHead, .resetBeforeHead, .closeInHead, .silence, .garbage].contains(answer.fault)
        }

        /// Somewhere in the body, or before its end.
        private func cut(_ answer: PlannedAnswer) -> Int {
            answer.headCount + kernel.random.next(upTo: max(1, answer.bytes.count - answer.headCount))
        }

        private func fail(after count: Int, _ end: @escaping (SimulatedSocket) -> Void) {
            guard let request else { return }
            afterwards = { [self] in end(socket) }
            enqueue(Array(request.answer.bytes.prefix(count)))
        }

        private func deliver(_ bytes: [UInt8]) {
            guard let request else { return }
            let size = max(1, bytes.count / request.answer.pieces)
            deliver(bytes[...], size, request)
        }

        private func deliver(_ bytes: ArraySlice<UInt8>, _ size: Int, _ request: PlannedRequest) {
            guard !socket.isClosed else { return }
            let rest = bytes.dropFirst(size)
            if rest.isEmpty {
                afterwards = { [self] in answered(request) }
            } else {
                kernel.after(request.answer.pieceDelay) { [self] in deliver(rest, size, request) }
            }
            enqueue(Array(bytes.prefix(size)))
        }

        private func answered(_ request: PlannedRequest) {
            request.isAnsweredWhole = true
            isAnswered = true
            kernel.trace("request \(request.id) is answered by its upstream")
            finishIfDone()
        }

        private func finishIfDone() {
            guard let request, isRead, isAnswered, outbox.isEmpty, !socket.isClosed else { return }
            if request.answer.saysClose { return socket.close() }
            let count = requests
            if let delay = request.answer.closesAfter {
                if kernel.chance(50) {
                    kernel.betweenCalls.append { [self] in closeIdle(count, atOnce: true) }
                } else {
                    kernel.after(delay) { [self] in closeIdle(count, atOnce: false) }
                }
            }
            if isFaulty, request.answer.fault == .unaskedLater {
                kernel.after(20_000_000, onlyWhileWaiting: true) { [self] in sayUnasked(count) }
            }
        }

        private func sayUnasked(_ count: Int) {
            guard requests == count, reader.isBetween, isRead, isAnswered, socket.isAtRest else { return }
            kernel.trace("\(socket.name) says something unasked")
            socket.sendUnasked(Array("HTTP/1.1 200 OK\r\nX-Echo: 888888\r\nContent-Length: 0\r\n\r\n".utf8))
        }

        private func closeIdle(_ count: Int, atOnce: Bool) {
            guard requests == count, isRead, isAnswered, !socket.isClosed else { return }
            ledger.hasClosedIdle = true
            if atOnce { socket.endAtOnce() }
            socket.close()
        }

        // MARK: - Sending

        private func enqueue(_ bytes: [UInt8]) {
            outbox += bytes
            send()
        }

        private func enqueueWhole(_ bytes: [UInt8]) {
            guard let request, !socket.isClosed else { return }
            guard outbox.isEmpty, socket.hasAllArrived else {
                return kernel.after(1_000_000) { [self] in enqueueWhole(bytes) }
            }
            socket.sendUnasked(bytes)
            answered(request)
        }

        private func send() {
            guard !socket.isClosed else { return }
            if !outbox.isEmpty {
                let count = socket.send(outbox)
                if count > 0 { outbox.removeFirst(count) }
            }
            guard outbox.isEmpty, let next = afterwards else { return }
            afterwards = nil
            next()
        }
    }
#endif
