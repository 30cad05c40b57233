#if FAULT_INJECTION
    import ProxyCore
    import XCTest

    /// Every call that an authorization server makes for a request fails in every way: a token that is given stands in
    /// the audit log, and one that was revoked stays so.
    final class IssuerFaultTests: ProxyTestCase {
        func testGrantsRevocationsAndChangesOfClients() throws {
            let injector = FaultInjector()
            try FaultSweep("issuer").run(injector) { fault in
                let fixture = try IssuerFixture(entriesMax: 2000)
                injector.arm(fault)
                let story = IssuerStory(fixture, fault)
                try KernelStandIns.with(injector) { try story.play() }
                injector.disarm()
                return try story.problems + story.aftermath()
            }
        }

        /// Making, publishing and removing keys in their directory.
        func testSigningKeys() throws {
            let injector = FaultInjector()
            let now = IssuerFixture.start
            try FaultSweep("signing-keys").run(injector) { fault in
                let directory = TemporaryDirectory()
                let path = directory.path("keys")
                let schedule = SigningKeySchedule()
                var kept: [String] = []
                injector.arm(fault)
                do {
                    try KernelStandIns.with(injector) {
                        let store = try SigningKeyStore(path, schedule)
                        try store.maintain(at: now)
                        kept = try store.keys().map(\.keyID)
                        _ = try store.rotate(atOnce: true, at: UnixTime(now.seconds + 10))
                    }
                } catch {
                    if fault?.isInvisible ?? true { return ["\(error)"] }
                }
                injector.disarm()
                // Once that is over, keys that have been seen are still there, and all of them can be read.
                let store = try SigningKeyStore(path, schedule)
                try store.maintain(at: UnixTime(now.seconds + 20))
                let keys = try store.keys().map(\.keyID)
                return Set(kept).isSubset(of: keys) && !keys.isEmpty ? [] : ["keys \(kept), then \(keys)"]
            }
        }
    }

    /// What an authorization server is asked for while its calls fail.
    private final class IssuerStory {
        private let fixture: IssuerFixture
        private let isSound: Bool
        private(set) var problems: [String] = []
        private var granted: [String] = []
        private var revoked: [String] = []

        init(_ fixture: IssuerFixture, _ fault: Fault?) {
            self.fixture = fixture
            isSound = fault?.isInvisible ?? true
        }

        func play() throws {
            grant("daemon", IssuerFixture.secret, isRight: true)
            grantTogether()
            grant("daemon", "wrong", isRight: false)
            // Another client comes, and the first one goes.
            try write([IssuerFixture.client("other", secret: "its-secret")])
            let before = granted.count
            grant("other", "its-secret", isRight: true)
            if granted.count > before, let token = granted.last {
                let form = "token=\(token)"
                let status = fixture.post(form, to: "/oauth/revoke", client: "other", secret: "its-secret").status
                judge("revocation", status, 200)
                if status == 200 { revoked.append(token) }
            }
            fixture.reopening.request()
            grant("other", "its-secret", isRight: true)
            do { try fixture.restart(entriesMax: 2000) } catch { if isSound { throw error } }
        }

        private func write(_ clients: [RegisteredClient]) throws {
            do {
                try fixture.write(clients)
            } catch {
                if isSound { throw error }
                try KernelStandIns.without { try fixture.write(clients) }
            }
        }

        private func grant(_ client: String, _ secret: String, isRight: Bool) {
            let response = fixture.post(IssuerFixture.grant, client: client, secret: secret)
            keep(response, "grant to \(client)", isRight ? 200 : 401)
        }

        /// Two in one turn.
        private func grantTogether() {
            let request = fixture.request(IssuerFixture.grant)
            let responses = fixture.answer([request, request])
            let statuses = Set(responses.map(\.status))
            if statuses.count > 1 { problems.append("grants of one turn came to \(statuses)") }
            for response in responses { keep(response, "grant of a turn", 200) }
        }

        private func keep(_ response: ServiceResponse, _ what: String, _ expected: Int) {
            judge(what, response.status, expected)
            guard response.status == 200 else { return }
            if let token = try? IssuerFixture.json(response)["access_token"]?.string { granted.append(token) }
        }

        private func judge(_ what: String, _ status: Int, _ expected: Int) {
            let isFine = status == expected || (!isSound && [503, 401].contains(status))
            if !isFine { problems.append("\(what) came to \(status)") }
        }

        /// What is wrong once the calls succeed again.
        func aftermath() throws -> [String] {
            var problems: [String] = []
            try fixture.restart(entriesMax: 2000)
            let lines = try FileReader.bytes(fixture.auditPath).split(separator: 0x0A).compactMap {
                try? JSONDocument(parsing: Array($0)).root
            }
            let recorded = Set(lines.compactMap { $0["jti"]?.string })
            for token in granted {
                guard let name = try IssuerFixture.claims(of: token)["jti"]?.string, recorded.contains(name) else {
                    problems.append("a token was given that the audit log does not have")
                    continue
                }
            }
            for token in revoked {
                let answer = fixture.post(
                    "token=\(token)", to: "/oauth/introspect", client: "other", secret: "its-secret")
                let isActive = try IssuerFixture.json(answer)["active"]?.bool
                if isActive != false { problems.append("a revoked token is active") }
            }
            let after = fixture.post(IssuerFixture.grant, client: "other", secret: "its-secret").status
            if after != 200 { problems.append("afterwards: \(after)") }
            let gone = fixture.post(IssuerFixture.grant, client: "daemon").status
            if gone != 401 { problems.append("the client that has gone: \(gone)") }
            return problems
        }
    }
#endif
