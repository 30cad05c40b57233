/// Who owns a descriptor on a loop, or waits there for a time to come.
package protocol EventHandler: AnyObject {
    /// The descriptor's state has changed.
    func ready(_ readiness: Readiness)
    /// The deadline set through a `DeadlineTimer` has come.
    func deadlineReached()
    /// The timer of this handler; the loop asks it whether a wake-up is current.
    var timer: DeadlineTimer { get }
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
    /// Tells whether the loop is stuck.
    package let pulse: LoopPulse
    private var places: [Place] = []
    private var freeSlots: [UInt32] = []
    private var timers = TimerQueue()
    private var soon: [any EventHandler] = []
    private var running: [any EventHandler] = []
    private var stopped = false
    /// With more wake-ups than this, those that nobody waits for any more are dropped.
    private var wakeUpsMax = EventLoop.wakeUpsMin
    private static let wakeUpsMin = 1024

    private var turnStarted = Clock.monotonic()
    private var turnStartedUnix = Clock.unixTime()
    private var waitCount: UInt64 = 0
    private var lastSwept: UInt64 = 0

    /// The time at which this turn of the loop began. Read once a turn, since deadlines need no more.
    package var now: Instant { turnStarted }
    /// The time of day in seconds, read once a turn.
    package var unixTime: UnixTime { turnStartedUnix }
    /// How often the loop has waited for events.
    package var waits: UInt64 { waitCount }
    /// The last wait whose report left nothing out, and whose events that come first have all been handled. Whatever
    /// had happened to the descriptors of those by then, their handlers know it.
    package var sweptWait: UInt64 { lastSwept }

    /// - Parameter pulse: where other threads see whether the loop is stuck.
    package init(pulse: LoopPulse = LoopPulse()) throws(Errno) {
        epoll = try Epoll()
        self.pulse = pulse
    }

    /// Gives `handler` a place in the loop's table. The loop keeps it alive until `unregister`.
    ///
    /// - Parameter comesFirst: in each turn, its events come before those of others.
    package func register(_ handler: any EventHandler, comesFirst: Bool = false) -> Registration {
        if let slot = freeSlots.popLast() {
            places[Int(slot)].handler = handler
            return Registration(slot: slot, generation: places[Int(slot)].generation, comesFirst: comesFirst)
        }
        places.append(Place(handler: handler))
        return Registration(slot: UInt32(places.count - 1), generation: 0, comesFirst: comesFirst)
    }

    /// Takes the place back. Events and wake-ups under this registration that are still on their way are dropped.
    package func unregister(_ registration: Registration) {
        let slot = Int(registration.slot)
        precondition(places[slot].generation == registration.generation, "unregistered twice")
        places[slot].handler = nil
        places[slot].generation &+= 1
        freeSlots.append(registration.slot)
    }

    /// Puts `handler` in the place of the one that has been registered there: what is watched under the registration
    /// stays so, and wake-ups of the one before are dropped. It sees changes from now on only.
    package func hand(_ registration: Registration, to handler: any EventHandler) {
        let slot = Int(registration.slot)
        precondition(places[slot].generation == registration.generation, "the place is somebody else's")
        places[slot].handler = handler
    }

    /// Reports both directions of a connection, edge-triggered: once for each change.
    package func watchConnection(_ descriptor: borrowing FileDescriptor, _ registration: Registration) throws(Errno) {
        try epoll.addConnection(descriptor, registration)
    }

    /// Reports a listener or a wake-up descriptor at each turn while it is readable.
    package func watchReadable(_ descriptor: borrowing FileDescriptor, _ registration: Registration) throws(Errno) {
        try epoll.addLevelTriggered(descriptor, registration)
    }

    /// Reports a listener that other loops watch as well, at each turn while this loop is the one to take from it.
    package func watchShared(_ descriptor: borrowing FileDescriptor, _ registration: Registration) throws(Errno) {
        try epoll.addShared(descriptor, registration)
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
            // What comes at the end may have to wait for somebody, as a full log does: that is not being stuck.
            pulse.turnEnded()
            endOfTurn()
        }
        stopped = false
    }

    private func turn() {
        let count = epoll.wait(until: soon.isEmpty ? timers.next : now, now: now)
        waitCount += 1
        turnStarted = Clock.monotonic()
        turnStartedUnix = Clock.unixTime()
        pulse.turnBegan(turnStarted)
        report(count, comingFirst: true)
        if epoll.hasReportedAll { lastSwept = waitCount }
        report(count, comingFirst: false)
        fireTimers()
        runPutOffWork()
        if timers.count > wakeUpsMax { dropOvertakenWakeUps() }
    }

    private func report(_ count: Int, comingFirst: Bool) {
        for index in 0..<count {
            let (registration, readiness) = epoll.event(at: index)
            if registration.comesFirst == comingFirst { handler(registration)?.ready(readiness) }
        }
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
package final class DeadlineTimer {
    /// The earliest wake-up that the loop holds for us.
    private var scheduled = Instant.never
    private var current = Instant.never

    package init() {}

    package var deadline: Instant { current }

    package func set(_ deadline: Instant, _ registration: Registration, _ loop: EventLoop) {
        current = deadline
        guard deadline < scheduled else { return }
        scheduled = deadline
        loop.schedule(registration, at: deadline)
    }

    fileprivate func awaits(_ time: Instant) -> Bool { time == scheduled }

    /// A wake-up came: true when the deadline has really been reached. One that has been overtaken by an earlier one
    /// is let go, so that a handler never has more than one current wake-up in the queue.
    fileprivate func cameUp(
        scheduledFor time: Instant, _ registration: Registration, _ loop: EventLoop
    ) -> Bool {
        guard time == scheduled else { return false }
        scheduled = .never
        if current <= loop.now {
            current = .never
            return true
        }
        if current != .never { set(current, registration, loop) }
        return false
    }
}
