/// Who a descriptor's events are for: a place in the owner's table, and which of its successive owners.
///
/// Travels in epoll's user data, so that an event which was reported before its descriptor was closed cannot reach the
/// connection that has the place now.
package struct Registration: Sendable, Hashable {
    package var slot: UInt32
    package var generation: UInt32
    /// Its events come before those of others that were reported with them.
    package var comesFirst: Bool

    package init(slot: UInt32, generation: UInt32, comesFirst: Bool = false) {
        precondition(slot < Self.firstBit, "more descriptors than a process can have")
        self.slot = slot
        self.generation = generation
        self.comesFirst = comesFirst
    }

    private static let firstBit: UInt32 = 1 << 31

    var packed: UInt64 { UInt64(generation) << 32 | UInt64(comesFirst ? slot | Self.firstBit : slot) }

    init(packed: UInt64) {
        let low = UInt32(truncatingIfNeeded: packed)
        slot = low & ~Self.firstBit
        generation = UInt32(truncatingIfNeeded: packed >> 32)
        comesFirst = low & Self.firstBit != 0
    }
}
