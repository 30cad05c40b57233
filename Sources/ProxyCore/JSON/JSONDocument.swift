/// A parsed JSON text: its bytes and a tape of what is where. Immutable; copies share both.
package struct JSONDocument: Sendable {
    let storage: JSONStorage

    /// Reads `bytes` strictly (RFC 8259, and stricter: see `JSONError.Kind`), within `limits`.
    package init(parsing bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) {
        guard bytes.count <= limits.bytes else { throw JSONError(.tooLarge, at: limits.bytes) }
        var parser = JSONParser(limits: limits)
        try parser.parse(bytes.span)
        storage = JSONStorage(bytes: bytes, nodes: parser.nodes)
    }

    /// The same, except that duplicate members do not end the reading: `duplicates` gets the first one of each object
    /// that has some. For telling a person everything that is wrong with a file; such a document is not to be used.
    package init(
        parsing bytes: [UInt8], limits: JSONLimits, collecting duplicates: inout [JSONError]
    ) throws(JSONError) {
        guard bytes.count <= limits.bytes else { throw JSONError(.tooLarge, at: limits.bytes) }
        var parser = JSONParser(limits: limits, collectsDuplicates: true)
        try parser.parse(bytes.span)
        duplicates += parser.duplicates
        storage = JSONStorage(bytes: bytes, nodes: parser.nodes)
    }

    package var bytes: [UInt8] { storage.bytes }
    package var root: JSONValue { JSONValue(storage: storage, index: 0) }
}

/// What a document and the cursors into it share.
final class JSONStorage: Sendable {
    let bytes: [UInt8]
    let nodes: [JSONNode]

    init(bytes: [UInt8], nodes: [JSONNode]) {
        self.bytes = bytes
        self.nodes = nodes
    }
}
