/// Who a descriptor's events are for: a place in the owner's table, and which of its successive owners.
///
/// Travels in epoll's user data, so that an event which was reported before its descriptor was closed cannot reach the
/// connection that has the place now.
package struct Registration: Sendable, Hashable {
    package var slot: UInt32
    package var generation: UInt32

    package init(slot: UInt32, generation: UInt32) {
        self.slot = slot
        self.generation = generation
    }

    var packed: UInt64 { UInt64(generation) << 32 | UInt64(slot) }

    init(packed: UInt64) {
        slot = UInt32(truncatingIfNeeded: packed)
        generation = UInt32(truncatingIfNeeded: packed >> 32)
    }
}
