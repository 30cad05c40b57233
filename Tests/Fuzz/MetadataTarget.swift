import Foundation
import ProxyCore

/// An issuer's metadata, and where redirects lead: no document of another issuer gives keys, and no address that is
/// asked for holds what would break a request.
final class MetadataTarget: FuzzTarget {
    private let discoveries: [KeyDiscovery]
    private let base: KeyLocation

    init() throws {
        discoveries = [
            try KeyDiscovery(issuer: "https://a.test/t", allowsInsecure: false),
            try KeyDiscovery(issuer: "http://127.0.0.1:1", allowsInsecure: false),
        ]
        base = try KeyLocation("https://a.test:444/b/c?d")
    }

    func run(_ input: Span<UInt8>) {
        let bytes = input.copied()
        for discovery in discoveries { check(discovery, bytes) }
        let reference = String(decoding: bytes, as: UTF8.self)
        if let target = try? base.resolving(reference) {
            checkRequest(target)
            if base.mayRedirect(to: target) {
                require(target.origin == base.origin, "a redirect stays on its server, and in TLS")
            }
        }
        if let proxy = try? ForwardProxy(reference) {
            require(!proxy.host.isEmpty && proxy.port > 0, "a proxy is somewhere")
            require(proxy.authorization?.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F } ?? true, "credentials are a field")
        }
    }

    private func check(_ discovery: KeyDiscovery, _ bytes: [UInt8]) {
        let location: KeyLocation
        do throws(MetadataProblem) { location = try discovery.keyLocation(in: bytes) } catch {
            let isPrintable = error.message.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
            return require(isPrintable && error.message.utf8.count < 2000, "a message is a short line")
        }
        guard let root = (try? JSONSerialization.jsonObject(with: Data(bytes))) as? [String: Any],
            let issuer = root["issuer"] as? String
        else { fatalError("broken: metadata that is no object with an issuer to Foundation") }
        require(Array(issuer.utf8) == Array(discovery.issuer.utf8), "the issuer is ours")
        require(location.isProtected, "nobody on the way can put in keys")
        require(location.scheme == .https || discovery.authorizationServerMetadata.isLoopback, "https, or from here")
        checkRequest(location)
    }

    private func checkRequest(_ location: KeyLocation) {
        require(location.target.utf8.first == 0x2F, "a target begins with a slash")
        let parts = location.target + location.authority + location.authorityWithPort
        require(parts.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }, "nothing in an address ends a line of the request")
        require(!location.host.isEmpty && location.host.utf8.count <= 253, "a host is a name or an address")
    }
}
