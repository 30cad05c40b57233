#if FAULT_INJECTION
    import ProxyCore
    import XCTest

    /// Every call that a proxy makes for the service's own calls fails in every way: no call goes out without a token.
    final class EgressFaultTests: ProxyTestCase {
        func testCallsOfTheService() throws {
            let upstream = try ScriptedUpstream()
            let signer = TestSigner()
            let injector = FaultInjector()
            let call = FaultCall(method: "GET", path: "a", status: 200, answer: "ok")
            let conversation = FaultConversation(calls: [call])
            var number = 0
            try FaultSweep("egress").run(injector) { fault in
                number += 1
                let tokens = try TokenServer()
                let target = EgressFixture.target(upstream, tokens)
                let egress = "\"egress\": {\"listen\": \"127.0.0.1:0\", \"targets\": [\(target)]}"
                let before = upstream.requests.count
                injector.arm(fault)
                var problems: [String] = []
                do {
                    let bench = try FaultBench(
                        FaultConfiguration.text("\"\(upstream.url)\"", signer, egress), injector: injector,
                        environment: ["SECRET": "s3cr3t"])
                    problems = try calls(bench, conversation, upstream, number, fault)
                    bench.stop()
                } catch let error as ProxyStartError {
                    if fault?.isInvisible ?? true { problems = [error.message] }
                } catch let error as Errno {
                    if fault?.isInvisible ?? true { problems = ["\(error)"] }
                }
                injector.disarm()
                let bare = upstream.requests.dropFirst(before).filter { $0.field("Authorization") == nil }
                if !bare.isEmpty { problems.append("\(bare.count) calls went out without a token") }
                return problems
            }
            upstream.stop()
        }

        private func calls(
            _ bench: FaultBench, _ conversation: FaultConversation, _ upstream: ScriptedUpstream, _ number: Int,
            _ fault: Fault?
        ) throws -> [String] {
            guard bench.server.failure == nil, let address = bench.server.egressAddress else { return [] }
            let problems = conversation.problems(address, upstream, id: "case-\(number)", fault)
            bench.injector.endShortage()
            return try problems + bench.recovery(conversation, upstream, at: address, number)
        }

    }
#endif
