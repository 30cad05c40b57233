// What is measured of reloads.

extension MetricsPage {
    mutating func writeReloads() {
        let reloads = status.reloads.current
        text.family(
            "scopeproxy_reloads_total", .counter,
            "Times that the configuration was read again while the proxy ran, by what came of it.")
        text.sample(reloads.successes, ("result", "success"))
        text.sample(reloads.failures, ("result", "failure"))
        text.family(
            "scopeproxy_reload_last_failed", .gauge,
            "1 when the latest reload has changed nothing, since the configuration was not valid; else 0.")
        text.sample(reloads.hasFailedLast ? 1 : 0)
        text.family(
            "scopeproxy_reload_last_success_seconds", .gauge,
            "When the configuration in force was taken into force, in seconds since 1970.")
        text.sample(Int(reloads.lastSuccess.seconds))
    }
}
