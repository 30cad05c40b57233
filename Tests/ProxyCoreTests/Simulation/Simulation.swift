#if FAULT_INJECTION
    import ProxyCore

    /// One run: a worker with its listener, connections and keys, on a simulated kernel, among callers and upstreams
    /// that do what one seed says.
    final class Simulation {
        let seed: UInt64
        private let plan: SimulationPlan
        private let faults: SimulatedFaults
        private let kernel: SimulatedKernel
        private let ledger: SimulationLedger
        private var callers: [SimulatedCaller] = []
        private var upstreams: [SimulatedUpstream] = []
        private(set) var trace: [String] = []
        private var keys: SimulatedKeyServer?
        private var tell: (WorkerMessage) -> Void = { _ in }
        private var remains: () -> [String] = { [] }
        private var idlers: () -> (waiting: Int, parked: Int) = { (0, 0) }
        private var hasBeenTold = false
        private var turnsWithoutTime = 0
        private var lastTime: UInt64 = 0

        /// A worker that is at its wait so often while no time passes, does nothing but that.
        private static let turnsMax = 20_000

        init(seed: UInt64, tokens: SimulatedTokens, isTracing: Bool = false) {
            self.seed = seed
            var plan = SimulationPlan(seed: seed)
            kernel = SimulatedKernel(seed: seed, wallSeconds: UInt64(SimulatedTokens.wallStart))
            ledger = SimulationLedger(kernel, plan)
            var id = 0
            for index in 0..<plan.callers {
                let requests = (0..<(1 + plan.random.next(upTo: 5))).map { _ in
                    id += 1
                    return PlannedRequest(id: id, caller: index, plan: &plan, tokens: tokens)
                }
                for request in requests {
                    ledger.requests[request.id] = request
                    ledger.count("requests")
                }
                callers.append(SimulatedCaller(index, ledger, requests, &plan))
            }
            faults = plan.faults()
            self.plan = plan
            kernel.isTracing = isTracing
            kernel.tracer = { [unowned self] in trace.append($0) }
        }

        /// What was broken; empty when nothing was.
        func run(_ configurations: [String: Configuration], tokens: SimulatedTokens, log: LogWriter) -> [String] {
            do {
                try kernel.asProxy { try live(configurations, tokens, log) }
            } catch {
                ledger.violation("the worker does not start: \(error)")
            }
            kernel.asProxy { kernel.runOut() }
            for caller in callers where !caller.isDone { ledger.violation("\(caller.name) has not come to an end") }
            ledger.require(kernel.descriptors.isEmpty, "left open: \(kernel.openDescriptors)")
            kernel.end()
            return ledger.violations
        }

        var tally: [String: Int] { ledger.tally }

        /// A number that two equal runs have in common.
        var fingerprint: UInt64 { kernel.random.peek ^ kernel.now ^ UInt64(kernel.calls) << 40 }

        private func live(
            _ configurations: [String: Configuration], _ tokens: SimulatedTokens, _ log: LogWriter
        ) throws {
            guard let configuration = configurations[ledger.rules.latest.name] else { return }
            let mailbox = try Mailbox<WorkerMessage>()
            let issuer = configuration.issuers[0]
            let source = try KeySource(
                KeySourceSettings(
                    issuer: 0, issuerName: issuer.token.issuer, origin: issuer.keys, refresh: issuer.refresh,
                    stateDirectory: nil, access: issuer.access), publish: { _ in }, log: { _ in })
            let keys = SimulatedKeyServer(ledger, tokens, source: source, refresh: issuer.refresh, mailbox: mailbox)
            self.keys = keys
            tell = { [kernel, ledger] message in
                ledger.posted()
                kernel.asProxy { mailbox.post(message) }
            }
            defer { tell = { _ in } }
            let worker = try ProxyServer.simulatedWorker(
                configuration, upstreamConnections: plan.upstreamConnections,
                upstream: SimulatedKernel.upstreamAddresses[0],
                keys: source, mailbox: mailbox, log: log)
            remains = worker.remains
            idlers = worker.idlers
            defer {
                remains = { [] }
                idlers = { (0, 0) }
            }
            KernelStandIns.without {
                begin(keys) { rules, number in
                    guard let configuration = configurations[rules.name] else { return }
                    let address = SimulatedKernel.upstreamAddresses[rules.upstream]
                    self.tell(
                        try worker.reload(
                            SimulatedReload(
                                configuration: configuration, upstream: rules.upstream, address: address, keys: number))
                    )
                }
            }
            worker.run()
            kernel.trace("the worker has ended")
            keys.isOver = true
            self.keys = nil
            // Where everything is cut, wake-ups are left, for nobody.
            for what in worker.remains() where !what.hasSuffix("wake-ups") { ledger.violation("at the end: \(what)") }
        }

        private func begin(_ keys: SimulatedKeyServer, reload: @escaping (SimulatedRules, Int) throws -> Void) {
            kernel.faults = faults
            kernel.upstreamConnected = { [unowned self] socket in upstreams.append(SimulatedUpstream(ledger, socket)) }
            kernel.cleared = { [ledger] in ledger.messagesTaken() }
            kernel.willWait = { [unowned self] in look() }
            kernel.rests = { [unowned self] in rest(until: $0) }
            kernel.overslept = { [ledger] done in ledger.violation("the worker rests, and woken for nothing: \(done)") }
            kernel.idle = { [unowned self] in nothingHappens() }
            keys.start()
            // Mostly the first keys are there before the first callers are.
            let start: UInt64 = kernel.random.next(upTo: 4) == 0 ? 0 : 70_000_000
            for caller in callers {
                kernel.after(start + UInt64(kernel.random.next(upTo: 50_000_000))) { caller.start() }
            }
            for (time, rules) in plan.reloads {
                kernel.after(time) { [unowned self] in self.reload(rules, reload) }
            }
            if let time = plan.drainAt {
                kernel.after(time) { [unowned self] in drain() }
            }
            if let time = plan.cutAt {
                kernel.after(time) { [unowned self] in cut() }
            }
            guard plan.profile.wallJumps else { return }
            for _ in 0..<3 {
                kernel.after(UInt64(kernel.random.next(upTo: 100_000_000))) { [kernel] in
                    let start = UInt64(SimulatedTokens.wallStart) * 1_000_000_000
                    kernel.jumpWall(to: start - 3_600_000_000_000 + UInt64(kernel.random.next(upTo: 7_200_000_000_000)))
                }
            }
        }

        /// All that is made from the rules is new, also where these stay what they are.
        private func reload(_ rules: SimulatedRules, _ reload: (SimulatedRules, Int) throws -> Void) {
            guard let keys else { return }
            kernel.trace("reload: \(rules.name)")
            ledger.count("reloads")
            if rules != ledger.rules.latest { ledger.count("reloads that change something") }
            if rules.knowsIssuer, !ledger.rules.latest.knowsIssuer { keys.begin() }
            ledger.rulesPosted(rules)
            kernel.asProxy {
                do { try reload(rules, keys.number) } catch { ledger.violation("no reload: \(error)") }
            }
        }

        private func drain() {
            kernel.trace("drain")
            hasBeenTold = true
            ledger.drainedAt = ledger.drainedAt ?? kernel.now
            kernel.after(SimulationTests.drain, onlyWhileWaiting: true) { [unowned self] in drainTimeIsOver() }
            tell(.drain)
        }

        private func drainTimeIsOver() {
            ledger.wasCut = true
            guard keys != nil, !callers.isEmpty, callers.allSatisfy(\.isAtRest) else { return }
            // A caller that closes looks like one that has only ended its side, as long as nothing is sent to it.
            guard !ledger.requests.values.contains(where: \.isLeftToStall) else { return }
            ledger.violation("a worker that drains waits for callers that want nothing")
        }

        private func cut() {
            kernel.trace("cut")
            hasBeenTold = true
            ledger.wasCut = true
            tell(.cut)
        }

        /// Whenever the worker waits.
        private func look() {
            keys?.look()
            turnsWithoutTime = kernel.now == lastTime ? turnsWithoutTime + 1 : 0
            lastTime = kernel.now
            if kernel.waits > Self.turnsMax { fail("the worker does not come to rest") }
            if callers.allSatisfy(\.isDone) { keys?.isOver = true }
        }

        /// The worker rests until then, unless something happens: it has done all that it could.
        private func rest(until end: UInt64) {
            ledger.require(ledger.messages == 0, "the worker rests, and has not taken its messages")
            let idlers = idlers()
            ledger.require(idlers.waiting == 0, "\(idlers.waiting) wait for a place that is free")
            if keys?.isSettled ?? false, ledger.messages == 0 {
                ledger.require(idlers.parked == 0, "\(idlers.parked) wait for keys that have come")
            }
            if kernel.hasFreeConnections(of: plan.upstreamConnections) {
                ledger.waits.connectionsWereFree(kernel.now...min(end, kernel.now + 100_000_000_000))
            }
            for caller in callers {
                ledger.require(
                    !caller.isForgotten, "the connection that \(caller.name) has broken off is kept")
                if let since = caller.restsSince, min(end, kernel.now) - since > SimulatedWaits.longest {
                    ledger.violation("\(caller.name)'s connection has been at rest for too long")
                }
            }
        }

        /// Nothing is ready, nothing will happen, and the worker waits for no time.
        private func nothingHappens() {
            for caller in callers where !caller.isDone {
                fail("\(caller.name) waits for ever, and so does the worker")
                return
            }
            guard !hasBeenTold else { return fail("the worker was told to end, and does not") }
            for what in remains() { ledger.violation("at rest: \(what)") }
            ledger.require(kernel.openSockets.isEmpty, "at rest, these are open: \(kernel.openSockets)")
            kernel.trace("all is quiet")
            if kernel.random.next(upTo: 2) == 0 { drain() } else { cut() }
        }

        private var hasFailed = false

        private func fail(_ text: String) {
            guard !hasFailed else { preconditionFailure("simulation seed \(seed): \(text), and cannot be stopped") }
            hasFailed = true
            ledger.violation(text)
            cut()
        }
    }
#endif
