import CLibSSL
import Synchronization

/// The keys that session tickets (RFC 5077, RFC 8446 section 4.6.1) are encrypted with: ours, so that every worker
/// accepts the tickets of every other and a reload forgets none. Any thread may use it.
///
/// Whoever gets hold of a key can read the connections that were resumed by its tickets under TLS 1.2, so a key is
/// short-lived and kept in memory only: used for one period, accepted for another.
package final class TicketKeyRing: Sendable {
    private struct Key {
        /// Not secret: it stands in the ticket.
        var name: InlineArray<16, UInt8>
        let cipherKey: SecretBytes
        let macKey: SecretBytes
        let made: Instant
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
        guard let key else { return makes ? -1 : 0 }
        if makes { for index in key.name.indices { unsafe name[index] = key.name[index] } }
        // Sound: the keys live as long as this one does, and the contexts copy them.
        let begun = unsafe clibssl_begin_ticket(
            cipher, mac, key.cipherKey.pointer, key.macKey.pointer, key.macKey.count, iv, makes ? 1 : 0)
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
        var name = InlineArray<16, UInt8>(repeating: 0)
        var span = name.mutableSpan
        let isNamed = unsafe span.withUnsafeMutableBufferPointer { unsafe fill($0) }
        guard isNamed, let cipherKey = unsafe SecretBytes(count: 32, fill: fill),
            let macKey = unsafe SecretBytes(count: 32, fill: fill)
        else { return nil }
        return Key(name: name, cipherKey: cipherKey, macKey: macKey, made: now)
    }

    /// Sound: the call writes exactly as many bytes as there are.
    private static func fill(_ bytes: UnsafeMutableBufferPointer<UInt8>) -> Bool {
        unsafe RAND_priv_bytes(bytes.baseAddress, Int32(bytes.count)) == 1
    }

    private static func matches(_ key: Key, _ name: UnsafeMutablePointer<UInt8>) -> Bool {
        for index in key.name.indices where unsafe name[index] != key.name[index] { return false }
        return true
    }
}
