/// The paths of a route table as a trie with a node for each prefix of whole segments, in flat arrays.
///
/// All literal edges lie in one hash table, keyed by parent and by the literal's bytes in lower case, so that finding
/// the child costs the same whether a node has one or ten thousand, and spellings that differ in case are neighbours.
struct RouteTrie: Sendable {
    struct Node: Sendable {
        /// The child for `{name}`, or -1.
        var parameterChild: Int32 = -1
        /// The path that ends here, or -1.
        var path: Int32 = -1
        /// The path whose `{name...}` begins here, or -1.
        var restPath: Int32 = -1
    }

    struct Edge: Sendable {
        var parent: Int32
        var child: Int32
        /// Where the literal stands in `literals`.
        var literal: ByteRange
    }

    private(set) var nodes: [Node] = [Node()]
    private(set) var edges: [Edge] = []
    private(set) var literals: [UInt8] = []
    /// Open addressing with linear probing: indices of `edges`, or -1. A power of two, at most half full.
    private(set) var slots: [Int32] = [-1, -1]
    private(set) var pathCount = 0

    static let root = 0

    init() {}

    /// The index of the path that `segments` describe, a new one if there was none of this shape.
    mutating func addPath(_ segments: [PathTemplate.Segment]) -> Int {
        var node = Self.root
        for segment in segments {
            switch segment {
            case .literal(let literal): node = addLiteralChild(of: node, literal)
            case .parameter: node = addParameterChild(of: node)
            case .rest:
                if nodes[node].restPath < 0 { nodes[node].restPath = newPath() }
                return Int(nodes[node].restPath)
            }
        }
        if nodes[node].path < 0 { nodes[node].path = newPath() }
        return Int(nodes[node].path)
    }

    /// The child of `node` for a literal.
    func child(of node: Int, _ literal: [UInt8]) -> Int? {
        edges(of: node, like: literal).first { edge in literals[edge.literal.range].elementsEqual(literal) }
            .map { Int($0.child) }
    }

    /// The children of `node` for a literal and those that differ from it only in letter case.
    func childrenIgnoringCase(of node: Int, _ literal: [UInt8]) -> [Int] {
        edges(of: node, like: literal).map { Int($0.child) }
    }

    private func edges(of node: Int, like literal: [UInt8]) -> [Edge] {
        var found: [Edge] = []
        let bytes = literals
        var slot = firstSlot(node: node, hash: literal.reduce(Self.hashStart, Self.hash))
        while slots[slot] >= 0 {
            let edge = edges[Int(slots[slot])]
            if edge.parent == Int32(node), bytes.span.slice(edge.literal).equalsIgnoringCase(literal.span) {
                found.append(edge)
            }
            slot = (slot + 1) & (slots.count - 1)
        }
        return found
    }

    /// The hash of a literal's bytes in lower case, continued byte by byte from `hashStart`.
    static func hash(_ hash: UInt64, _ byte: UInt8) -> UInt64 {
        (hash ^ UInt64(ASCII.lowercased(byte))) &* 0x100_0000_01B3
    }

    static let hashStart: UInt64 = 0xCBF2_9CE4_8422_2325

    /// The slot at which the search for a child of `node` begins.
    func firstSlot(node: Int, hash: UInt64) -> Int {
        let mixed = (hash ^ UInt64(truncatingIfNeeded: node) &* 0x9E37_79B9_7F4A_7C15) &* 0xD6E8_FEB8_6659_FD93
        return Int(truncatingIfNeeded: mixed >> 32) & (slots.count - 1)
    }

    private mutating func newPath() -> Int32 {
        pathCount += 1
        return Int32(pathCount - 1)
    }

    private mutating func newNode() -> Int32 {
        nodes.append(Node())
        return Int32(nodes.count - 1)
    }

    private mutating func addParameterChild(of node: Int) -> Int {
        if nodes[node].parameterChild < 0 {
            let child = newNode()
            nodes[node].parameterChild = child
        }
        return Int(nodes[node].parameterChild)
    }

    private mutating func addLiteralChild(of node: Int, _ literal: [UInt8]) -> Int {
        if let child = child(of: node, literal) { return child }
        let child = newNode()
        addEdge(parent: node, child: child, literal)
        // A reading may have been decoded already. The decoded form holds a byte that no template holds, so it is the
        // literal of no other edge.
        let decoded = PathRewriting.decoded(literal)
        if decoded != literal { addEdge(parent: node, child: child, decoded) }
        return Int(child)
    }

    private mutating func addEdge(parent: Int, child: Int32, _ literal: [UInt8]) {
        let start = literals.count
        literals += literal
        edges.append(Edge(parent: Int32(parent), child: child, literal: ByteRange(start, literals.count)))
        if edges.count * 2 > slots.count {
            slots = [Int32](repeating: -1, count: slots.count * 4)
            for edge in edges.indices { place(edge) }
        } else {
            place(edges.count - 1)
        }
    }

    private mutating func place(_ index: Int) {
        let edge = edges[index]
        let hash = literals[edge.literal.range].reduce(Self.hashStart, Self.hash)
        var slot = firstSlot(node: Int(edge.parent), hash: hash)
        while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = Int32(index)
    }
}
