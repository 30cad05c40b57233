/// Finds a member name that an object holds twice, once escapes are read.
///
/// Few plain names are compared with each other; many of them, or escaped ones, go through a hash table, so that the
/// cost grows with the text and not with its square. The hash is seeded anew in each process: nobody can prepare names
/// that collide.
struct JSONNameSet {
    /// Open addressing. A slot holds a hash's upper half and, below it, the entry's index plus one; zero is free.
    private var slots: [UInt64] = []

    /// The tape index of the second of two equal names in the object at `object`, which has `count` members.
    mutating func firstDuplicate(
        of object: Int, count: Int, anyEscaped: Bool, _ nodes: [JSONNode], _ bytes: Span<UInt8>
    ) -> Int? {
        if count < 2 { return nil }
        if count <= 16, !anyEscaped { return Self.firstDuplicate(in: object, nodes, bytes) }
        clearSlots(for: count)
        let end = Int(nodes[object].next)
        var name = object + 1
        while name < end {
            if !insert(name, nodes, bytes) { return name }
            name = Int(nodes[name + 1].next)
        }
        return nil
    }

    private static func firstDuplicate(in object: Int, _ nodes: [JSONNode], _ bytes: Span<UInt8>) -> Int? {
        let end = Int(nodes[object].next)
        var name = Int(nodes[object + 2].next)
        while name < end {
            var earlier = object + 1
            while earlier < name {
                if haveEqualText(nodes[earlier], nodes[name], bytes) { return name }
                earlier = Int(nodes[earlier + 1].next)
            }
            name = Int(nodes[name + 1].next)
        }
        return nil
    }

    private mutating func clearSlots(for count: Int) {
        var size = 32
        while size < count * 2 { size *= 2 }
        slots.removeAll(keepingCapacity: true)
        for _ in 0..<size { slots.append(0) }
    }

    /// False when an equal name was inserted before.
    private mutating func insert(_ name: Int, _ nodes: [JSONNode], _ bytes: Span<UInt8>) -> Bool {
        let hash = Self.hash(nodes[name], bytes)
        let mask = slots.count - 1
        let upper = hash & 0xFFFF_FFFF_0000_0000
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] != 0 {
            let entry = slots[slot]
            if entry & 0xFFFF_FFFF_0000_0000 == upper {
                let earlier = Int(entry & 0xFFFF_FFFF) - 1
                if Self.areEqual(nodes[earlier], nodes[name], bytes) { return false }
            }
            slot = (slot + 1) & mask
        }
        slots[slot] = upper | UInt64(name + 1)
        return true
    }

    private static func hash(_ name: JSONNode, _ bytes: Span<UInt8>) -> UInt64 {
        if name.tag == .plainString { return hash(bytes.slice(name.contents)) }
        let decoded = JSONString.decode(bytes, name.contents)
        return hash(decoded.span)
    }

    private static func hash(_ bytes: Span<UInt8>) -> UInt64 {
        var hasher = Hasher()
        var word: UInt64 = 0
        for index in bytes.indices {
            word = word << 8 | UInt64(bytes[index])
            if index & 7 == 7 {
                hasher.combine(word)
                word = 0
            }
        }
        hasher.combine(word)
        hasher.combine(bytes.count)
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }

    private static func areEqual(_ left: JSONNode, _ right: JSONNode, _ bytes: Span<UInt8>) -> Bool {
        if left.tag == .plainString, right.tag == .plainString { return haveEqualText(left, right, bytes) }
        return JSONString.decode(bytes, left.contents) == JSONString.decode(bytes, right.contents)
    }

    private static func haveEqualText(_ left: JSONNode, _ right: JSONNode, _ bytes: Span<UInt8>) -> Bool {
        let count = right.upper &- right.lower
        guard left.upper &- left.lower == count else { return false }
        let leftStart = Int(left.lower)
        let rightStart = Int(right.lower)
        for offset in 0..<Int(count) where bytes[leftStart + offset] != bytes[rightStart + offset] { return false }
        return true
    }
}
