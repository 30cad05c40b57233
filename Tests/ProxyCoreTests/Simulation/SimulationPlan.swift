#if FAULT_INJECTION
    /// How a run goes, as far as it is drawn before it begins.
    struct SimulationPlan {
        struct Profile {
            var hasUpstreamFaults = false
            /// Upstreams close connections that they said nothing about.
            var hasClosingUpstreams = false
            var hasCallerFaults = false
            var hasNetworkFaults = false
            var hasShortages = false
            var hasSlowness = false
            var keysFail = false
            var wallJumps = false
        }

        var random: SeededRandom
        let profile: Profile
        let callers: Int
        /// When the worker is told to drain or to end, if it is while callers are there.
        let drainAt: UInt64?
        let cutAt: UInt64?
        /// When it gets rules anew, and which.
        let reloads: [(at: UInt64, rules: SimulatedRules)]
        /// Connections to the upstream that it may have.
        let upstreamConnections: Int

        init(seed: UInt64) {
            var random = SeededRandom(seed: seed &* 2 &+ 1)
            var profile = Profile()
            // Every fourth run is calm: then everything has to be answered as it should.
            if random.next(upTo: 4) > 0 {
                profile.hasUpstreamFaults = random.next(upTo: 2) == 0
                profile.hasClosingUpstreams = random.next(upTo: 2) == 0
                profile.hasCallerFaults = random.next(upTo: 2) == 0
                profile.hasNetworkFaults = random.next(upTo: 4) == 0
                profile.hasShortages = random.next(upTo: 5) == 0
                profile.hasSlowness = random.next(upTo: 3) == 0
                profile.keysFail = random.next(upTo: 4) == 0
                profile.wallJumps = random.next(upTo: 5) == 0
            }
            callers = 1 + random.next(upTo: 4)
            drainAt = random.next(upTo: 4) == 0 ? UInt64(random.next(upTo: 200_000_000)) : nil
            cutAt = random.next(upTo: 12) == 0 ? UInt64(random.next(upTo: 200_000_000)) : nil
            upstreamConnections = [1, 2, 256, 256, 256][random.next(upTo: 5)]
            var rules = SimulatedRules.all[0]
            let times = (0..<[0, 0, 1, 3, 6][random.next(upTo: 5)]).map { _ in UInt64(random.next(upTo: 300_000_000)) }
            var reloads: [(at: UInt64, rules: SimulatedRules)] = []
            for time in times.sorted() {
                // Now and then nothing changes but all objects.
                if random.next(upTo: 4) > 0 { rules = SimulatedRules.all[random.next(upTo: SimulatedRules.all.count)] }
                reloads.append((time, rules))
            }
            self.reloads = reloads
            self.profile = profile
            self.random = random
        }

        mutating func chance(_ hundredths: Int) -> Bool { hundredths > 0 && random.next(upTo: 100) < hundredths }

        mutating func pick<Value>(_ values: [Value]) -> Value { values[random.next(upTo: values.count)] }

        /// Just before a time or just after it: what comes then meets the timer that waits for it.
        mutating func nearly(_ seconds: UInt64) -> UInt64 {
            let spread = pick([4_000_000, 200_000_000])
            return seconds * 1_000_000_000 - UInt64(spread / 2) + UInt64(random.next(upTo: spread))
        }

        mutating func route() -> PlannedRequest.Route {
            pick([.open, .open, .a, .a, .a, .b, .b, .any, .any, .small, .nowhere, .ambiguous])
        }

        mutating func credentials() -> SimulatedCredentials {
            chance(65) ? pick([.reader, .writer, .writer, .rotated]) : pick(SimulatedCredentials.allCases)
        }

        mutating func damage() -> PlannedRequest.Damage {
            profile.hasCallerFaults && chance(10) ? pick([.head, .chunk]) : .none
        }

        mutating func upstreamFault() -> PlannedAnswer.Fault {
            profile.hasUpstreamFaults && chance(35) ? pick(PlannedAnswer.Fault.allCases) : .none
        }

        mutating func bodySize() -> Int {
            switch random.next(upTo: 20) {
            case 0...1: 0
            case 2...14: 1 + random.next(upTo: 300)
            case 15...17: random.next(upTo: 3_000)
            case 18: random.next(upTo: 20_000)
            case _: random.next(upTo: 150_000)
            }
        }

        mutating func faults() -> SimulatedFaults {
            var faults = SimulatedFaults()
            faults.segments = pick([0, 10, 60])
            faults.shortWrites = pick([0, 0, 20])
            faults.needlessEdges = pick([0, 5, 30])
            faults.probes = pick([20, 100, 100])
            faults.latencyMax = pick([1_000, 100_000, 5_000_000, 40_000_000])
            if profile.hasShortages {
                faults.acceptShortage = 20
                faults.socketShortage = 20
            }
            if profile.hasNetworkFaults {
                faults.refusals = 20
                faults.silence = 10
            }
            return faults
        }
    }
#endif
