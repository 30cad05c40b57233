#if FAULT_INJECTION
    import ProxyCore

    /// One request of a scenario, and what is to become of it.
    struct FaultCall: Sendable {
        let method: String
        /// Behind the part of the path that names the case.
        let path: String
        var token: String?
        var fields: [String] = []
        /// With its framing.
        var body = ""
        let status: Int
        /// nil when it does not matter.
        var answer: String?

        var isPermitted: Bool { status == 200 }

        func text(_ id: String, isLast: Bool) -> String {
            var lines = ["\(method) /\(id)/\(path) HTTP/1.1", "Host: api.test"] + fields
            if let token { lines.append("Authorization: Bearer \(token)") }
            if isLast { lines.append("Connection: close") }
            return lines.joined(separator: "\r\n") + "\r\n\r\n" + body
        }
    }

    /// A caller that takes whatever comes of its requests.
    final class FaultCaller {
        enum Outcome: Equatable {
            case answered(Int, String)
            /// The connection ended before anything came.
            case nothing
            /// It ended within the answer.
            case cut
            /// Nothing came, for long, nor an end.
            case late
        }

        private let connection: RawConnection
        private let failedHandshake: Bool

        init(_ address: SocketAddress, tls: TLSClientContext? = nil) throws {
            connection = RawConnection(try Socket.connect(to: address), cancel: try WakeUp(), waitMax: .seconds(15))
            if let tls {
                do {
                    try connection.startTLS(tls)
                } catch {
                    failedHandshake = true
                    return
                }
            }
            failedHandshake = false
        }

        func call(_ text: String) -> Outcome {
            if failedHandshake { return .nothing }
            // Whether it was taken or not, the answer tells.
            try? connection.send(text)
            var began = false
            do {
                guard let head = try connection.read(through: "\r\n\r\n") else { return .nothing }
                began = true
                let response = RawResponse(head: String(decoding: head.dropLast(2), as: UTF8.self), bytes: head)
                if response.field("Transfer-Encoding") != nil {
                    let body = try connection.readChunked().data
                    return .answered(response.status, String(decoding: body, as: UTF8.self))
                }
                let length = response.field("Content-Length").flatMap { Int($0) } ?? 0
                return .answered(response.status, String(decoding: try connection.read(length), as: UTF8.self))
            } catch WaitError.timedOut {
                return .late
            } catch {
                return began || !connection.pending.isEmpty ? .cut : .nothing
            }
        }

        /// What still comes until the end; nil when no end comes.
        func rest() -> [UInt8]? {
            if failedHandshake { return [] }
            return try? connection.readToEnd().bytes
        }

        func close() { connection.close() }
    }
#endif
