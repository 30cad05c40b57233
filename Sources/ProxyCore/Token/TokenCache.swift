/// Remembers what a token was found to mean, so that its next request costs a look-up instead of a signature check.
///
/// Keyed by the whole token, bounded; the least recently used goes first. Belongs to one worker; a look-up allocates
/// nothing. What it holds was true when it was put in: time, keys and rules are to be asked on every hit.
package final class TokenCache<Value: AnyObject> {
    package let capacity: Int
    package var hits: Int { hitCount }
    package var misses: Int { missCount }
    /// Tokens that were forgotten to make room for others.
    package var evictions: Int { evictionCount }

    private var hitCount = 0
    private var missCount = 0
    private var evictionCount = 0
    private let seed: UInt64
    /// Dense and in no order; `newer` and `older` chain them by use.
    private var entries: [Entry] = []
    private var newest = nobody
    private var oldest = nobody
    /// Open addressing with linear probing over the numbers of the entries; at most half full: probes are short.
    private var table: [Int32]

    private struct Entry {
        let hash: UInt64
        let token: [UInt8]
        var value: Value
        var newer = nobody
        var older = nobody
    }

    /// A capacity of zero remembers nothing. The seed keeps callers from choosing tokens that collide.
    package init(capacity: Int, seed: UInt64 = SecureRandom.word()) {
        precondition(capacity >= 0 && capacity <= 1 << 24)
        self.capacity = capacity
        self.seed = seed
        table = [Int32](repeating: nobody, count: tableMin)
    }

    package var count: Int { entries.count }

    /// What is remembered of `token`, which thereby becomes the last to be forgotten.
    package func lookup(_ token: Span<UInt8>) -> Value? {
        guard let number = find(token, hash(token)) else {
            missCount += 1
            return nil
        }
        hitCount += 1
        touch(number)
        return entries[number].value
    }

    /// Remembers `value` for `token`, instead of what was remembered of it before.
    package func insert(_ token: Span<UInt8>, _ value: Value) {
        guard capacity > 0 else { return }
        let hash = hash(token)
        if let number = find(token, hash) {
            entries[number].value = value
            touch(number)
        } else {
            add(Entry(hash: hash, token: token.copied(), value: value))
        }
    }

    /// Forgets every value for which `condition` holds. Costs as much as filling the cache: for changes of keys.
    package func removeAll(where condition: (Value) -> Bool) {
        var kept: [Entry] = []
        var number = oldest
        while number != nobody {
            let entry = entries[Int(number)]
            if !condition(entry.value) { kept.append(Entry(hash: entry.hash, token: entry.token, value: entry.value)) }
            number = entry.newer
        }
        entries.removeAll()
        newest = nobody
        oldest = nobody
        table = [Int32](repeating: nobody, count: tableMin)
        for entry in kept { add(entry) }
    }

    private func add(_ entry: Entry) {
        let number: Int32
        if entries.count < capacity {
            number = Int32(entries.count)
            entries.append(entry)
            if entries.count * 2 > table.count { growTable() } else { enter(number) }
        } else {
            evictionCount += 1
            number = oldest
            unlink(number)
            erase(number)
            entries[Int(number)] = entry
            enter(number)
        }
        linkAsNewest(number)
    }

    // The table.

    /// The tail of a token is its signature, which is as good as random; two words of it decide.
    private func hash(_ token: Span<UInt8>) -> UInt64 {
        var words: (UInt64, UInt64) = (seed, seed &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(token.count))
        for index in max(token.count - 16, 0)..<token.count {
            words.0 = words.0 << 8 | words.0 >> 56
            words.0 ^= UInt64(token[index])
            swap(&words.0, &words.1)
        }
        let product = (words.0 | 1).multipliedFullWidth(by: words.1 ^ 0xD6E8_FEB8_6659_FD93)
        return product.high ^ product.low
    }

    private func home(of hash: UInt64) -> Int { Int(truncatingIfNeeded: hash) & (table.count - 1) }
    private func next(_ slot: Int) -> Int { (slot + 1) & (table.count - 1) }

    private func find(_ token: Span<UInt8>, _ hash: UInt64) -> Int? {
        var slot = home(of: hash)
        while table[slot] != nobody {
            let number = Int(table[slot])
            if entries[number].hash == hash {
                let known = entries[number].token
                if ByteScan.equal(known.span, token) { return number }
            }
            slot = next(slot)
        }
        return nil
    }

    private func enter(_ number: Int32) {
        var slot = home(of: entries[Int(number)].hash)
        while table[slot] != nobody { slot = next(slot) }
        table[slot] = number
    }

    /// Takes an entry out, and moves back those behind it that would no longer be found across the gap.
    private func erase(_ number: Int32) {
        var gap = home(of: entries[Int(number)].hash)
        while table[gap] != number { gap = next(gap) }
        var slot = next(gap)
        while table[slot] != nobody {
            let probes = (slot - home(of: entries[Int(table[slot])].hash)) & (table.count - 1)
            if probes >= (slot - gap) & (table.count - 1) {
                table[gap] = table[slot]
                gap = slot
            }
            slot = next(slot)
        }
        table[gap] = nobody
    }

    private func growTable() {
        table = [Int32](repeating: nobody, count: table.count * 2)
        for number in entries.indices { enter(Int32(number)) }
    }

    // The chain.

    private func touch(_ number: Int) {
        guard newest != Int32(number) else { return }
        unlink(Int32(number))
        linkAsNewest(Int32(number))
    }

    private func unlink(_ number: Int32) {
        let newer = entries[Int(number)].newer
        let older = entries[Int(number)].older
        if newer == nobody { newest = older } else { entries[Int(newer)].older = older }
        if older == nobody { oldest = newer } else { entries[Int(older)].newer = newer }
    }

    private func linkAsNewest(_ number: Int32) {
        entries[Int(number)].newer = nobody
        entries[Int(number)].older = newest
        if newest == nobody { oldest = number } else { entries[Int(newest)].newer = number }
        newest = number
    }
}

/// Stands for the absence of an entry.
private let nobody: Int32 = -1
/// Places of an empty cache's table; a power of two, as its doublings.
private let tableMin = 64
