import ProxyCore

/// What can happen to an `Exchange`, as values that tables and random walks are made of.
enum ExchangeEvent: Equatable {
    case permitted(hasBody: Bool, repeatable: Bool, persistent: Bool, upgrades: Bool = false)
    case parked
    case refused(bodyFollows: Bool, persistent: Bool)
    case requestBodyFailed
    case requestBodyEnded
    case connected
    case upstreamFailed(died: Bool)
    case interimResponse
    case responseStarted(hasBody: Bool, delimitedByClose: Bool)
    case responseEnded
    case tokenRefused
    case tokenRenewed
    case tokenKept
    case switchedProtocols
    case callerEnded
    case upstreamRefusesMore
    case upstreamEnded
    case cutShort
    case callerFinishedSending
    case drain
    case next

    /// Reports the event; nil where the machine has nothing to say to it.
    func happen(to exchange: inout Exchange) -> Exchange.Action? {
        switch self {
        case .permitted(let hasBody, let repeatable, let persistent, let upgrades):
            return exchange.permitted(
                hasBody: hasBody, repeatable: repeatable, persistent: persistent, upgrades: upgrades)
        case .parked: return exchange.parked()
        case .refused(let bodyFollows, let persistent):
            return exchange.refused(bodyFollows: bodyFollows, persistent: persistent)
        case .requestBodyFailed: return exchange.requestBodyFailed()
        case .requestBodyEnded: exchange.requestBodyEnded()
        case .connected: return exchange.connected()
        case .upstreamFailed(let died): return exchange.upstreamFailed(died: died)
        case .interimResponse: return exchange.interimResponse()
        case .responseStarted(let hasBody, let delimitedByClose):
            return exchange.responseStarted(hasBody: hasBody, delimitedByClose: delimitedByClose)
        case .responseEnded: exchange.responseEnded()
        case .tokenRefused: return exchange.tokenRefused()
        case .tokenRenewed: return exchange.tokenRenewed()
        case .tokenKept: exchange.tokenKept()
        case .switchedProtocols: return exchange.switchedProtocols()
        case .callerEnded: return exchange.callerEnded()
        case .upstreamRefusesMore: exchange.upstreamRefusesMore()
        case .upstreamEnded: return exchange.upstreamEnded()
        case .cutShort: return exchange.cutShort()
        case .callerFinishedSending: return exchange.callerFinishedSending()
        case .drain: exchange.drain()
        case .next: exchange.next()
        }
        return nil
    }
}
