#if FAULT_INJECTION
    /// What comes back over one connection, held against what was asked there: answers in order, one for each request,
    /// whole or visibly cut, and nobody else's.
    struct AnswerCheck {
        private let ledger: SimulationLedger
        private let requests: [PlannedRequest]
        private var reader = MessageReader(readsResponses: true)
        private var answered = 0
        private var begun = 0
        private var head: PlainMessageHead?
        private var body: [UInt8] = []
        /// The last answer said that no other will follow.
        private var wasClosed = false
        private(set) var isOver = false
        private var lastAnswer: UInt64?
        private var proxy: SimulatedSocket?
        /// When the proxy had the answer under way.
        private var decidedAt: UInt64 = 0
        var hasEndedEarly = false

        init(_ ledger: SimulationLedger, _ requests: [PlannedRequest]) {
            self.ledger = ledger
            self.requests = requests
            requests.first?.inTurnSince = 0
        }

        var hasAll: Bool { answered == requests.count }

        var isIdle: Bool { answered == begun }

        /// What is waited for, in words.
        var awaited: String { answered < requests.count ? " for the answer to request \(requests[answered].id)" : "" }

        func unanswered(ofSent next: PlannedRequest) -> Int { begun - answered }

        mutating func begun(_ request: PlannedRequest) { begun += 1 }

        /// - Parameter proxy: the other end.
        mutating func came(_ bytes: [UInt8], from proxy: SimulatedSocket?) {
            guard !isOver else { return ledger.violation("bytes after the end of a connection") }
            self.proxy = proxy
            reader.append(bytes)
            while let event = nextEvent() {
                switch event {
                case .head(let head): headCame(head)
                case .body(let bytes): body += bytes
                case .end: answerEnded()
                case .malformed(let what):
                    ledger.violation("a caller gets \(what) that is malformed, awaiting \(awaited)")
                    isOver = true
                }
            }
        }

        private mutating func nextEvent() -> MessageReader.Event? {
            let isToHead = answered < requests.count && requests[answered].method == "HEAD"
            return reader.next(isBodiless: { isToHead })
        }

        private mutating func headCame(_ head: PlainMessageHead) {
            guard answered < begun else {
                return ledger.violation("an answer that nobody asked for: \(head.startLine.joined(separator: " "))")
            }
            let request = requests[answered]
            if head.status < 200 {
                request.interimSeen += 1
                ledger.require(
                    request.minorVersion == 1 && request.interimSeen <= request.interimSent,
                    "request \(request.id) gets an interim answer that was not sent")
                return
            }
            ledger.kernel.trace("request \(request.id) is answered \(head.status)")
            ledger.count(
                head.value("x-echo") == nil ? "answered \(head.status) by the proxy" : "answered by an upstream")
            ledger.require(!wasClosed, "an answer to request \(request.id) after one that was to be the last")
            self.head = head
            body = []
            decidedAt = proxy?.offers.time(of: reader.taken) ?? ledger.kernel.now
            guard let echo = head.value("x-echo") else { return }
            ledger.require(echo == "\(request.id)", "request \(request.id) gets the answer to \(echo)")
            ledger.require(
                request.attempts > 0, "request \(request.id) gets an answer, and has not reached an upstream")
            ledger.require(
                head.status == request.answer.status,
                "request \(request.id) gets \(head.status) for \(request.answer.status)")
        }

        private mutating func answerEnded() {
            guard let head, answered < requests.count else { return }
            let request = requests[answered]
            self.head = nil
            if head.value("x-echo") != nil {
                checkUpstreamBody(request)
            } else {
                checkOwn(head, request)
            }
            request.isAnswered = true
            answered += 1
            let persists = request.minorVersion == 1 || head.value("connection")?.lowercased() == "keep-alive"
            wasClosed = head.closes || !persists
            lastAnswer = ledger.kernel.now
            if answered < requests.count { requests[answered].inTurnSince = ledger.kernel.now }
        }

        private func checkUpstreamBody(_ request: PlannedRequest) {
            let answer = request.answer
            // Where the connection's end is the body's, nobody can know that more was to come.
            let mayBeShort = answer.framing == .untilClose && answer.fault == .closeInBody
            let isWhole = body == answer.body
            ledger.require(
                isWhole || mayBeShort && answer.body.starts(with: body),
                "request \(request.id) gets \(body.count) of \(answer.body.count) bytes, or others, as a whole answer")
        }

        private func checkOwn(_ head: PlainMessageHead, _ request: PlannedRequest) {
            let code = Self.code(body)
            let before = ledger.decisions(request, ledger.times(request, upTo: decidedAt))
            // Whatever it waited for, it was judged when it was answered.
            var codes = ledger.decisions(request, ledger.turn(endingAt: decidedAt)).codes
            codes.remove("content_too_large")
            let isRefused = code.map(codes.contains) ?? codes.contains { Self.status(of: $0) == head.status }
            let isRight: Bool
            switch head.status {
            case 502:
                isRight = before.forward && ledger.mayBlameUpstream(request) && code?.hasPrefix("upstream_") ?? true
            case 504:
                let reasons = ledger.waits.codesOf504(request, at: decidedAt)
                isRight =
                    before.forward && ledger.mayBlameUpstream(request)
                    && (code.map(reasons.contains) ?? !reasons.isEmpty)
            case 408:
                isRight =
                    code ?? "request_timeout" == "request_timeout" && ledger.waits.isCallerSlow(request, at: decidedAt)
            case 413: isRight = request.damage != .none || before.codes.contains("content_too_large")
            case _:
                let isDamaged = request.damage != .none && [400, 431, 501].contains(head.status)
                isRight = isDamaged || isRefused && request.attempts == 0
            }
            if isRefused, request.damage == .none { ledger.checkHesitation(request, until: decidedAt) }
            ledger.require(
                isRight,
                "request \(request.id), \(request.method) \(request.target) by \(request.credentials), is answered "
                    + "\(head.status) \(code ?? "") under \(before.rules.map(\.name)) and may be "
                    + "\(before.forward ? "forwarded" : "") \(codes.sorted()), attempts \(request.attempts)")
        }

        /// The member of a problem document; nil when there is no body.
        private static func code(_ body: [UInt8]) -> String? {
            let parts = String(decoding: body, as: UTF8.self).split(separator: "\"")
            guard let name = parts.firstIndex(of: "code"), name + 2 < parts.count else { return nil }
            return String(parts[name + 2])
        }

        private static func status(of code: String) -> Int {
            switch code {
            case "ambiguous_path", "invalid_request": 400
            case "missing_token", "invalid_token": 401
            case "insufficient_scope": 403
            case "no_route": 404
            case "content_too_large": 413
            case _: 503
            }
        }

        // MARK: - The end

        /// The connection is over, and all that came has been read.
        mutating func ended(_ socket: SimulatedSocket, isSlowReader: Bool) {
            guard !isOver else { return }
            isOver = true
            guard answered < begun else { return checkIdleEnd(socket) }
            let request = requests[answered]
            if head != nil, reader.endsWithStream, !socket.isReset { return answerEnded() }
            if head != nil || reader.isInHead {
                ledger.count("answers broken off")
                if suffersFromPipelining(request, socket, isSlowReader) { return }
                ledger.require(
                    mayBeCut(request, isSlowReader), "the answer to request \(request.id) is broken off for no reason")
                ledger.require(
                    wasWaitLongEnough(request, socket), "the answer to request \(request.id) is broken off too soon")
            } else {
                let why = unansweredFor(request, socket, isSlowReader: isSlowReader)
                ledger.kernel.trace("request \(request.id) goes without an answer: \(why ?? "no reason")")
                ledger.count("without an answer: \(why ?? "no reason")")
                ledger.require(why != nil, "request \(request.id) gets no answer")
            }
        }

        /// Where the proxy itself has broken off for lack of time, it had reason to.
        private func wasWaitLongEnough(_ request: PlannedRequest, _ socket: SimulatedSocket) -> Bool {
            guard !ledger.wasCut, request.damage == .none, request.route != .small, let proxy = socket.peer,
                let closedAt = proxy.closedAt
            else { return true }
            // A reset that unread bytes caused says nothing of this request.
            if proxy.closedOnUnread { return true }
            return ledger.waits.mayBreakOff(request, at: closedAt)
        }

        private func mayBeCut(_ request: PlannedRequest, _ isSlowReader: Bool) -> Bool {
            ledger.wasCut || request.answer.fault != .none || request.damage != .none || request.isSlow || isSlowReader
                || request.route == .small
        }

        /// A reset takes along what is under way, and it comes for requests behind this one, too: because an answer to
        /// one of them breaks off, or because one meets the end of a connection whose last answer this is. Whoever
        /// pipelines has to reckon with that (RFC 9112 section 9.3.2).
        private func suffersFromPipelining(
            _ request: PlannedRequest, _ socket: SimulatedSocket, _ isSlowReader: Bool
        ) -> Bool {
            guard socket.isReset, answered + 1 < begun else { return false }
            if request.asksToClose || request.minorVersion == 0 || ledger.drainedAt != nil { return true }
            return requests[(answered + 1)..<begun].contains { $0.attempts > 0 && mayBeCut($0, isSlowReader) }
        }

        /// Why a request may go without an answer; nil when it may not.
        private func unansweredFor(_ request: PlannedRequest, _ socket: SimulatedSocket, isSlowReader: Bool) -> String?
        {
            if ledger.wasCut { return "everything was cut" }
            if wasClosed { return "the one before was the last" }
            if hasEndedEarly, !request.isSent { return "its caller has ended its side in the middle of it" }
            if request.isSlow, ledger.waits.isCallerSlow(request, at: socket.peer?.closedAt ?? ledger.kernel.now) {
                return "it is slow"
            }
            if request.damage != .none, socket.isReset { return "it is damaged, and a reset took the answer" }
            if socket.isReset, mayBeCut(request, isSlowReader), request.attempts > 0 {
                return "a reset took what had begun"
            }
            guard let proxy = socket.peer else { return nil }
            if proxy.arrivedBytes <= request.firstByte { return "it came too late" }
            if proxy.closedOnUnread, let came = proxy.arrivals.time(of: request.firstByte + 1),
                came + 1_000_000 > proxy.closedAt ?? 0
            {
                return "it came just when the connection closed"
            }
            if ledger.drainedAt != nil, request.attempts == 0 { return "the worker drains" }
            if suffersFromPipelining(request, socket, isSlowReader) { return "a reset for one behind it took it" }
            return nil
        }

        private func checkIdleEnd(_ socket: SimulatedSocket) {
            let isExpected =
                wasClosed || hasEndedEarly || socket.hasEndedSending || ledger.drainedAt != nil || ledger.wasCut
            guard !isExpected, answered < requests.count, let closed = socket.peer?.closedAt else { return }
            ledger.require(
                closed - (lastAnswer ?? 0) > 70_000_000_000,
                "a connection is closed early, before request \(requests[answered].id)")
        }
    }
#endif
