#if FAULT_INJECTION
    import CLinux
    import Glibc
    import ProxyCore

    /// A descriptor that the simulated epoll watches.
    final class EpollItem {
        private let kernel: SimulatedKernel
        let data: UInt64
        let isEdgeTriggered: Bool
        let readiness: () -> UInt32
        /// Of a connection's end.
        let socket: SimulatedSocket?
        var isRaised = false

        init(
            _ kernel: SimulatedKernel, data: UInt64, socket: SimulatedSocket? = nil,
            _ readiness: @escaping () -> UInt32
        ) {
            self.kernel = kernel
            self.data = data
            self.socket = socket
            isEdgeTriggered = socket != nil
            self.readiness = readiness
        }

        /// Something has changed: an edge.
        func raise() {
            guard !isRaised else { return }
            isRaised = true
            kernel.raised(self)
        }
    }

    /// What may go wrong in a run, each in hundredths.
    struct SimulatedFaults {
        var shortWrites = 0
        var segments = 0
        /// Reports of descriptors of which nothing is new.
        var needlessEdges = 0
        /// accept(2) finds no descriptor.
        var acceptShortage = 0
        /// Nothing listens at the upstream's address.
        var refusals = 0
        /// Nobody answers there.
        var silence = 0
        /// socket(2) finds no descriptor.
        var socketShortage = 0
        /// A worker at rest is told once more of everything, and finds that there is nothing to do.
        var probes = 0
        /// The longest way of a segment, in nanoseconds.
        var latencyMax: UInt64 = 200_000
    }

    /// Linux, as far as a worker sees it, with clocks that stand still while anything is left to do: descriptors,
    /// sockets, epoll and time, all of it decided by one seed.
    ///
    /// Whatever happens in the world outside, callers and upstreams included, is an event that takes place while the
    /// worker waits, or between two of its system calls.
    final class SimulatedKernel: KernelStandIn {
        enum Descriptor {
            case epoll
            case event(SimulatedEvent)
            case unconnected
            case listener
            case socket(SimulatedSocket)
        }

        final class SimulatedEvent {
            var count = 0
            var watch: EpollItem?
        }

        var random: SeededRandom
        var faults = SimulatedFaults()
        var now: UInt64 = 5_000_000_000
        /// The time of day is the monotonic time and this, in nanoseconds.
        private(set) var wallOffset: UInt64
        private(set) var wallJumps: [(at: UInt64, offset: UInt64)] = []
        var descriptors: [Int32: Descriptor] = [:]
        var waits = 0
        var calls = 0
        /// Counts the turns of the worker's loop.
        var turn = 0
        var tracer: (String) -> Void = { _ in }
        var isTracing = false
        /// A connection of the proxy's has been made.
        var upstreamConnected: (SimulatedSocket) -> Void = { _ in }
        /// Nothing is ready, nothing will happen, and no deadline is set.
        var idle: () -> Void = {}
        /// Called whenever the worker looks at the events of the world.
        var willWait: () -> Void = {}
        /// The worker takes its messages.
        var cleared: () -> Void = {}
        /// What is to happen in the middle of a turn, between two of its calls.
        var betweenCalls: [() -> Void] = []
        /// The worker waits until this time, if nothing happens before.
        var rests: (_ until: UInt64) -> Void = { _ in }
        /// The worker rested though there was this to do.
        var overslept: (String) -> Void = { _ in }
        /// What the worker does in a turn that it has no reason for; nil in all others.
        var needlessTurn: [String]?

        private var events = TimedEvents()
        private var nextDescriptor: Int32 = 1_000_000
        var items: [Int32: EpollItem] = [:]
        var raisedItems: [EpollItem] = []
        var acceptQueue: [SimulatedSocket] = []
        var isListening = false
        private var isDelivering = false
        private var sockets: [SimulatedSocket] = []

        init(seed: UInt64, wallSeconds: UInt64) {
            random = SeededRandom(seed: seed)
            wallOffset = wallSeconds * 1_000_000_000 - now
            wallJumps = [(0, wallOffset)]
        }

        // MARK: - For the world outside

        func trace(_ text: @autoclosure () -> String) {
            if isTracing { tracer("\(Double(now) / 1e9) \(text())") }
        }

        func chance(_ hundredths: Int) -> Bool { hundredths > 0 && random.next(upTo: 100) < hundredths }

        func latency() -> UInt64 {
            random.next(upTo: 20) == 0
                ? UInt64(random.next(upTo: Int(faults.latencyMax) * 20))
                : UInt64(random.next(upTo: Int(faults.latencyMax)))
        }

        func at(_ time: UInt64, onlyWhileWaiting: Bool = false, _ action: @escaping () -> Void) {
            events.add(at: time, onlyWhileWaiting: onlyWhileWaiting, action)
        }

        func after(_ delay: UInt64, onlyWhileWaiting: Bool = false, _ action: @escaping () -> Void) {
            at(now + delay, onlyWhileWaiting: onlyWhileWaiting, action)
        }

        /// Runs `body` as the proxy's own thread would: its calls come here.
        func asProxy<Failure: Error>(_ body: () throws(Failure) -> Void) throws(Failure) {
            try KernelStandIns.with(self, body)
        }

        func jumpWall(to offset: UInt64) {
            wallOffset = offset
            wallJumps.append((now, offset))
            trace("the time of day jumps")
        }

        /// The time of day in seconds at a monotonic time.
        func wall(at time: UInt64, _ offset: UInt64) -> Int64 { Int64((time &+ offset) / 1_000_000_000) }

        /// The least and the greatest time of day between two times.
        func walls(from start: UInt64, to end: UInt64) -> ClosedRange<Int64> {
            var least = Int64.max
            var greatest = Int64.min
            for (index, jump) in wallJumps.enumerated() {
                let until = index + 1 < wallJumps.count ? wallJumps[index + 1].at : .max
                let (from, to) = (max(start, jump.at), min(end, until))
                guard from <= to else { continue }
                least = min(least, wall(at: from, jump.offset))
                greatest = max(greatest, wall(at: to, jump.offset))
            }
            return least...max(least, greatest)
        }

        /// A caller's end of a new connection to the proxy; nil when that does not listen.
        func connectToProxy(name: String, capacity: Int, proxyCapacity: Int) -> SimulatedSocket? {
            guard isListening else { return nil }
            let (near, far) = makePair(name, "\(name)'", capacity, proxyCapacity)
            after(latency()) { [self] in
                // It is refused where nobody can take it from the queue any more.
                guard isListening else { return far.reset() }
                acceptQueue.append(far)
            }
            return near
        }

        /// Descriptors of the proxy's that are open, but for those that belong to it as long as it lives.
        var openSockets: [String] {
            descriptors.values.compactMap { descriptor in
                switch descriptor {
                case .epoll, .event, .listener: nil
                case .unconnected: "a socket without a connection"
                case .socket(let socket): socket.name
                }
            }
        }

        /// Whether nothing of the world outside is still to happen.
        var isQuiet: Bool { events.isEmpty }
        var nextEventTime: UInt64? { events.next?.time }

        /// All that is open.
        var openDescriptors: [String] {
            descriptors.sorted { $0.key < $1.key }.map { descriptor, kind in
                switch kind {
                case .epoll: "epoll \(descriptor)"
                case .event: "eventfd \(descriptor)"
                case .unconnected: "socket \(descriptor)"
                case .listener: "listener \(descriptor)"
                case .socket(let socket): socket.name
                }
            }
        }

        /// The worker is gone: what is still to happen happens.
        func runOut() {
            var left = 100_000
            while let next = events.next, left > 0 {
                now = max(now, next.time)
                deliver(isWaiting: true)
                left -= 1
            }
        }

        /// Connections refer to each other.
        func end() {
            for socket in sockets {
                socket.peer = nil
                socket.watch = nil
            }
            events.removeAll()
            items.removeAll()
            raisedItems.removeAll()
            idle = {}
            willWait = {}
            cleared = {}
            betweenCalls = []
            rests = { _ in }
            overslept = { _ in }
            upstreamConnected = { _ in }
        }

        func makePair(_ near: String, _ far: String, _ nearCapacity: Int, _ farCapacity: Int) -> (
            near: SimulatedSocket, far: SimulatedSocket
        ) {
            let near = SimulatedSocket(self, name: near, capacity: nearCapacity)
            let far = SimulatedSocket(self, name: far, capacity: farCapacity)
            near.peer = far
            far.peer = near
            sockets += [near, far]
            return (near, far)
        }

        func raised(_ item: EpollItem) { raisedItems.append(item) }

        func open(_ descriptor: Descriptor) -> Int32 {
            nextDescriptor += 1
            descriptors[nextDescriptor] = descriptor
            return nextDescriptor
        }

        /// What is due happens. In the middle of a turn, time goes on a little now and then.
        func deliver(isWaiting: Bool) {
            guard !isDelivering else { return }
            isDelivering = true
            defer { isDelivering = false }
            while let next = events.next, next.time <= now, isWaiting || !next.onlyWhileWaiting {
                events.removeFirst().action()
            }
        }

        func pass() {
            calls += 1
            guard needlessTurn == nil else { return }
            if !betweenCalls.isEmpty, chance(20) { betweenCalls.removeFirst()() }
            guard random.next(upTo: 8) == 0 else { return }
            now += UInt64(random.next(upTo: 30_000))
            deliver(isWaiting: false)
        }
    }
#endif
