/// `/metrics`: what the workers have counted, summed up, and what else there is to measure.
struct MetricsPage {
    let status: ProxyStatus
    var text = MetricsText()

    init(_ status: ProxyStatus) { self.status = status }

    static func bytes(of status: ProxyStatus) -> [UInt8] {
        var page = MetricsPage(status)
        page.writeRequests()
        page.writeDurations()
        page.writeBodies()
        page.writeUpstream()
        page.writeTunnels()
        page.writeConnections()
        page.writeTLS()
        page.writeTokens()
        page.writeKeys()
        page.writeEgress()
        page.writeReloads()
        page.writeProxy()
        page.writeProcess()
        return page.text.bytes
    }

    // MARK: - Requests

    /// A line for each route and for each outcome that has occurred: of all that could occur there would be thousands.
    private mutating func writeRequests() {
        text.family(
            "scopeproxy_requests_total", .counter,
            "Requests that have ended, by route, by what was decided, and why.")
        write(status.requests.rows, by: "route")
        text.family(
            "scopeproxy_responses_total", .counter,
            "Requests that have ended, by the hundreds of the status that the caller got.")
        for number in 0..<ExchangeMetrics.statusClasses {
            let count = status.metrics.reduce(0) { $0 + $1.requests(statusClass: number) }
            text.sample(count, ("code", number == 0 ? "none" : "\(number)xx"))
        }
    }

    mutating func write(_ rows: [RouteTally.Row], by label: StaticString) {
        for row in rows {
            for (number, outcome) in status.outcomes.all.enumerated() {
                let count = row.counts[number]
                guard count > 0 || !row.id.isEmpty && number == 0 else { continue }
                text.sample(
                    count, (label, row.id), ("decision", outcome.decision.description),
                    ("reason", outcome.reason.description))
            }
        }
    }

    private mutating func writeDurations() {
        writeHistogram(
            .request, of: status.metrics, "scopeproxy_request_duration_seconds",
            "From the first byte of a request to the end of its response.")
        writeHistogram(
            .proxy, of: status.metrics, "scopeproxy_proxy_duration_seconds",
            "What the proxy itself took of a forwarded request.")
        writeHistogram(
            .upstream, of: status.metrics, "scopeproxy_upstream_duration_seconds",
            "From the sending of a request to the upstream to the beginning of its response.")
    }

    mutating func writeHistogram(
        _ duration: ExchangeMetrics.Duration, of metrics: [ExchangeMetrics], _ name: StaticString, _ help: StaticString
    ) {
        text.family(name, .histogram, help)
        let counts = (0..<LatencyBuckets.count).map { bucket in
            metrics.reduce(0) { $0 + $1.count(duration, bucket: bucket) }
        }
        let sum = metrics.reduce(0) { $0 + $1.sum(duration) }
        text.histogram(bounds: LatencyBuckets.bounds, counts: counts, sum: sum)
    }

    private mutating func writeBodies() {
        writeSum(
            .requestBytes, "scopeproxy_request_body_bytes_total", .counter,
            "Bytes of request bodies, counted when the request ends.")
        writeSum(
            .responseBytes, "scopeproxy_response_body_bytes_total", .counter,
            "Bytes of response bodies, those of refusals included, counted when the request ends.")
    }

    // MARK: - Upstream

    private mutating func writeUpstream() {
        text.family("scopeproxy_upstream_failures_total", .counter, "Failures of the upstream, by kind.")
        for code in UpstreamFailure.codes {
            text.sample(status.metrics.reduce(0) { $0 + $1.upstreamFailures(code) }, ("kind", code.description))
        }
        writeSum(
            .upstreamRetries, "scopeproxy_upstream_retries_total", .counter,
            "Requests sent again, since a kept connection had died under them.")
        writeSum(
            .upstreamConnects, "scopeproxy_upstream_connects_total", .counter,
            "Connections to the upstream that were begun.")
        writeSum(
            .upstreamOpen, "scopeproxy_upstream_connections", .gauge,
            "Connections to the upstream that are open or being opened.")
        writeSum(
            .upstreamIdle, "scopeproxy_upstream_connections_idle", .gauge,
            "Of these, connections that carry no request.")
        writeSum(
            .upstreamWaiting, "scopeproxy_upstream_requests_waiting", .gauge,
            "Requests that wait for a connection, since all that are allowed are busy.")
    }

    private mutating func writeTunnels() {
        writeSum(.tunnels, "scopeproxy_tunnels", .gauge, "WebSocket connections that are open.")
        text.family(
            "scopeproxy_tunnels_ended_total", .counter, "WebSocket connections that have ended, by what ended them.")
        for end in TunnelEnd.allCases {
            text.sample(status.metrics.reduce(0) { $0 + $1.tunnels(endedBy: end) }, ("reason", end.reason.description))
        }
    }

    // MARK: - Callers

    private mutating func writeConnections() {
        text.family("scopeproxy_connections", .gauge, "Connections of callers that are open.")
        text.sample(status.budget.connections)
        text.family("scopeproxy_connections_max", .gauge, "Connections of callers that may be open.")
        text.sample(status.budget.max)
        writeSum(
            .connectionsAccepted, "scopeproxy_connections_accepted_total", .counter,
            "Connections of callers that were accepted and served.")
        text.family(
            "scopeproxy_connections_refused_total", .counter,
            "Connections closed at once, since their address had all that it may have.")
        text.sample(status.budget.refusedForAddress)
        writeSum(
            .connectionsEvicted, "scopeproxy_connections_evicted_total", .counter,
            "Idle connections ended to make room, since as many were open as there may be.")
    }

    /// Nothing where callers speak plain HTTP.
    private mutating func writeTLS() {
        let certificates = status.certificates.current
        guard !certificates.certificates.isEmpty else { return }
        writeSum(.handshakes, "scopeproxy_tls_handshakes_total", .counter, "TLS handshakes of callers that were done.")
        writeSum(
            .resumptions, "scopeproxy_tls_resumptions_total", .counter, "Of these, those that resumed a session.")
        text.family(
            "scopeproxy_tls_handshake_failures_total", .counter,
            "TLS handshakes of callers that came to nothing, by reason.")
        for (number, code) in HandshakeFailure.codes.enumerated() {
            let count = status.metrics.reduce(0) { $0 + $1.handshakeFailures(number) }
            text.sample(count, ("reason", code.description))
        }
        text.family(
            "scopeproxy_tls_certificate_not_after_seconds", .gauge,
            "When a certificate that callers are shown ends, in seconds since 1970.")
        var told: Set<String> = []
        for certificate in certificates.certificates where told.insert(certificate.path).inserted {
            text.sample(Int(certificate.summary.notAfter.seconds), ("certificate", certificate.path))
        }
        text.family(
            "scopeproxy_tls_reloads_total", .counter, "Times that changed certificates were taken into use.")
        text.sample(certificates.reloads)
        text.family(
            "scopeproxy_tls_reload_failures_total", .counter,
            "Times that changed certificates could not be used, and the ones of before were kept.")
        text.sample(certificates.failedReloads)
    }

    private mutating func writeTokens() {
        writeSum(
            .cacheHits, "scopeproxy_token_cache_hits_total", .counter,
            "Tokens that were remembered as verified.")
        writeSum(
            .cacheMisses, "scopeproxy_token_cache_misses_total", .counter,
            "Tokens that were not remembered, good or not.")
        writeSum(
            .cacheEvictions, "scopeproxy_token_cache_evictions_total", .counter,
            "Tokens forgotten to make room for others.")
        writeSum(.cacheEntries, "scopeproxy_token_cache_entries", .gauge, "Tokens that are remembered.")
        text.family("scopeproxy_token_cache_entries_max", .gauge, "Tokens that all workers together may remember.")
        text.sample(status.reloads.current.cacheEntriesMax * status.metrics.count)
        writeSum(
            .parkedRequests, "scopeproxy_parked_requests", .gauge,
            "Requests that wait for a key which is being fetched.")
    }

    // MARK: - Keys

    private mutating func writeKeys() {
        let keys = status.keys.current
        let now = Clock.unixTime()
        text.family("scopeproxy_jwks_keys", .gauge, "Usable keys of an issuer; 0 when there are none.")
        for status in keys { text.sample(status.keyCount, ("issuer", status.issuer)) }
        text.family(
            "scopeproxy_jwks_age_seconds", .gauge,
            "Time since an issuer's keys were last fetched over the network.")
        for status in keys {
            if let age = status.age(at: now) { text.sample(age, ("issuer", status.issuer)) }
        }
        text.family(
            "scopeproxy_jwks_fetches_total", .counter,
            "Attempts to get an issuer's keys that have ended, failed ones included.")
        for status in keys { text.sample(status.fetches, ("issuer", status.issuer)) }
        text.family(
            "scopeproxy_jwks_fetch_failures_total", .counter, "Attempts that brought no keys, by cause.")
        for status in keys {
            for (cause, count) in zip(KeyFetchFailure.causes, status.failures) {
                text.sample(count, ("issuer", status.issuer), ("cause", cause.description))
            }
        }
    }

    // MARK: - The process

    private mutating func writeProxy() {
        text.family("scopeproxy_ready", .gauge, "1 while /readyz answers 200, else 0.")
        text.sample(status.isReady ? 1 : 0)
        text.family("scopeproxy_workers", .gauge, "Event-loop threads.")
        text.sample(status.metrics.count)
        text.family(
            "scopeproxy_log_lines_dropped_total", .counter,
            "Log lines that were dropped, since the log was not read fast enough or could not be written.")
        text.sample(status.log.droppedLines)
        text.family("scopeproxy_build_info", .gauge, "Always 1; the labels tell what runs.")
        text.sample(1, ("version", Version.current), ("openssl", LibraryVersion.number))
    }

    /// Named as by the client libraries of Prometheus.
    private mutating func writeProcess() {
        let figures = ProcessFigures.now()
        text.family("process_cpu_seconds_total", .counter, "Total user and system CPU time spent in seconds.")
        text.sample(nanoseconds: figures.cpu.nanoseconds)
        if let bytes = figures.residentBytes {
            text.family("process_resident_memory_bytes", .gauge, "Resident memory size in bytes.")
            text.sample(bytes)
        }
        if let bytes = figures.virtualBytes {
            text.family("process_virtual_memory_bytes", .gauge, "Virtual memory size in bytes.")
            text.sample(bytes)
        }
        if let count = figures.openDescriptors {
            text.family("process_open_fds", .gauge, "Number of open file descriptors.")
            text.sample(count)
        }
        text.family("process_max_fds", .gauge, "Maximum number of open file descriptors.")
        text.sample(status.descriptorLimit)
        if let started = figures.started {
            text.family(
                "process_start_time_seconds", .gauge, "Start time of the process since unix epoch in seconds.")
            text.sample(nanoseconds: started)
        }
    }

    private mutating func writeSum(
        _ figure: ExchangeMetrics.Figure, _ name: StaticString, _ kind: MetricsText.Kind, _ help: StaticString
    ) {
        text.family(name, kind, help)
        text.sample(status.metrics.reduce(0) { $0 + $1.value(of: figure) })
    }
}
