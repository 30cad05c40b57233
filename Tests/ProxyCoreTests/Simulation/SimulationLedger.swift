#if FAULT_INJECTION
    import ProxyCore

    /// What has been asked and done in a run, and what may be done: a model of the proxy without bytes, sockets or
    /// waiting.
    final class SimulationLedger {
        let kernel: SimulatedKernel
        let plan: SimulationPlan
        var requests: [Int: PlannedRequest] = [:]
        /// The names of the keys that there are; nil when there are none.
        private(set) var keys = Epochs<[String]?>(nil)
        private(set) var rules = Epochs(SimulatedRules.all[0])
        var waits = SimulatedWaits()
        /// Messages that lie in the worker's mailbox.
        private(set) var messages = 0
        /// An upstream has closed a connection that lay idle.
        var hasClosedIdle = false
        var drainedAt: UInt64?
        var wasCut = false
        private(set) var violations: [String] = []
        /// How often what has happened.
        private(set) var tally: [String: Int] = [:]

        init(_ kernel: SimulatedKernel, _ plan: SimulationPlan) {
            self.kernel = kernel
            self.plan = plan
        }

        func count(_ what: String) { tally[what, default: 0] += 1 }

        func violation(_ text: String) {
            kernel.trace("BROKEN: \(text)")
            if violations.count < 5 { violations.append(text) }
        }

        func require(_ condition: Bool, _ text: @autoclosure () -> String) {
            if !condition { violation(text()) }
        }

        // MARK: - Messages

        func posted() { messages += 1 }

        /// Keys were put into the worker's mailbox.
        ///
        /// - Parameter settles: nobody needs to wait for keys on.
        func keysPosted(_ names: [String]?, settles: Bool) {
            posted()
            if settles { waits.keysSettled(at: kernel.now) }
            keys.posted(names, at: kernel.now)
        }

        func rulesPosted(_ newer: SimulatedRules) {
            posted()
            rules.posted(newer, at: kernel.now)
        }

        /// The worker takes its messages.
        func messagesTaken() {
            messages = 0
            keys.taken(at: kernel.now)
            rules.taken(at: kernel.now)
        }

        // MARK: - What may be done

        /// What takes no longer than one turn of the loop.
        static let turn: UInt64 = 5_000_000

        /// What may come of a request that is judged some time between these two.
        func decisions(_ request: PlannedRequest, _ times: ClosedRange<UInt64>) -> SimulatedDecisions {
            SimulatedDecisions(
                request, rules: rules.values(times), keys: keys.values(times),
                walls: kernel.walls(from: times.lowerBound, to: times.upperBound))
        }

        /// From when its head had come until then.
        func times(_ request: PlannedRequest, upTo time: UInt64) -> ClosedRange<UInt64> {
            let came = request.headCameAt ?? time
            return min(came, time)...time
        }

        func turn(endingAt time: UInt64) -> ClosedRange<UInt64> { (time - Self.turn)...time }

        /// Codes of answers that are the upstream's or the network's fault.
        func mayBlameUpstream(_ request: PlannedRequest) -> Bool {
            let profile = plan.profile
            return request.answer.fault != .none || request.answer.isNearlyTooLate || profile.hasNetworkFaults
                || profile.hasShortages || profile.hasUpstreamFaults || plan.upstreamConnections < 256
                || hasClosedIdle && !request.isRepeatable
        }

        /// The one whose head these bytes begin with.
        func request(in bytes: [UInt8]) -> PlannedRequest? {
            let lines = String(decoding: bytes.prefix(300), as: UTF8.self).split(separator: "\r\n")
            return lines.first { $0.hasPrefix("X-Id: ") }.flatMap { Int($0.dropFirst(6)) }.flatMap { requests[$0] }
        }

        // MARK: - What an upstream got

        /// The head of a request has reached an upstream. nil when nobody asked for that.
        func forwarded(_ head: PlainMessageHead, over way: SimulatedWay) -> PlannedRequest? {
            guard let id = head.value("x-id").flatMap({ Int($0) }), let request = requests[id] else {
                violation("an upstream got what nobody sent: \(head.startLine.joined(separator: " "))")
                return nil
            }
            kernel.trace("request \(id) reaches an upstream")
            require(request.damage != .head, "request \(id) has a bad head, and was forwarded")
            require(
                head.method == request.method && head.target == request.target, "request \(id) was changed on its way")
            require(request.headCameAt != nil, "request \(id) is forwarded before its head was there")
            // A body that fails is answered while the head may still be under way.
            require(!request.isAnswered || !request.framedBody.isEmpty, "request \(id) is forwarded after its answer")
            if request.attempts == 0, isJudged(request, when: way) { checkHesitation(request, until: way.chosenAt) }
            if let what = waits.overdue(request) { violation("request \(id) is forwarded though \(what)") }
            request.attempts += 1
            count(request.attempts == 1 ? "forwarded" : "forwarded once more")
            checkRules(head, request, way)
            if request.attempts > 1 {
                require(
                    request.attempts == 2 && request.isRepeatable, "request \(id) is sent \(request.attempts) times")
                require(!request.hasAnswerArrived(), "request \(id) is sent again after its answer began")
            }
            return request
        }

        /// Where a connection need not be waited for, a request leaves in the turn in which it is judged; unless it was
        /// sent before, on a connection that had been closed, and never came there.
        private func isJudged(_ request: PlannedRequest, when way: SimulatedWay) -> Bool {
            plan.upstreamConnections == 256 && !(hasClosedIdle && way.isFresh && request.isRepeatable)
        }

        /// Between its head and what was made of it there is time for keys to be fetched, and for nothing else.
        func checkHesitation(_ request: PlannedRequest, until time: UInt64) {
            guard let came = request.headCameAt, let accepted = request.proxyEnd?.acceptedAt,
                let inTurnSince = request.inTurnSince
            else { return }
            let start = max(came, accepted, inTurnSince)
            guard time > start + SimulatedWaits.slack else { return }
            count("judged later than at once")
            let span = start...time
            // Other rules begin the wait for keys anew, within the same time.
            let mayWait = request.credentials.key != nil && request.mayNeedToken(under: rules.values(span))
            require(
                mayWait && time <= start + SimulatedWaits.keys + SimulatedWaits.slack
                    && (rules.values(span).count > 1 || !waits.wereKeysSettled(within: span)),
                "request \(request.id) is judged \(Double(time - start) / 1e9) s after it came")
        }

        /// It was permitted by the rules that were in force when it was judged, and goes where those say, with the
        /// identity that they want.
        private func checkRules(_ head: PlainMessageHead, _ request: PlannedRequest, _ way: SimulatedWay) {
            let times = isJudged(request, when: way) ? turn(endingAt: way.chosenAt) : times(request, upTo: way.sentAt)
            let permitted = request.attempts > 1 ? request.judgedBy : decisions(request, times).permittedBy
            require(
                !permitted.isEmpty,
                "request \(request.id), \(request.target) by \(request.credentials), is forwarded under "
                    + "\(rules.values(times).map(\.name))")
            let right = permitted.filter { $0.upstream == way.upstream && Self.isIdentity(head, request, $0) }
            require(
                right.count > 0 || permitted.isEmpty,
                "request \(request.id) comes to upstream \(way.upstream) as \(Self.identity(head)), "
                    + "not as \(permitted.map(\.name)) say")
            if right.contains(where: { $0 != rules.latest }) {
                count("forwarded by rules that are no longer the latest")
            }
            request.judgedBy = right
        }

        private static func identity(_ head: PlainMessageHead) -> [String] {
            let fields = head.fields.filter { field in
                let folded = field.name.replacing("_", with: "-")
                return folded.hasPrefix("x-auth-") || folded == "authorization"
            }
            return fields.map { "\($0.name): \($0.value)" }.sorted()
        }

        private static func isIdentity(
            _ head: PlainMessageHead, _ request: PlannedRequest, _ rules: SimulatedRules
        ) -> Bool {
            let client = request.credentials.rawValue
            let expected =
                rules.need(request.route) == .nothing
                ? []
                : [
                    "x-auth-client-id: \(client)", "x-auth-issuer: \(ClaimsText.issuer)",
                    "x-auth-scopes: \(request.credentials.scopes)", "x-auth-subject: \(client)-subject",
                ]
            return identity(head) == expected
        }
    }

    /// How a request came to an upstream.
    struct SimulatedWay {
        let upstream: Int
        /// It is the first one there.
        let isFresh: Bool
        /// When its connection was made for it, or given to it.
        let chosenAt: UInt64
        let sentAt: UInt64
    }
#endif
