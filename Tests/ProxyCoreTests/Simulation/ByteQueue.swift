#if FAULT_INJECTION
    /// Bytes that wait in a simulated socket.
    struct ByteQueue {
        private var bytes: [UInt8] = []
        private var start = 0

        var count: Int { bytes.count - start }
        var isEmpty: Bool { bytes.count == start }

        mutating func append(_ more: [UInt8]) {
            if isEmpty {
                bytes = more
                start = 0
            } else {
                bytes.append(contentsOf: more)
            }
        }

        func peek(_ max: Int) -> [UInt8] {
            start == 0 && max >= bytes.count ? bytes : Array(bytes[start..<(start + min(max, count))])
        }

        mutating func take(_ max: Int) -> [UInt8] {
            let taken = peek(max)
            start += taken.count
            if isEmpty { removeAll() }
            return taken
        }

        mutating func removeAll() {
            bytes = []
            start = 0
        }
    }
#endif
