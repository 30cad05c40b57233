import Synchronization

/// One request for a refetch. `KeySnapshot.settles` tells when it has been answered.
package struct RefetchTicket: Sendable, Equatable {
    let number: UInt64

    /// For the first keys, which a source gets unasked: whatever it tells first has the answer.
    package static let first = RefetchTicket(number: 0)
}

/// The requests of all workers to one key source: a number that grows, and a bell that is rung once however many come.
final class RefetchRequests: Sendable {
    private let bell: WakeUp
    private let issued = Atomic<UInt64>(0)
    private let isRung = Atomic<Bool>(false)

    init() throws(Errno) { bell = try WakeUp() }

    /// How many requests there were.
    var count: UInt64 { issued.load(ordering: .sequentiallyConsistent) }

    /// From any thread; never waits. Two atomic operations, and a system call for the first request of a burst only.
    func add() -> RefetchTicket {
        let number = issued.wrappingAdd(1, ordering: .sequentiallyConsistent).newValue
        // Only after the number has grown: whoever finds the bell rung knows that the source will still look at it.
        if !isRung.exchange(true, ordering: .sequentiallyConsistent) { bell.signal() }
        return RefetchTicket(number: number)
    }

    /// Returns when there are requests that were not there at the last return. For the source's thread.
    func wait(_ patience: Patience) throws(WaitError) {
        try patience.awaitSignal(of: bell)
        isRung.store(false, ordering: .sequentiallyConsistent)
    }
}
