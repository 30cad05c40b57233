#if FAULT_INJECTION
    /// A request that a simulated caller sends, what its upstream does with it, and what has become of it so far.
    final class PlannedRequest {
        enum Route: CaseIterable {
            case open
            case a
            case b
            case any
            /// For public use, with bodies of up to 1,000 bytes.
            case small
            case nowhere
            /// Its path is read in two ways, one of which leads nowhere.
            case ambiguous
        }

        enum Damage: CaseIterable {
            case none
            /// The head is one that has to be refused, and hides a second request.
            case head
            /// A chunk's size is no number.
            case chunk
        }

        let id: Int
        let caller: Int
        let method: String
        let route: Route
        let credentials: SimulatedCredentials
        let target: String
        let body: [UInt8]
        let isChunked: Bool
        let damage: Damage
        let expectsContinue: Bool
        let minorVersion: Int
        let asksToClose: Bool
        let answer: PlannedAnswer
        private(set) var head: [UInt8] = []
        /// The body with its framing.
        private(set) var framedBody: [UInt8] = []

        // What has become of it.
        /// Where it begins in the bytes of its connection.
        var firstByte = -1
        var headSentAt: UInt64?
        var isSent = false
        /// It takes longer than its caller is allowed.
        var isSlow = false
        /// How often an upstream got its head.
        var attempts = 0
        /// An upstream has got all of it.
        var hasArrived = false
        var isAnsweredWhole = false
        /// Bytes of its upstream's have come to the proxy.
        var hasAnswerArrived: () -> Bool = { false }
        /// The proxy's end of its caller's connection, and of the last one that it was sent on to an upstream.
        var proxyEnd: SimulatedSocket?
        var upstreamEnd: SimulatedSocket?
        /// Up to where its answer's head takes the bytes that come to the latter; nil when none comes.
        var headEnd: Int?
        /// Since when no request before it is under way, as its caller knows: since it had the answer to that.
        var inTurnSince: UInt64?
        /// The rules that may have permitted it.
        var judgedBy: [SimulatedRules] = []
        var interimSent = 0
        var interimSeen = 0
        var isAnswered = false

        /// When its whole head was at the proxy.
        var headCameAt: UInt64? { firstByte < 0 ? nil : proxyEnd?.arrivals.time(of: firstByte + head.count) }

        /// Its upstream has it, and will not be done for long; and its caller has not broken its connection off.
        var isLeftToStall: Bool {
            guard attempts > 0, !isAnswered, proxyEnd?.resetAt == nil else { return false }
            return answer.isNearlyTooLate || [.silence, .stallInBody].contains(answer.fault)
        }

        init(id: Int, caller: Int, plan: inout SimulationPlan, tokens: SimulatedTokens) {
            self.id = id
            self.caller = caller
            route = plan.route()
            credentials = plan.credentials()
            damage = plan.damage()
            let hasBody = damage == .chunk || plan.chance(35)
            method =
                hasBody
                ? plan.pick(["POST", "PUT", "POST"]) : plan.pick(["GET", "GET", "GET", "HEAD", "DELETE", "POST"])
            minorVersion = plan.chance(6) && damage == .none ? 0 : 1
            isChunked = damage == .chunk || minorVersion == 1 && hasBody && plan.chance(40)
            body = hasBody ? Self.pattern("up\(id)", plan.bodySize()) : []
            expectsContinue = minorVersion == 1 && hasBody && plan.chance(20)
            asksToClose = plan.chance(6)
            answer = PlannedAnswer(id: id, method: method, hasBody: hasBody, plan: &plan)
            target =
                switch route {
                case .open: "/open/\(id)?q=\(id)"
                case .a: "/a/\(id)"
                case .b: "/b/\(id)"
                case .any: "/any/\(id)"
                case .small: "/small/\(id)"
                case .nowhere: "/nowhere/\(id)"
                case .ambiguous: "/files/%2e%2e/hidden/\(id)"
                }
            write(tokens, &plan, hasBody: hasBody)
        }

        func mayNeedToken(under rules: [SimulatedRules]) -> Bool {
            route == .ambiguous || rules.contains { $0.need(route) != .nothing }
        }

        /// Bytes that no other message has.
        static func pattern(_ word: String, _ count: Int) -> [UInt8] {
            let unit = Array("\(word).".utf8)
            var bytes: [UInt8] = []
            bytes.reserveCapacity(count + unit.count)
            while bytes.count < count { bytes += unit }
            bytes.removeLast(bytes.count - count)
            return bytes
        }

        /// Can be sent to an upstream a second time.
        var isRepeatable: Bool { ["GET", "HEAD", "DELETE", "PUT"].contains(method) && framedBody.isEmpty }

        private func write(_ tokens: SimulatedTokens, _ plan: inout SimulationPlan, hasBody: Bool) {
            var text = "\(method) \(target) HTTP/1.\(minorVersion)\r\nHost: api.test\r\nX-Id: \(id)\r\n"
            text += tokens.line(credentials)
            if plan.chance(20) { text += "X-Auth-Client-Id: root\r\nx_auth_scopes: a b c\r\n" }
            if asksToClose { text += "Connection: close\r\n" }
            if minorVersion == 0, !asksToClose, plan.chance(50) { text += "Connection: keep-alive\r\n" }
            if expectsContinue { text += "Expect: 100-continue\r\n" }
            if hasBody {
                text += isChunked ? "Transfer-Encoding: chunked\r\n" : "Content-Length: \(body.count)\r\n"
                framedBody = isChunked ? Self.chunks(body, &plan, isDamaged: damage == .chunk) : body
            }
            if damage == .head {
                text += plan.pick([
                    "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "Content-Length : 3\r\n",
                    "X-Y: 1\r\n folded: 2\r\n",
                    "Transfer-Encoding: xchunked\r\n", "Content-Length: 1\r\nContent-Length: 2\r\n", "X: a\nY: b\r\n",
                    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "Host: other\r\n",
                ])
                framedBody = Array("0\r\n\r\nGET /open/hidden HTTP/1.1\r\nHost: api.test\r\n\r\n".utf8)
            }
            head = Array((text + "\r\n").utf8)
        }

        private static func chunks(_ body: [UInt8], _ plan: inout SimulationPlan, isDamaged: Bool) -> [UInt8] {
            var bytes: [UInt8] = []
            var start = 0
            while start < body.count {
                let count = min(body.count - start, 1 + plan.random.next(upTo: max(1, body.count)))
                bytes += Array("\(String(count, radix: 16))\r\n".utf8) + body[start..<(start + count)] + [0x0D, 0x0A]
                start += count
            }
            if isDamaged { return bytes + Array("zz\r\nGET /open/hidden HTTP/1.1\r\nHost: api.test\r\n\r\n".utf8) }
            return bytes
                + Array((plan.chance(20) ? "0\r\nX-Trailer: t\r\nX-Auth-Subject: root\r\n\r\n" : "0\r\n\r\n").utf8)
        }
    }

    /// What an upstream does with a request.
    struct PlannedAnswer {
        enum Fault: CaseIterable {
            case none
            case closeBeforeHead
            case resetBeforeHead
            case closeInHead
            case closeInBody
            case resetInBody
            case silence
            case stallInBody
            case garbage
            /// A second answer right behind the first one.
            case extraAnswer
            /// Bytes that nobody asked for, while the connection is idle.
            case unaskedLater
        }

        enum Framing: CaseIterable {
            case length
            case chunked
            case untilClose
        }

        let fault: Fault
        /// The fault happens again when the request is sent once more.
        let repeats: Bool
        let status: Int
        let framing: Framing
        let body: [UInt8]
        let hasNoBody: Bool
        /// Before the request's body has been read.
        let isEarly: Bool
        let sendsContinue: Bool
        let sendsHints: Bool
        /// It comes when the proxy gives up.
        let isNearlyTooLate: Bool
        let delay: UInt64
        let pieces: Int
        let pieceDelay: UInt64
        let saysClose: Bool
        /// The connection is closed so long after the answer.
        let closesAfter: UInt64?
        private(set) var bytes: [UInt8] = []
        private(set) var headCount = 0
        /// It is whole with its head.
        var isHeadOnly: Bool { headCount == bytes.count }

        init(id: Int, method: String, hasBody: Bool, plan: inout SimulationPlan) {
            fault = plan.upstreamFault()
            repeats = plan.chance(50)
            status = plan.pick([200, 200, 200, 201, 404, 500, 204, 304, 401, 302])
            framing =
                plan.chance(plan.profile.hasUpstreamFaults ? 12 : 4)
                ? .untilClose : plan.chance(40) ? .chunked : .length
            hasNoBody = method == "HEAD" || status == 204 || status == 304
            body = hasNoBody ? [] : PlannedRequest.pattern("down\(id)", plan.bodySize())
            isEarly = hasBody && plan.profile.hasUpstreamFaults && plan.chance(15)
            sendsContinue = plan.chance(90)
            sendsHints = plan.chance(8)
            isNearlyTooLate = plan.chance(plan.profile.hasSlowness ? 4 : 0)
            delay =
                isNearlyTooLate
                ? plan.nearly(60)
                : plan.chance(60) ? 0 : plan.chance(8) ? 20_000_000_000 : UInt64(plan.random.next(upTo: 50_000_000))
            pieces = plan.chance(60) ? 1 : 2 + plan.random.next(upTo: 4)
            pieceDelay = plan.chance(10) ? 5_000_000_000 : UInt64(plan.random.next(upTo: 3_000_000))
            saysClose = framing == .untilClose || plan.chance(plan.profile.hasClosingUpstreams ? 15 : 0)
            closesAfter =
                plan.chance(plan.profile.hasClosingUpstreams ? 30 : 0) ? UInt64(plan.random.next(upTo: 3_000_000)) : nil
            write(id, &plan)
        }

        private mutating func write(_ id: Int, _ plan: inout SimulationPlan) {
            var text = "HTTP/1.1 \(status) Word\r\nX-Echo: \(id)\r\n"
            if saysClose { text += "Connection: close\r\n" }
            var framed = body
            if !hasNoBody {
                switch framing {
                case .length: text += "Content-Length: \(body.count)\r\n"
                case .chunked:
                    text += "Transfer-Encoding: chunked\r\n"
                    framed =
                        body.isEmpty ? [] : Array("\(String(body.count, radix: 16))\r\n".utf8) + body + [0x0D, 0x0A]
                    framed += Array("0\r\n\r\n".utf8)
                case .untilClose: break
                }
            }
            let head = Array((text + "\r\n").utf8)
            headCount = head.count
            bytes = head + framed
        }
    }
#endif
