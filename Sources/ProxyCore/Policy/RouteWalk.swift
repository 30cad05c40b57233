/// One search of a trie for the most specific path: at each segment the literal child first, then `{name}`, then
/// `{name...}`, and back again when a choice leads nowhere.
///
/// The trie is a tree and every path through it is tried at most once, so a search visits no node twice: it costs at
/// most the table's size, whatever is sent, and about one node for each segment in tables that people write. It
/// allocates nothing.
struct RouteWalk {
    private(set) var visitedNodes = 0
    private(set) var sawCaseVariant = false
    /// The end of what is matched: a trailing slash is left out.
    private let end: Int

    init(_ path: Span<UInt8>) {
        let count = path.count
        end = count > 0 && path[count - 1] == ASCII.slash ? count - 1 : count
    }

    /// The path that `bytes` leads to, or -1.
    mutating func search(_ trie: RouteTrie, _ bytes: Span<UInt8>) -> Int {
        guard !bytes.isEmpty, bytes[0] == ASCII.slash else { return -1 }
        return search(trie, bytes, node: RouteTrie.root, offset: 0)
    }

    /// All paths that an upstream may land on which ignores letter case. Where several literals differ from a segment
    /// only in case, each of them is followed: nobody knows which one such an upstream takes.
    mutating func searchIgnoringCase(_ trie: RouteTrie, _ bytes: Span<UInt8>, found: (_ path: Int) -> Void) {
        guard !bytes.isEmpty, bytes[0] == ASCII.slash else { return }
        _ = searchIgnoringCase(trie, bytes, node: RouteTrie.root, offset: 0, found: found)
    }

    private mutating func search(_ trie: RouteTrie, _ bytes: Span<UInt8>, node: Int, offset: Int) -> Int {
        visitedNodes += 1
        guard offset < end else { return ending(trie, node) }
        let segment = nextSegment(bytes, after: offset)
        if segment.upper > segment.lower {
            if let child = literalChild(trie, bytes, node: node, segment) {
                let path = search(trie, bytes, node: child, offset: segment.upper)
                if path >= 0 { return path }
            }
            let child = Int(trie.nodes[node].parameterChild)
            if child >= 0 {
                let path = search(trie, bytes, node: child, offset: segment.upper)
                if path >= 0 { return path }
            }
        }
        return Int(trie.nodes[node].restPath)
    }

    private mutating func searchIgnoringCase(
        _ trie: RouteTrie, _ bytes: Span<UInt8>, node: Int, offset: Int, found: (_ path: Int) -> Void
    ) -> Bool {
        visitedNodes += 1
        guard offset < end else { return report(ending(trie, node), found) }
        let segment = nextSegment(bytes, after: offset)
        if segment.upper > segment.lower {
            var foundAny = false
            let literal = bytes.extracting(segment.lower..<segment.upper)
            var slot = trie.firstSlot(node: node, hash: segment.hash)
            while trie.slots[slot] >= 0 {
                let edge = trie.edges[Int(trie.slots[slot])]
                if edge.parent == Int32(node), isEqualIgnoringCase(trie, edge, literal),
                    searchIgnoringCase(trie, bytes, node: Int(edge.child), offset: segment.upper, found: found)
                {
                    foundAny = true
                }
                slot = (slot + 1) & (trie.slots.count - 1)
            }
            if foundAny { return true }
            let child = Int(trie.nodes[node].parameterChild)
            if child >= 0, searchIgnoringCase(trie, bytes, node: child, offset: segment.upper, found: found) {
                return true
            }
        }
        return report(Int(trie.nodes[node].restPath), found)
    }

    private func report(_ path: Int, _ found: (_ path: Int) -> Void) -> Bool {
        guard path >= 0 else { return false }
        found(path)
        return true
    }

    /// The path of a node at which the segments end, or -1.
    private func ending(_ trie: RouteTrie, _ node: Int) -> Int {
        let place = trie.nodes[node]
        return Int(place.path >= 0 ? place.path : place.restPath)
    }

    /// The segment behind the slash at `offset`, and the hash of its bytes.
    private func nextSegment(_ bytes: Span<UInt8>, after offset: Int) -> (lower: Int, upper: Int, hash: UInt64) {
        var index = offset + 1
        var hash = RouteTrie.hashStart
        while index < end {
            let byte = bytes[index]
            if byte == ASCII.slash { break }
            hash = RouteTrie.hash(hash, byte)
            index += 1
        }
        return (offset + 1, index, hash)
    }

    /// The child whose literal is the segment, byte for byte. Notes whether another one differs only in case.
    private mutating func literalChild(
        _ trie: RouteTrie, _ bytes: Span<UInt8>, node: Int, _ segment: (lower: Int, upper: Int, hash: UInt64)
    ) -> Int? {
        let literal = bytes.extracting(segment.lower..<segment.upper)
        var child: Int?
        var slot = trie.firstSlot(node: node, hash: segment.hash)
        while trie.slots[slot] >= 0 {
            let edge = trie.edges[Int(trie.slots[slot])]
            if edge.parent == Int32(node), edge.literal.count == literal.count {
                if trie.literals.span.slice(edge.literal).equals(literal) {
                    child = Int(edge.child)
                } else if isEqualIgnoringCase(trie, edge, literal) {
                    sawCaseVariant = true
                }
            }
            slot = (slot + 1) & (trie.slots.count - 1)
        }
        return child
    }

    private func isEqualIgnoringCase(_ trie: RouteTrie, _ edge: RouteTrie.Edge, _ literal: Span<UInt8>) -> Bool {
        trie.literals.span.slice(edge.literal).equalsIgnoringCase(literal)
    }
}
