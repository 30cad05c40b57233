/// Who a request really comes from, when proxies stand between.
package struct CallerAddress: Sendable, Equatable {
    /// Peers whose `X-Forwarded-For` is believed.
    package var trustedProxies: [CIDR] = []

    package init() {}

    /// The peer of the connection or, behind trusted proxies, the nearest address that is none of theirs.
    func address(of request: ServiceRequest) -> IPAddress? {
        guard var address = request.peer, !trustedProxies.isEmpty else { return request.peer }
        var rest: [Substring] = []
        for field in request.fields where field.id == .xForwardedFor {
            rest += String(decoding: field.value, as: UTF8.self).split(separator: ",", omittingEmptySubsequences: false)
        }
        while trustedProxies.contains(where: { $0.contains(address) }), let last = rest.popLast() {
            // What is no address was made up by somebody: the proxy that passed it on stands for it.
            let text = last.drop { $0 == " " || $0 == "\t" }.prefix { $0 != " " && $0 != "\t" }
            guard let next = IPAddress(String(text)) else { break }
            address = next
        }
        return address
    }
}
