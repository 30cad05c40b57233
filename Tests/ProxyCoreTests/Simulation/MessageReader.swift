#if FAULT_INJECTION
    import Glibc

    /// A message's head, as a plain reader that knows none of our code finds it.
    struct PlainMessageHead {
        let startLine: [Substring]
        /// Names in lower case.
        let fields: [(name: String, value: String)]
        let bytes: [UInt8]

        func values(_ name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }
        func value(_ name: String) -> String? { fields.first { $0.name == name }?.value }

        var method: String { startLine.isEmpty ? "" : String(startLine[0]) }
        var target: String { startLine.count > 1 ? String(startLine[1]) : "" }
        var status: Int { startLine.count > 1 ? Int(startLine[1]) ?? 0 : 0 }
        var closes: Bool { value("connection")?.lowercased() == "close" }

        /// nil for what is no head. `bytes` end with the empty line.
        init?(_ bytes: [UInt8]) {
            let lines = String(decoding: bytes.dropLast(4), as: UTF8.self).split(
                separator: "\r\n", omittingEmptySubsequences: false)
            guard let first = lines.first else { return nil }
            startLine = first.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
            var fields: [(name: String, value: String)] = []
            for line in lines.dropFirst() {
                guard let colon = line.firstIndex(of: ":") else { return nil }
                let value = line[line.index(after: colon)...]
                fields.append((line[..<colon].lowercased(), String(value.drop { $0 == " " })))
            }
            self.fields = fields
            self.bytes = bytes
        }
    }

    /// Reads a row of requests or of responses, as it comes.
    struct MessageReader {
        enum Event {
            case head(PlainMessageHead)
            case body([UInt8])
            case end
            case malformed(String)
        }

        private enum State: Equatable {
            case head
            case length(Int)
            case chunkSize
            case chunk(Int)
            case chunkEnd
            case trailers
            case untilEnd
            case failed
        }

        private let readsResponses: Bool
        private var bytes: [UInt8] = []
        private var start = 0
        private var dropped = 0
        private var state = State.head

        init(readsResponses: Bool) { self.readsResponses = readsResponses }

        mutating func append(_ more: [UInt8]) {
            if start == bytes.count {
                dropped += start
                bytes = more
                start = 0
            } else {
                bytes.append(contentsOf: more)
            }
        }

        /// How many bytes have been made something of.
        var taken: Int { dropped + start }

        /// Between two messages, with nothing of the next one.
        var isBetween: Bool { state == .head && start == bytes.count }
        var isInHead: Bool { state == .head && start < bytes.count }
        /// The end of the stream is the end of the message under way.
        var endsWithStream: Bool { state == .untilEnd }
        var hasFailed: Bool { state == .failed }

        /// The next thing that has come whole.
        ///
        /// - Parameter isBodiless: whether the response that begins has no body whatever it says.
        mutating func next(isBodiless: () -> Bool = { false }) -> Event? {
            switch state {
            case .head: return readHead(isBodiless)
            case .length(let left):
                return readData(left) {
                    .length($0)
                } atEnd: {
                    .head
                }
            case .chunk(let left):
                return readData(left) {
                    .chunk($0)
                } atEnd: {
                    .chunkEnd
                }
            case .chunkEnd:
                guard let line = takeLine() else { return nil }
                state = .chunkSize
                return line.isEmpty ? next() : fail("a chunk does not end")
            case .chunkSize:
                guard let line = takeLine() else { return nil }
                let digits = String(decoding: line.prefix { $0 != 0x3B }, as: UTF8.self)
                guard let size = Int(digits, radix: 16), size >= 0 else { return fail("a chunk's size") }
                state = size == 0 ? .trailers : .chunk(size)
                return next()
            case .trailers:
                guard let line = takeLine() else { return nil }
                guard line.isEmpty else { return next() }
                state = .head
                return .end
            case .untilEnd:
                guard start < bytes.count else { return nil }
                return .body(take(bytes.count - start))
            case .failed: return nil
            }
        }

        private mutating func readData(_ left: Int, _ more: (Int) -> State, atEnd: () -> State) -> Event? {
            guard start < bytes.count else { return nil }
            let data = take(min(left, bytes.count - start))
            if data.count < left {
                state = more(left - data.count)
            } else {
                state = atEnd()
                if state == .head { endIsDue = true }
            }
            return .body(data)
        }

        /// A body with a length has ended, and that has still to be told.
        private var endIsDue = false

        private mutating func readHead(_ isBodiless: () -> Bool) -> Event? {
            if endIsDue {
                endIsDue = false
                return .end
            }
            guard let end = endOfHead() else { return nil }
            guard let head = PlainMessageHead(take(end - start)) else { return fail("a head") }
            let isInterim = readsResponses && head.status < 200
            let coding = head.values("transfer-encoding")
            let lengths = head.values("content-length")
            if readsResponses, isInterim || head.status == 204 || head.status == 304 || isBodiless() {
                endIsDue = !isInterim
            } else if !coding.isEmpty {
                guard coding == ["chunked"], lengths.isEmpty else { return fail("two framings") }
                state = .chunkSize
            } else if let length = lengths.first {
                guard lengths.count == 1, let count = Int(length) else { return fail("a length") }
                if count == 0 { endIsDue = true } else { state = .length(count) }
            } else if readsResponses {
                state = .untilEnd
            } else {
                endIsDue = true
            }
            return .head(head)
        }

        private func endOfHead() -> Int? {
            var from = start
            while from < bytes.count, let lineFeed = lineFeed(from: from) {
                if lineFeed >= start + 3, bytes[lineFeed - 1] == 0x0D, bytes[lineFeed - 2] == 0x0A {
                    return lineFeed + 1
                }
                from = lineFeed + 1
            }
            return nil
        }

        private func lineFeed(from start: Int) -> Int? {
            unsafe bytes.withUnsafeBytes { bytes -> Int? in
                guard let base = bytes.baseAddress else { return nil }
                // Sound: the bytes searched are those of the array from `start` on.
                guard let found = unsafe memchr(base + start, 0x0A, bytes.count - start) else { return nil }
                return unsafe UnsafeRawPointer(found) - base
            }
        }

        private mutating func takeLine() -> [UInt8]? {
            guard let end = bytes[start...].firstIndex(of: 0x0A) else { return nil }
            let line = take(end + 1 - start)
            return line.suffix(2) == [0x0D, 0x0A] ? Array(line.dropLast(2)) : [0]
        }

        private mutating func take(_ count: Int) -> [UInt8] {
            defer { start += count }
            return Array(bytes[start..<(start + count)])
        }

        private mutating func fail(_ what: String) -> Event {
            state = .failed
            return .malformed(what)
        }
    }
#endif
