/// Whom a fetch believes that a server is who it says: read once, when the first connection needs it, and the same for
/// all connections of the fetch. Belongs to the thread that fetches.
final class KeyTrust {
    private let caFile: String?
    private let identity: TLSIdentity?
    private var store: TrustStore?

    /// Far more than all the authorities of the world.
    private static let bytesMax = 8 << 20

    /// - Parameter identity: the certificate to show to a server that asks for one.
    init(_ access: KeyAccess, identity: TLSIdentity? = nil) {
        caFile = access.caFile
        self.identity = identity
    }

    /// The client's side of TLS towards `location`.
    func context(for location: KeyLocation) throws(KeyFetchFailure) -> TLSClientContext {
        let name = IPAddress(location.host).map { TLSServerName.address($0) } ?? .host(location.host)
        let trust = try readStore()
        do throws(TLSIdentityError) {
            return try TLSClientContext(name, trust: trust, identity: identity)
        } catch {
            preconditionFailure("the certificate has been tried when it was read: \(error)")
        }
    }

    private func readStore() throws(KeyFetchFailure) -> TrustStore {
        if let store { return store }
        let read = try caFile.map(Self.read) ?? .system
        store = read
        return read
    }

    /// The authorities of a file.
    private static func read(_ caFile: String) throws(KeyFetchFailure) -> TrustStore {
        let bytes: [UInt8]
        let isRegular: Bool
        do throws(Errno) {
            isRegular = try FileIdentity(of: caFile).isRegular
            bytes = isRegular ? try FileReader.bytes(caFile, bytesMax: bytesMax) : []
        } catch {
            throw .trust(.unreadable(error))
        }
        guard isRegular else { throw .trust(.notARegularFile) }
        do throws(TrustStoreError) { return try TrustStore(pem: bytes.span) } catch { throw .trust(.unusable(error)) }
    }
}
