// What a running proxy cannot change.

extension Configuration {
    /// Takes from `running` what cannot change without a restart.
    ///
    /// - Returns: the keys that said something else.
    package mutating func keepWhatNeedsRestart(of running: Configuration) -> [String] {
        var keys: [String] = []
        func keep<Value: Equatable>(_ key: String, _ value: inout Value, _ old: Value) {
            guard value != old else { return }
            value = old
            keys.append(key)
        }
        keep("listen", &listen, running.listen)
        if (listenTLS == nil) != (running.listenTLS == nil) {
            listenTLS = running.listenTLS
            keys.append("listen.tls")
        }
        keep("reuse_port", &reusesPort, running.reusesPort)
        keep("admin", &admin, running.admin)
        keep("workers", &workers, running.workers)
        keep("log.level", &logLevel, running.logLevel)
        keep("log.format", &logFormat, running.logFormat)
        keep("log.when_full", &logWhenFull, running.logWhenFull)
        keep("state_dir", &stateDirectory, running.stateDirectory)
        keys += keepEgressListener(of: running)
        return keys
    }

    private mutating func keepEgressListener(of running: Configuration) -> [String] {
        guard let old = running.egress, let new = egress else {
            guard egress != nil || running.egress != nil else { return [] }
            egress = running.egress
            return ["egress"]
        }
        guard new.listen != old.listen else { return [] }
        egress?.listen = old.listen
        // It was checked together with the address.
        egress?.allowsRemote = old.allowsRemote
        return ["egress.listen"]
    }
}
