#if FAULT_INJECTION
    import ProxyCore

    /// The issuer's keys: the proxy's own state machine of a key source, whose fetches take virtual time and succeed or
    /// not. What it has goes into the worker's mailbox.
    final class SimulatedKeyServer {
        private let ledger: SimulationLedger
        private let kernel: SimulatedKernel
        private let tokens: SimulatedTokens
        private let source: KeySource
        private let mailbox: Mailbox<WorkerMessage>
        private var state: KeySourceState
        private var held: [String]?
        private var generation = 0
        /// Of the source, as the worker knows it: another one when the issuer has been away.
        private(set) var number = 0
        private var settled: UInt64 = 0
        /// The worker has been told of keys, or that there are none: until then their first ones are awaited.
        private var hasTold = false
        private var seenRequests: UInt64 = 0
        private var timer: UInt64?
        /// Nobody will ask any more.
        var isOver = false
        private let rotations: [(at: UInt64, keys: [String])]

        init(
            _ ledger: SimulationLedger, _ tokens: SimulatedTokens, source: KeySource, refresh: KeyRefresh,
            mailbox: Mailbox<WorkerMessage>
        ) {
            self.ledger = ledger
            kernel = ledger.kernel
            self.tokens = tokens
            self.source = source
            self.mailbox = mailbox
            state = KeySourceState(KeySchedule(refresh), now: Instant(nanoseconds: ledger.kernel.now))
            let start = ledger.kernel.now
            func later(_ max: Int) -> UInt64 { UInt64(ledger.kernel.random.next(upTo: max)) }
            let second = start + later(300_000_000)
            let third = second + (later(2) == 0 ? later(1_000_000_000) : 40_000_000_000 + later(40_000_000_000))
            rotations = [(0, ["k1"]), (second, ["k1", "k2"]), (third, ["k2"])]
        }

        func start() { perform(state.timePassed(now)) }

        /// Looks whether the worker has asked for keys.
        func look() {
            let count = source.refetchRequestCount
            guard count > seenRequests else { return }
            seenRequests = count
            kernel.after(kernel.latency()) { [self] in
                guard source.refetchRequestCount > settled else { return }
                perform(state.refetchRequested(now))
            }
        }

        private var now: Instant { Instant(nanoseconds: kernel.now) }
        private var jitter: Double { Double(kernel.random.next(upTo: 1000)) / 1000 }

        private func perform(_ actions: [KeySourceState.Action]) {
            for action in actions {
                switch action {
                case .fetch: fetch()
                case .readDiskCopy: break
                case .dropKeys:
                    held = nil
                    generation += 1
                    publish()
                case .settleRefetches:
                    settled = source.refetchRequestCount
                    publish()
                }
            }
            schedule()
        }

        private func fetch() {
            let fails = ledger.plan.profile.keysFail && kernel.chance(50)
            let time = kernel.chance(10) ? 3_000_000_000 : UInt64(kernel.random.next(upTo: 60_000_000))
            kernel.trace("keys are fetched")
            kernel.after(time) { [self] in
                if fails {
                    kernel.trace("no keys come")
                    return perform(state.fetchFailed(now: now, jitter: jitter))
                }
                let keys = rotations.last { $0.at <= kernel.now }?.keys
                if keys != held {
                    held = keys
                    generation += 1
                }
                perform(state.fetchSucceeded(lifetime: .seconds(20), now: now, jitter: jitter))
            }
        }

        private func publish() {
            kernel.trace("keys: \(held ?? ["none"])")
            hasTold = true
            let snapshot = KeySnapshot(
                issuer: number, keys: held.flatMap { tokens.keySets[$0] }, generation: generation, origin: .network,
                location: nil,
                fetchedAt: nil, lastFailure: nil, refetchAllowedFrom: state.cooldownUntil, settledTickets: settled)
            ledger.keysPosted(held, settles: isSettled)
            kernel.asProxy { mailbox.post(.keys(snapshot)) }
        }

        /// Where rules come that know the issuer again: by another source, whose keys are there before.
        func begin() {
            number += 1
            publish()
        }

        /// Nothing that the worker has asked for is still to come.
        var isSettled: Bool { hasTold && settled == source.refetchRequestCount }

        private func schedule() {
            let next = state.nextDeadline
            guard !isOver, next != .never, timer != next.nanoseconds else { return }
            let time = max(kernel.now, next.nanoseconds)
            timer = next.nanoseconds
            kernel.at(time) { [self] in
                guard !isOver, timer == next.nanoseconds else { return }
                timer = nil
                perform(state.timePassed(now))
            }
        }
    }
#endif
