#if FAULT_INJECTION
    /// One caller with one connection: sends its requests in pieces, some before the answers to those before have come,
    /// and holds each answer against what may be said to it.
    final class SimulatedCaller: SimulatedPeer {
        /// How it leaves.
        enum Exit {
            case afterAnswers
            /// Ends its side once all is sent, and reads on.
            case halfClose
            /// Closes, or breaks off, when so many steps are done.
            case close(step: Int)
            case reset(step: Int)
            /// Ends its side in the middle of something.
            case endEarly(step: Int)
        }

        struct Step {
            let bytes: [UInt8]
            let delay: UInt64
            let request: PlannedRequest
            let endsHead: Bool
            let endsRequest: Bool
            /// Waits for a 100, or for a second.
            let awaitsContinue: Bool
        }

        let name: String
        private let ledger: SimulationLedger
        private let kernel: SimulatedKernel
        private let requests: [PlannedRequest]
        private let steps: [Step]
        private let depth: Int
        private let exit: Exit
        private let readMax: Int
        private let readPause: UInt64
        private var socket: SimulatedSocket?
        private var answers: AnswerCheck
        private var nextStep = 0
        private var outbox: [UInt8] = []
        private var isStepPending = false
        private var continueDeadline: UInt64?
        private var isReadingScheduled = false
        private(set) var isDone = false
        private var lastProgress: UInt64 = 0

        /// Longer than any wait that the proxy allows.
        private static let patience: UInt64 = 400_000_000_000

        init(_ index: Int, _ ledger: SimulationLedger, _ requests: [PlannedRequest], _ plan: inout SimulationPlan) {
            name = "caller \(index)"
            self.ledger = ledger
            kernel = ledger.kernel
            self.requests = requests
            depth = plan.pick([1, 1, 2, 8])
            steps = Self.steps(requests, &plan)
            exit = Self.exit(steps.count, &plan)
            let isSlowReader = plan.profile.hasSlowness && plan.chance(20)
            readMax = isSlowReader ? 3_000 : 1 << 20
            readPause = isSlowReader ? 20_000_000 : 0
            answers = AnswerCheck(ledger, requests)
        }

        private static func exit(_ steps: Int, _ plan: inout SimulationPlan) -> Exit {
            guard plan.profile.hasCallerFaults, plan.chance(40) else {
                return plan.chance(30) ? .halfClose : .afterAnswers
            }
            let step = plan.random.next(upTo: steps)
            return plan.pick([.close(step: step), .reset(step: step), .endEarly(step: step)])
        }

        private static func steps(_ requests: [PlannedRequest], _ plan: inout SimulationPlan) -> [Step] {
            requests.flatMap { request in
                let pauses: [UInt64] = [90_000_000_000, plan.nearly(75)]
                let pause = plan.chance(plan.profile.hasSlowness ? 12 : 3) ? plan.pick(pauses) : 0
                let thinking = plan.chance(50) ? 0 : UInt64(plan.random.next(upTo: 30_000_000))
                return steps(of: request, request.head, pause + thinking, isHead: true, &plan)
                    + steps(of: request, request.framedBody, 0, isHead: false, &plan)
            }
        }

        /// One part of a request, in one piece or in several.
        private static func steps(
            of request: PlannedRequest, _ bytes: [UInt8], _ delay: UInt64, isHead: Bool, _ plan: inout SimulationPlan
        ) -> [Step] {
            guard !bytes.isEmpty else { return [] }
            // Slow, but not slower than it may be.
            let drips = !isHead && bytes.count > 10_000 && plan.profile.hasSlowness && plan.chance(40)
            let count = drips ? bytes.count / 4_000 : plan.chance(70) ? 1 : 2 + plan.random.next(upTo: 4)
            var steps: [Step] = []
            var start = 0
            for piece in 1...count where start < bytes.count {
                let size = drips ? 4_000 : 1 + plan.random.next(upTo: bytes.count - start)
                let end = piece == count ? bytes.count : start + size
                var pause = start == 0 ? delay : drips ? 14_000_000_000 : UInt64(plan.random.next(upTo: 4_000_000))
                if start > 0, !drips, plan.profile.hasSlowness, plan.chance(15) {
                    request.isSlow = true
                    pause = plan.pick([45_000_000_000, plan.nearly(isHead ? 10 : 30)])
                }
                let isEnd = end == bytes.count
                steps.append(
                    Step(
                        bytes: Array(bytes[start..<end]), delay: pause, request: request, endsHead: isHead && isEnd,
                        endsRequest: isEnd && (!isHead || request.framedBody.isEmpty),
                        awaitsContinue: !isHead && start == 0 && request.expectsContinue))
                start = end
            }
            return steps
        }

        // MARK: - Its life

        func start() {
            socket = kernel.connectToProxy(
                name: name, capacity: kernel.bufferSize(), proxyCapacity: kernel.bufferSize())
            guard let socket else {
                kernel.trace("\(name) is refused")
                ledger.require(ledger.drainedAt != nil || ledger.wasCut, "\(name) is refused")
                isDone = true
                return
            }
            socket.owner = self
            lastProgress = kernel.now
            watch()
            goOn()
        }

        private func watch() {
            kernel.after(Self.patience) { [self] in
                guard !isDone else { return }
                guard kernel.now - lastProgress >= Self.patience else { return watch() }
                ledger.violation("\(name) waits for ever\(answers.awaited)")
                finish()
            }
        }

        /// It has broken its connection off, and the proxy, which could know, keeps it.
        var isForgotten: Bool {
            guard let near = socket?.peer, !near.isClosed, let accepted = near.acceptedAt else { return false }
            guard let resetAt = near.resetAt else { return false }
            return max(resetAt, accepted) + SimulationLedger.turn < kernel.now
        }

        /// Since when nothing has moved on the proxy's end of its connection, nor on that to its upstream; nil when it
        /// has none.
        var restsSince: UInt64? {
            guard let near = socket?.peer, !near.isClosed else { return nil }
            let ends = [near] + requests.compactMap(\.upstreamEnd)
            return ends.map { max($0.createdAt, $0.arrivals.last(upTo: .max), $0.offers.last(upTo: .max)) }.max()
        }

        /// It waits for no answer, and has not begun to ask.
        private var isIdle: Bool { isDone || answers.isIdle && outbox.isEmpty }

        /// It has been so for longer than a connection lingers.
        var isAtRest: Bool { isIdle && kernel.now - lastProgress > 10_000_000_000 }

        func changed(_ socket: SimulatedSocket) {
            lastProgress = kernel.now
            flush()
            read()
        }

        // MARK: - Sending

        /// Does the next step when its time has come and the answers before it have.
        private func goOn() {
            guard !isDone, let socket, !isStepPending, outbox.isEmpty, !answers.isOver else { return }
            guard nextStep < steps.count else { return allSent(socket) }
            if leaves(socket) { return }
            let step = steps[nextStep]
            if nextStep == 0 || steps[nextStep - 1].request !== step.request {
                guard answers.unanswered(ofSent: step.request) < depth else { return }
            }
            if step.awaitsContinue, step.request.interimSeen == 0, !step.request.isAnswered {
                let deadline = continueDeadline ?? kernel.now + 1_000_000_000
                if continueDeadline == nil {
                    continueDeadline = deadline
                    kernel.at(deadline) { [self] in goOn() }
                }
                guard kernel.now >= deadline else { return }
            }
            continueDeadline = nil
            isStepPending = true
            kernel.after(step.delay) { [self] in
                isStepPending = false
                take(step)
            }
        }

        private func take(_ step: Step) {
            guard !isDone, let socket, !answers.isOver else { return }
            nextStep += 1
            lastProgress = kernel.now
            if step.request.headSentAt == nil, step.request.firstByte < 0 {
                step.request.firstByte = socket.sentBytes
                step.request.proxyEnd = socket.peer
                answers.begun(step.request)
            }
            outbox = step.bytes
            flush()
        }

        private func flush() {
            guard !isDone, let socket, !outbox.isEmpty else { return }
            let count = socket.send(outbox)
            if count < 0 {
                // Nobody takes more: what has been answered can still be read.
                if count != -11 { outbox = [] }
                return
            }
            outbox.removeFirst(count)
            guard outbox.isEmpty else { return }
            let step = steps[nextStep - 1]
            if step.endsHead {
                step.request.headSentAt = kernel.now
                kernel.trace(
                    "\(name) has sent the head of request \(step.request.id): \(step.request.method) "
                        + "\(step.request.target) by \(step.request.credentials)")
            }
            if step.endsRequest { step.request.isSent = true }
            goOn()
        }

        /// True when it has left.
        private func leaves(_ socket: SimulatedSocket) -> Bool {
            switch exit {
            case .close(nextStep):
                finish()
                return true
            case .reset(nextStep):
                socket.reset()
                finish()
                return true
            case .endEarly(nextStep):
                kernel.trace("\(name) ends its side early")
                answers.hasEndedEarly = true
                socket.endSending()
                nextStep = steps.count
                read()
                return true
            case .afterAnswers, .halfClose, .close, .reset, .endEarly: return false
            }
        }

        private func allSent(_ socket: SimulatedSocket) {
            if case .halfClose = exit, !socket.hasEndedSending {
                kernel.trace("\(name) ends its side")
                socket.endSending()
            }
            if answers.hasAll, !socket.hasEndedSending { finish() }
        }

        private func finish() {
            guard !isDone else { return }
            isDone = true
            kernel.trace("\(name) leaves")
            socket?.close()
        }

        // MARK: - Reading

        private func read() {
            guard !isDone, !isReadingScheduled, let socket else { return }
            if !socket.received.isEmpty {
                answers.came(socket.read(readMax), from: socket.peer)
                lastProgress = kernel.now
            }
            if !socket.received.isEmpty {
                isReadingScheduled = true
                return kernel.after(max(1_000, readPause)) { [self] in
                    isReadingScheduled = false
                    read()
                }
            }
            guard socket.isOver else { return goOn() }
            answers.ended(socket, isSlowReader: readPause > 0)
            finish()
        }
    }
#endif
