#if FAULT_INJECTION
    import Glibc
    import ProxyCore
    import Synchronization
    import XCTest

    /// A proxy whose every system call, on all of its threads, may fail; the upstream and the callers are sound.
    final class FaultBench {
        let injector: FaultInjector
        let server: ProxyServer
        private let log: LogWriter
        private let logThread: ProxyCore.Thread
        private let sink: LogSink
        private var isRunning = true

        /// Starts the proxy, which may fail.
        init(_ configuration: String, injector: FaultInjector, environment: [String: String] = [:]) throws {
            self.injector = injector
            let sink = try LogSink()
            self.sink = sink
            do {
                (server, log, logThread) = try KernelStandIns.withInherited(injector) {
                    let text = Array(configuration.utf8)
                    let loader = ConfigurationLoader(environment: { environment[$0] })
                    let configuration = try loader.load(text, file: "/nowhere/routes.json")
                    let log = try LogWriter(target: sink.writeEnd, level: .debug, format: .json)
                    let logThread = try log.start()
                    do {
                        return (try ProxyServer.start(configuration, log: log), log, logThread)
                    } catch {
                        log.stop()
                        logThread.join()
                        throw error
                    }
                }
            } catch {
                injector.disarm()
                sink.end()
                throw error
            }
        }

        deinit { stop() }

        /// Cuts all connections and waits for every thread.
        func stop() {
            guard isRunning else { return }
            isRunning = false
            KernelStandIns.withInherited(injector) {
                server.cut()
                server.join()
                log.stop()
            }
            logThread.join()
            injector.disarm()
            sink.end()
        }

        /// Waits for the end of a proxy that drains; false when it does not come.
        func awaitEnd() -> Bool {
            do {
                try Patience(until: .never, cancel: WakeUp()).atMost(.seconds(20)).awaitSignal(of: server.ended)
                return true
            } catch {
                return false
            }
        }

        /// What is wrong when the proxy does not serve, at once or when it has tried once more.
        func recovery(
            _ conversation: FaultConversation, _ upstream: ScriptedUpstream, at address: SocketAddress, _ number: Int
        ) throws -> [String] {
            let patience = Patience(until: .never, cancel: try WakeUp())
            var problems: [String] = []
            for attempt in 0..<1000 {
                // It has told why it ends.
                if server.failure != nil { return [] }
                problems = conversation.problems(address, upstream, id: "after-\(number)-\(attempt)", nil)
                if problems.isEmpty { return [] }
                try patience.atMost(.milliseconds(10)).awaitDeadline()
            }
            return problems.map { "afterwards: \($0)" }
        }

        /// What is wrong when the connections of callers do not end.
        func quietProblems() throws -> [String] {
            let patience = Patience(until: .never, cancel: try WakeUp())
            for _ in 0..<2000 {
                if server.budget.connections == 0 { return [] }
                try patience.atMost(.milliseconds(5)).awaitDeadline()
            }
            return ["\(server.budget.connections) connections are left"]
        }
    }

    /// Takes the lines of a log, whole or not.
    private final class LogSink {
        let writeEnd: Int32
        private let readEnd: Int32
        private let thread: ProxyCore.Thread

        init() throws {
            var ends: [Int32] = [-1, -1]
            precondition(unsafe pipe(&ends) == 0)
            let readEnd = ends[0]
            (self.readEnd, writeEnd) = (readEnd, ends[1])
            thread = try ProxyCore.Thread.start(name: "log-sink") {
                var piece = [UInt8](repeating: 0, count: 65_536)
                while unsafe read(readEnd, &piece, piece.count) > 0 {}
            }
        }

        /// Whoever writes has ended.
        func end() {
            close(writeEnd)
            thread.join()
            close(readEnd)
        }
    }

    /// The calls of a scenario on one connection, made and judged.
    struct FaultConversation {
        let calls: [FaultCall]
        var tls: TLSClientContext?

        /// What went wrong. `id` names the case in the paths.
        func problems(_ address: SocketAddress, _ upstream: ScriptedUpstream, id: String, _ fault: Fault?) -> [String] {
            let before = upstream.requests.count
            var outcomes: [FaultCaller.Outcome] = []
            var problems: [String] = []
            do {
                let caller = try FaultCaller(address, tls: tls)
                for (index, call) in calls.enumerated() {
                    outcomes.append(caller.call(call.text(id, isLast: index == calls.count - 1)))
                    guard case .answered = outcomes.last else { break }
                }
                if outcomes.count == calls.count, case .answered = outcomes.last {
                    let rest = caller.rest()
                    if rest != [] { problems.append("\(rest?.count ?? -1) bytes follow the last answer") }
                }
                caller.close()
            } catch {
                problems.append("\(error)")
            }
            for (call, outcome) in zip(calls, outcomes) { problems += judge(call, outcome, isSound: isSound(fault)) }
            return problems + judgeUpstream(upstream.requests.dropFirst(before), id, isSound: isSound(fault))
        }

        /// Everything has to be as without a fault.
        private func isSound(_ fault: Fault?) -> Bool {
            guard let fault else { return true }
            return fault.isInvisible || fault.place.thread == "log"
        }

        private func judge(_ call: FaultCall, _ outcome: FaultCaller.Outcome, isSound: Bool) -> [String] {
            switch outcome {
            case .answered(call.status, let body) where body == call.answer ?? body: return []
            case .answered(502, _) where !isSound: return []
            case .answered(503, _) where !isSound: return []
            case .answered(504, _) where !isSound: return []
            case .nothing where !isSound: return []
            case .cut where !isSound: return []
            case .answered, .nothing, .cut, .late: return ["\(call.path) came to \(outcome)"]
            }
        }

        /// What was forwarded was permitted, and nothing twice that may not be repeated.
        private func judgeUpstream(_ requests: ArraySlice<RawRequest>, _ id: String, isSound: Bool) -> [String] {
            calls.flatMap { call -> [String] in
                let count = requests.count { $0.target == "/\(id)/\(call.path)" }
                let most = !call.isPermitted ? 0 : call.method == "GET" && !isSound ? 2 : 1
                let least = call.isPermitted && isSound ? 1 : 0
                return (least...most).contains(count) ? [] : ["\(call.path) reached the upstream \(count) times"]
            }
        }
    }
#endif
