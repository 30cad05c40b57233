#if FAULT_INJECTION
    import ProxyCore
    import XCTest

    /// Every call of a proxy's whole life fails in every way: it starts, serves, drains and ends, or says why it does
    /// not start; then it gives back all that it has opened.
    final class LifeFaultTests: ProxyTestCase {
        private let signer = TestSigner()
        private let directory = TemporaryDirectory()

        private func token() -> String {
            let now = Clock.unixTime().seconds - 5
            let claims = ClaimsText(now: now).with("scope", "\"read\"").with("exp", "\(now + 86_400)")
            return String(decoding: signer.token(claims.text), as: UTF8.self)
        }

        private func get() -> FaultCall {
            FaultCall(method: "GET", path: "a", token: token(), status: 200, answer: "ok")
        }

        func testKeysInTheConfiguration() throws { try sweep("life", nil, #""admin": "127.0.0.1:0""#) }

        func testKeysInAFile() throws {
            directory.write("{\"keys\": [\(signer.jwk())]}", to: "keys.json")
            try sweep("file-keys", "\"jwks_file\": \"\(directory.path("keys.json"))\"")
        }

        /// From a server on the loopback interface, with a copy on disk.
        func testKeysOfAServer() throws {
            let server = try KeyServer(signer)
            let address = "http://127.0.0.1:\(server.server.port)/jwks"
            try sweep("net-keys", "\"jwks_uri\": \"\(address)\"", "\"state_dir\": \"\(directory.path)\"")
            server.server.stop()
        }

        /// With a certificate of its own.
        func testCertificates() throws {
            let files = TLSFiles()
            try sweep("life-tls", nil, listen: files.listen(), tls: files.client())
        }

        private func sweep(
            _ name: String, _ keys: String?, _ more: String = "", listen: String = #""127.0.0.1:0""#,
            tls: TLSClientContext? = nil, line: UInt = #line
        ) throws {
            let upstream = try ScriptedUpstream()
            let injector = FaultInjector()
            let conversation = FaultConversation(calls: [get()], tls: tls)
            var number = 0
            try FaultSweep(name).run(injector, line: line) { fault in
                number += 1
                let before = try OpenDescriptors.list().count
                let text = FaultConfiguration.text("\"\(upstream.url)\"", signer, keys: keys, listen: listen, more)
                injector.arm(fault)
                var problems = try live(text, injector, conversation, upstream, number, fault)
                injector.disarm()
                problems += try Self.leaks(before)
                return problems
            }
            upstream.stop()
        }

        /// One life; what went wrong in it.
        private func live(
            _ text: String, _ injector: FaultInjector, _ conversation: FaultConversation, _ upstream: ScriptedUpstream,
            _ number: Int, _ fault: Fault?
        ) throws -> [String] {
            let bench: FaultBench
            do {
                bench = try FaultBench(text, injector: injector)
            } catch let error as ProxyStartError {
                return fault?.isInvisible ?? true ? ["did not start: \(error.message)"] : []
            } catch let error as ConfigurationProblems {
                return fault?.isInvisible ?? true ? ["not read: \(error.problems)"] : []
            } catch let error as Errno {
                return fault?.isInvisible ?? true ? ["no log: \(error)"] : []
            }
            // Keys of the network come when they come.
            if text.contains("jwks_uri") {
                _ = try bench.recovery(conversation, upstream, at: bench.server.address, -number)
            }
            var problems = conversation.problems(bench.server.address, upstream, id: "case-\(number)", fault)
            // Whatever was short is there again: it serves, at once or when it has tried once more.
            if bench.server.failure == nil {
                injector.endShortage()
                problems += try bench.recovery(conversation, upstream, at: bench.server.address, number)
            }
            bench.server.drain()
            if !bench.awaitEnd() { problems.append("it does not end") }
            problems += try bench.quietProblems()
            bench.stop()
            return problems
        }

        /// Descriptors that do not go.
        private static func leaks(_ before: Int) throws -> [String] {
            let patience = Patience(until: .never, cancel: try WakeUp())
            // One is of the patience.
            for _ in 0..<400 {
                if try OpenDescriptors.list().count <= before + 1 { return [] }
                try patience.atMost(.milliseconds(5)).awaitDeadline()
            }
            return ["\(try OpenDescriptors.list().count - before) descriptors more than before"]
        }
    }
#endif
