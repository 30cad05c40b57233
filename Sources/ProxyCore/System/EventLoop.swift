/// Who owns a descriptor on a loop, or waits there for a time to come.
package protocol EventHandler: AnyObject {
    /// The descriptor's state has changed.
    func ready(_ readiness: Readiness)
    /// The deadline set through a `DeadlineTimer` has come.
    func deadlineReached()
    /// The timer of this handler; the loop asks it whether a wake-up is current.
    var timer: DeadlineTimer { get set }
    /// Goes on with work that was put off by `EventLoop.runSoon`.
    func resume()
}

/// One thread's event loop: descriptors, deadlines, and work put off. Owned and used by its thread alone.
package final class EventLoop {
    private struct Place {
        var generation: UInt32 = 0
        var handler: (any EventHandler)?
    }

    private let epoll: Epoll
    private var places: [Place] = []
    private var freeSlots: [UInt32] = []
    private var timers = TimerQueue()
    private var soon: [any EventHandler] = []
    private var running: [any EventHandler] = []
    private var stopped = false
    /// With more wake-ups than this, those that nobody waits for any more are dropped.
    private var wakeUpsMax = EventLoop.wakeUpsMin
    private static let wakeUpsMin = 1024

    /// The time at which this turn of the loop began. Read once a turn, since deadlines need no more.
    package private(set) var now = Clock.monotonic()
    /// The time of day in seconds, read once a turn.
    package private(set) var unixTime = Clock.unixTime()

    package init() throws(Errno) { epoll = try Epoll() }

    /// Gives `handler` a place in the loop's table. The loop keeps it alive until `unregister`.
    package func register(_ handler: any EventHandler) -> Registration {
        if let slot = freeSlots.popLast() {
            places[Int(slot)].handler = handler
            return Registration(slot: slot, generation: places[Int(slot)].generation)
        }
        places.append(Place(handler: handler))
        return Registration(slot: UInt32(places.count - 1), generation: 0)
    }

    /// Takes the place back. Events and wake-ups under this registration that are still on their way are dropped.
    package func unregister(_ registration: Registration) {
        let slot = Int(registration.slot)
        precondition(places[slot].generation == registration.generation, "unregistered twice")
        places[slot].handler = nil
        places[slot].generation &+= 1
        freeSlots.append(registration.slot)
    }

    /// Reports both directions of a connection, edge-triggered: once for each change.
    package func watchConnection(_ descriptor: borrowing FileDescriptor, _ registration: Registration) throws(Errno) {
        try epoll.addConnection(descriptor, registration)
    }

    /// Reports a listener or a wake-up descriptor at each turn while it is readable.
    package func watchReadable(_ descriptor: borrowing FileDescriptor, _ registration: Registration) throws(Errno) {
        try epoll.addLevelTriggered(descriptor, registration)
    }

    /// Stops the reports for a descriptor that stays open.
    package func unwatch(_ descriptor: borrowing FileDescriptor) { epoll.remove(descriptor) }

    /// Runs `handler.resume()` before the loop waits again: how a busy connection lets others have their turn.
    package func runSoon(_ handler: any EventHandler) { soon.append(handler) }

    fileprivate func schedule(_ registration: Registration, at deadline: Instant) {
        timers.schedule(registration, at: deadline)
    }

    /// Wake-ups that are held, overtaken ones included.
    package var wakeUpCount: Int { timers.count }

    /// Makes `run` return at the end of this turn.
    package func stop() { stopped = true }

    /// Runs turns until `stop`; `endOfTurn` is called after each one.
    package func run(endOfTurn: () -> Void) {
        while !stopped {
            turn()
            endOfTurn()
        }
        stopped = false
    }

    private func turn() {
        let count = epoll.wait(until: soon.isEmpty ? timers.next : now, now: now)
        now = Clock.monotonic()
        unixTime = Clock.unixTime()
        for index in 0..<count {
            let (registration, readiness) = epoll.event(at: index)
            handler(registration)?.ready(readiness)
        }
        fireTimers()
        runPutOffWork()
        if timers.count > wakeUpsMax { dropOvertakenWakeUps() }
    }

    private func handler(_ registration: Registration) -> (any EventHandler)? {
        let place = places[Int(registration.slot)]
        return place.generation == registration.generation ? place.handler : nil
    }

    private func fireTimers() {
        while let (registration, deadline) = timers.popDue(now) {
            guard let handler = handler(registration) else { continue }
            if handler.timer.cameUp(scheduledFor: deadline, registration, self) { handler.deadlineReached() }
        }
    }

    /// Short-lived connections leave wake-ups behind which would otherwise stay until they are due.
    private func dropOvertakenWakeUps() {
        timers.removeAll { registration, deadline in
            guard let handler = handler(registration) else { return true }
            return !handler.timer.awaits(deadline)
        }
        wakeUpsMax = max(Self.wakeUpsMin, 2 * timers.count)
    }

    private func runPutOffWork() {
        guard !soon.isEmpty else { return }
        swap(&soon, &running)
        for handler in running { handler.resume() }
        running.removeAll(keepingCapacity: true)
    }
}

/// The one deadline of a handler, which may be moved at no cost as long as it moves to later.
package struct DeadlineTimer {
    /// The earliest wake-up that the loop holds for us.
    private var scheduled = Instant.never
    package private(set) var deadline = Instant.never

    package init() {}

    package mutating func set(_ deadline: Instant, _ registration: Registration, _ loop: EventLoop) {
        self.deadline = deadline
        guard deadline < scheduled else { return }
        scheduled = deadline
        loop.schedule(registration, at: deadline)
    }

    fileprivate func awaits(_ time: Instant) -> Bool { time == scheduled }

    /// A wake-up came: true when the deadline has really been reached. One that has been overtaken by an earlier one
    /// is let go, so that a handler never has more than one current wake-up in the queue.
    fileprivate mutating func cameUp(
        scheduledFor time: Instant, _ registration: Registration, _ loop: EventLoop
    ) -> Bool {
        guard time == scheduled else { return false }
        scheduled = .never
        if deadline <= loop.now {
            deadline = .never
            return true
        }
        if deadline != .never { set(deadline, registration, loop) }
        return false
    }
}
