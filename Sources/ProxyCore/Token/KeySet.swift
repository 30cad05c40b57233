/// Why a document is no key set. One bad key is no reason: see `KeySet.skipped`.
package enum KeySetError: Error, Equatable, Sendable {
    case tooLarge
    case notJSON(JSONError)
    /// The document is no object with an array `keys` (RFC 7517 section 5).
    case notAKeySet
    case tooManyKeys

    package var description: StaticString {
        switch self {
        case .tooLarge: "the document is larger than 1 MiB"
        case .notJSON: "the document is not JSON as RFC 8259 wants it"
        case .notAKeySet: "the document is not an object with an array \"keys\""
        case .tooManyKeys: "the document holds more than 1000 keys"
        }
    }
}

/// The keys that an issuer publishes (a JWK Set, RFC 7517 section 5): those that can verify signatures here, each of
/// them checked. An immutable snapshot; goes between threads.
package final class KeySet: Sendable {
    /// A key that is not used, and why.
    package struct SkippedKey: Sendable, Equatable {
        /// Its place in the document's array, from 0.
        package let position: Int
        package let keyID: [UInt8]?
        package let reason: KeySkipReason
    }

    /// What `keys(for:keyID:)` finds.
    enum Selection: Equatable {
        /// The positions in `keys` of those that may have made the signature.
        case fitting([Int])
        /// The key that the token names is here, but not for that algorithm.
        case unfitting
        /// Nothing here that the token can mean; a newer set may hold it.
        case unknown
    }

    /// In the order of the document.
    package let keys: [JSONWebKey]
    package let skipped: [SkippedKey]
    /// When each of `keys` was last used.
    package let uses: [KeyUse]
    private let positions: [[UInt8]: [Int]]

    /// Larger documents are refused before they are read.
    package static let bytesMax = 1 << 20
    /// Providers publish two to a dozen.
    package static let keysMax = 1000

    private init(keys: [JSONWebKey], skipped: [SkippedKey], uses: [KeyUse]) {
        self.keys = keys
        self.skipped = skipped
        self.uses = uses
        var positions: [[UInt8]: [Int]] = [:]
        for (position, key) in keys.enumerated() {
            if let keyID = key.keyID { positions[keyID, default: []].append(position) }
        }
        self.positions = positions
    }

    package static func parse(_ bytes: [UInt8]) throws(KeySetError) -> KeySet {
        guard bytes.count <= bytesMax else { throw .tooLarge }
        let document: JSONDocument
        do throws(JSONError) { document = try JSONDocument(parsing: bytes) } catch { throw .notJSON(error) }
        guard let members = document.root["keys"], members.kind == .array else { throw .notAKeySet }
        let elements = members.elements
        guard elements.count <= keysMax else { throw .tooManyKeys }
        var keys: [JSONWebKey] = []
        var skipped: [SkippedKey] = []
        var seen: Set<KeyIdentity> = []
        for (position, element) in elements.enumerated() {
            do throws(KeySkipReason) {
                let key = try usableKey(element)
                guard seen.insert(key.identity).inserted else { throw .duplicate }
                keys.append(key)
            } catch {
                let keyID = element["kid"]?.stringBytes
                skipped.append(SkippedKey(position: position, keyID: keyID, reason: error))
            }
        }
        return KeySet(keys: keys, skipped: skipped, uses: keys.map { _ in KeyUse() })
    }

    /// The same set, in which a key that was in `previous` already goes on with what is known of its use.
    package func continuing(_ previous: KeySet?) -> KeySet {
        guard let previous else { return self }
        var known: [KeyIdentity: KeyUse] = [:]
        for (key, use) in zip(previous.keys, previous.uses) { known[key.identity] = use }
        return KeySet(keys: keys, skipped: skipped, uses: zip(keys, uses).map { known[$0.identity] ?? $1 })
    }

    /// Whether both come of documents that say the same of keys.
    package func isSame(as other: KeySet) -> Bool { keys == other.keys && skipped == other.skipped }

    package func holds(_ identity: KeyIdentity) -> Bool { keys.contains { $0.identity == identity } }

    /// The keys that may have signed a token with that header: those of its `kid` alone when it has one, otherwise all
    /// that fit its algorithm.
    func keys(for algorithm: SignatureAlgorithm, keyID: [UInt8]?) -> Selection {
        guard let keyID else {
            let fitting = keys.indices.filter { keys[$0].resolve(algorithm) != nil }
            return fitting.isEmpty ? .unknown : .fitting(fitting)
        }
        guard let named = positions[keyID] else { return .unknown }
        let fitting = named.filter { keys[$0].resolve(algorithm) != nil }
        return fitting.isEmpty ? .unfitting : .fitting(fitting)
    }

    /// Builds the key once, so that what cannot be used is known here and not at the first token.
    private static func usableKey(_ element: JSONValue) throws(KeySkipReason) -> JSONWebKey {
        let key = try JSONWebKey(element)
        do throws(KeyError) { _ = try PublicKey(key.material) } catch { throw .unsound(error) }
        return key
    }
}
