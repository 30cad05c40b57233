// What is measured of the service's own calls.

extension MetricsPage {
    mutating func writeEgress() {
        guard let egress = status.egress else { return }
        writeCalls(egress)
        writeSum(
            egress, .tokenRetries, "scopeproxy_egress_token_retries_total", .counter,
            "Outgoing calls sent once more with another token, since the target had refused the first.")
        writeSum(
            egress, .parkedRequests, "scopeproxy_egress_calls_waiting", .gauge, "Outgoing calls that wait for a token.")
        writeSum(
            egress, .upstreamOpen, "scopeproxy_egress_target_connections", .gauge,
            "Connections to targets that are open or being opened.")
        text.family("scopeproxy_egress_connections", .gauge, "Connections of the service that are open.")
        text.sample(egress.budget.connections)
        writeHistogram(
            .upstream, of: egress.metrics, "scopeproxy_egress_target_duration_seconds",
            "From the sending of an outgoing call to the beginning of its response.")
        writeTokens(egress.tokens.current)
    }

    private mutating func writeCalls(_ egress: EgressStatus) {
        text.family(
            "scopeproxy_egress_calls_total", .counter,
            "Outgoing calls that have ended, by target, by what was decided, and why.")
        write(egress.calls.rows, by: "target")
    }

    private mutating func writeTokens(_ tokens: [TokenStatus]) {
        let now = Clock.unixTime()
        text.family(
            "scopeproxy_egress_token_expires_seconds", .gauge,
            "Time until a target's token expires; 0 when there is none.")
        for token in tokens {
            let left = token.expiry.map { max(0, Int($0.seconds - now.seconds)) } ?? 0
            text.sample(left, ("target", token.target))
        }
        text.family(
            "scopeproxy_egress_token_fetches_total", .counter,
            "Attempts to get a target's token that have ended, failed ones included.")
        for token in tokens { text.sample(token.fetches, ("target", token.target)) }
        text.family(
            "scopeproxy_egress_token_fetch_failures_total", .counter, "Attempts that brought no token, by cause.")
        for token in tokens {
            for (cause, count) in zip(TokenFailure.causes, token.failures) {
                text.sample(count, ("target", token.target), ("cause", cause.description))
            }
        }
        text.family(
            "scopeproxy_egress_tokens_refused_total", .counter, "Tokens that a target has refused before their end.")
        for token in tokens { text.sample(token.refusals, ("target", token.target)) }
    }

    private mutating func writeSum(
        _ egress: EgressStatus, _ figure: ExchangeMetrics.Figure, _ name: StaticString, _ kind: MetricsText.Kind,
        _ help: StaticString
    ) {
        text.family(name, kind, help)
        text.sample(egress.metrics.reduce(0) { $0 + $1.value(of: figure) })
    }
}
