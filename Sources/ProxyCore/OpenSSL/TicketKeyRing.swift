import CLibSSL
import Synchronization

/// The keys that session tickets (RFC 5077, RFC 8446 section 4.6.1) are encrypted with: ours, so that every worker
/// accepts the tickets of every other and a reload forgets none. Any thread may use it.
///
/// Whoever gets hold of a key can read the connections that were resumed by its tickets under TLS 1.2, so a key is
/// short-lived and kept in memory only: used for one period, accepted for another.
package final class TicketKeyRing: Sendable {
    private struct Key {
        var name: InlineArray<16, UInt8>
        var cipherKey: InlineArray<32, UInt8>
        var macKey: InlineArray<32, UInt8>
        var made: Instant
    }

    private struct Keys {
        var current: Key?
        var previous: Key?
    }

    private let period: Interval
    private let now: @Sendable () -> Instant
    private let keys = Mutex(Keys())

    /// - Parameters:
    ///   - period: how long a key makes tickets; for as long again it is accepted.
    ///   - now: the clock.
    package init(
        period: Interval = .seconds(12 * 3600), now: @escaping @Sendable () -> Instant = { Clock.monotonic() }
    ) {
        self.period = period
        self.now = now
    }

    /// What OpenSSL asks for when it makes or reads a ticket: 1 to go on, 2 to go on and send a fresh one, 0 when no
    /// key fits, -1 when nothing works.
    ///
    /// Sound: `name` has 16 bytes and `iv` EVP_MAX_IV_LENGTH; both are written when `makes`, else read.
    func prepare(
        name: UnsafeMutablePointer<UInt8>, iv: UnsafeMutablePointer<UInt8>, cipher: OpaquePointer, mac: OpaquePointer,
        makes: Bool
    ) -> Int32 {
        let now = self.now()
        let (key, isCurrent): (Key?, Bool) = keys.withLock { keys in
            Self.rotate(&keys, now, period)
            if makes { return (keys.current, true) }
            // Sound: see above.
            if let key = keys.current, unsafe Self.matches(key, name) { return (key, true) }
            if let key = keys.previous, unsafe Self.matches(key, name) { return (key, false) }
            return (nil, false)
        }
        guard var key else { return makes ? -1 : 0 }
        if makes { for index in key.name.indices { unsafe name[index] = key.name[index] } }
        // Sound: the keys are copies on this stack, which the contexts copy again.
        let begun = unsafe key.cipherKey.span.withUnsafeBufferPointer { cipherKey in
            var macKey = key.macKey.mutableSpan
            return unsafe macKey.withUnsafeMutableBufferPointer { macKey in
                unsafe clibssl_begin_ticket(
                    cipher, mac, cipherKey.baseAddress, macKey.baseAddress, macKey.count, iv, makes ? 1 : 0)
            }
        }
        guard begun == 1 else { return -1 }
        return isCurrent ? 1 : 2
    }

    private static func rotate(_ keys: inout Keys, _ now: Instant, _ period: Interval) {
        if let previous = keys.previous, now.since(previous.made) >= doubled(period) { keys.previous = nil }
        guard let current = keys.current else {
            keys.current = make(now)
            return
        }
        let age = now.since(current.made)
        guard age >= period else { return }
        keys.previous = age < doubled(period) ? current : nil
        keys.current = make(now)
    }

    private static func doubled(_ period: Interval) -> Interval { Interval(nanoseconds: 2 * period.nanoseconds) }

    /// nil when the system has no random bytes to give: then there are no tickets.
    private static func make(_ now: Instant) -> Key? {
        var key = Key(
            name: InlineArray(repeating: 0), cipherKey: InlineArray(repeating: 0), macKey: InlineArray(repeating: 0),
            made: now)
        let filled = fill(&key.name) && fill(&key.cipherKey) && fill(&key.macKey)
        return filled ? key : nil
    }

    private static func fill<let count: Int>(_ bytes: inout InlineArray<count, UInt8>) -> Bool {
        var span = bytes.mutableSpan
        // Sound: the call writes exactly as many bytes as the array has.
        return unsafe span.withUnsafeMutableBufferPointer { bytes in
            unsafe RAND_priv_bytes(bytes.baseAddress, Int32(bytes.count)) == 1
        }
    }

    private static func matches(_ key: Key, _ name: UnsafeMutablePointer<UInt8>) -> Bool {
        for index in key.name.indices where unsafe name[index] != key.name[index] { return false }
        return true
    }
}
