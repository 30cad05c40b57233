#if FAULT_INJECTION
    import ProxyCore

    /// What has been asked and done in a run, and what may be done: a model of the proxy without bytes, sockets or
    /// waiting.
    final class SimulationLedger {
        /// The keys that a worker may judge by, and since when; until the next ones have been taken from its mailbox.
        struct KeyEpoch {
            /// nil when there are none.
            let keys: [String]?
            let from: UInt64
            var until: UInt64
        }

        let kernel: SimulatedKernel
        let plan: SimulationPlan
        var requests: [Int: PlannedRequest] = [:]
        private(set) var epochs = [KeyEpoch(keys: nil, from: 0, until: .max)]
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

        // MARK: - Keys

        /// Keys were put into the worker's mailbox.
        func keysPosted(_ keys: [String]?) {
            let epoch = KeyEpoch(keys: keys, from: kernel.now, until: .max)
            epochs.append(epoch)
        }

        /// The worker takes its messages: of all that were posted, the last ones count from here on.
        func messagesTaken() {
            for index in epochs.indices.dropLast() where epochs[index].until == .max {
                epochs[index].until = kernel.now
            }
        }

        // MARK: - What may be done

        private static let refusals: Set = [
            "ambiguous_path", "missing_token", "invalid_request", "invalid_token", "keys_unavailable", "no_route",
        ]

        private static let turn: UInt64 = 100_000_000

        private func window(_ request: PlannedRequest) -> (from: UInt64, to: UInt64) {
            let sent = request.headSentAt ?? kernel.now
            return (sent > Self.turn ? sent - Self.turn : 0, kernel.now)
        }

        /// Under the keys and times that there were between its sending and now: whether it may be forwarded, and with
        /// which codes it may be refused.
        func decisions(_ request: PlannedRequest) -> (forward: Bool, codes: Set<String>) {
            switch request.route {
            case .ambiguous: return (false, Self.refusals)
            case .open: return (true, [])
            case .small:
                return request.body.count <= 1_000
                    ? (true, []) : request.isChunked ? (true, ["content_too_large"]) : (false, ["content_too_large"])
            case .a, .b, .any, .nowhere: break
            }
            switch request.credentials {
            case .none: return (false, ["missing_token"])
            case .twice: return (false, ["invalid_request"])
            case .garbage: return (false, ["invalid_token"])
            case .reader, .writer, .rotated, .brief, .unknownKey, .expired, .forged: return judged(request)
            }
        }

        private func judged(_ request: PlannedRequest) -> (forward: Bool, codes: Set<String>) {
            var forward = false
            var codes: Set<String> = []
            let (from, to) = window(request)
            for epoch in epochs where epoch.from <= to && epoch.until >= from {
                guard let keys = epoch.keys else {
                    codes.insert("keys_unavailable")
                    if mayHaveExpired(request, from, to) { codes.insert("invalid_token") }
                    continue
                }
                for isValid in validities(request, keys, from, to) {
                    switch (isValid, request.route) {
                    case (false, _): codes.insert("invalid_token")
                    case (true, .nowhere): codes.insert("no_route")
                    case (true, .b) where request.credentials != .writer: codes.insert("insufficient_scope")
                    case (true, _): forward = true
                    }
                }
            }
            return (forward, codes)
        }

        private func validities(_ request: PlannedRequest, _ keys: [String], _ from: UInt64, _ to: UInt64) -> Set<Bool>
        {
            guard let key = request.credentials.key, keys.contains(key) else { return [false] }
            switch request.credentials {
            case .expired, .forged, .none, .garbage, .twice, .unknownKey: return [false]
            case .reader, .writer, .rotated: return [true]
            case .brief:
                var validities: Set<Bool> = []
                if kernel.walls(from: from, to: to).lowerBound <= Self.briefEnd { validities.insert(true) }
                if mayHaveExpired(request, from, to) { validities.insert(false) }
                return validities
            }
        }

        private static let briefEnd = SimulatedTokens.wallStart + SimulatedTokens.briefSeconds

        private func mayHaveExpired(_ request: PlannedRequest, _ from: UInt64, _ to: UInt64) -> Bool {
            switch request.credentials {
            case .expired: true
            case .brief: kernel.walls(from: from, to: to).upperBound >= Self.briefEnd
            case .none, .reader, .writer, .rotated, .unknownKey, .forged, .garbage, .twice: false
            }
        }

        /// Codes of answers that are the upstream's or the network's fault.
        func mayBlameUpstream(_ request: PlannedRequest) -> Bool {
            let profile = plan.profile
            return request.answer.fault != .none || profile.hasNetworkFaults || profile.hasShortages
                || profile.hasUpstreamFaults
                || plan.upstreamConnections < 256 || hasClosedIdle && !request.isRepeatable
        }

        // MARK: - What an upstream got

        /// The head of a request has reached an upstream. nil when nobody asked for that.
        func forwarded(_ head: PlainMessageHead) -> PlannedRequest? {
            guard let id = head.value("x-id").flatMap({ Int($0) }), let request = requests[id] else {
                violation("an upstream got what nobody sent: \(head.startLine.joined(separator: " "))")
                return nil
            }
            kernel.trace("request \(id) reaches an upstream")
            require(request.damage != .head, "request \(id) has a bad head, and was forwarded")
            require(
                head.method == request.method && head.target == request.target, "request \(id) was changed on its way")
            require(
                decisions(request).forward, "request \(id), \(request.target) by \(request.credentials), is forwarded")
            require(request.headSentAt != nil, "request \(id) is forwarded before its head was sent")
            // A body that fails is answered while the head may still be under way.
            require(!request.isAnswered || !request.framedBody.isEmpty, "request \(id) is forwarded after its answer")
            request.attempts += 1
            count(request.attempts == 1 ? "forwarded" : "forwarded once more")
            if request.attempts > 1 {
                require(
                    request.attempts == 2 && request.isRepeatable, "request \(id) is sent \(request.attempts) times")
                require(!request.hasAnswerArrived(), "request \(id) is sent again after its answer began")
            }
            checkIdentity(head, request)
            return request
        }

        private func checkIdentity(_ head: PlainMessageHead, _ request: PlannedRequest) {
            let fields = head.fields.filter { field in
                let folded = field.name.replacing("_", with: "-")
                return folded.hasPrefix("x-auth-") || folded == "authorization"
            }
            let named = fields.map { "\($0.name): \($0.value)" }.sorted()
            let client = request.credentials.rawValue
            let isPublic = request.route == .open || request.route == .small
            let expected =
                isPublic
                ? []
                : [
                    "x-auth-client-id: \(client)", "x-auth-issuer: \(ClaimsText.issuer)",
                    "x-auth-scopes: \(request.credentials.scopes)", "x-auth-subject: \(client)-subject",
                ]
            require(named == expected, "request \(request.id) comes as \(named), not as \(expected)")
        }
    }
#endif
