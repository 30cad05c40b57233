import CLinux
import Glibc

/// What the calls of `Kernel` have in common.
extension Kernel {
    /// A call that gives a number, negative with an `errno` when it fails.
    @inline(__always)
    static func making<Number: BinaryInteger>(
        _ call: @autoclosure () -> KernelCall, _ make: () -> Number
    ) -> Number {
        #if FAULT_INJECTION
            if let answer = KernelStandIns.answer(call) { return conclude(answer, make) }
        #endif
        return make()
    }

    /// Makes the call again for as long as a signal interrupts it.
    @inline(__always)
    static func uninterrupted(_ make: () -> Int32) -> Int32 {
        while true {
            let result = make()
            if result >= 0 || errno != EINTR { return result }
        }
    }

    /// A call that reads up to `count` bytes into memory of the caller's.
    @inline(__always)
    static func reading(
        _ call: @autoclosure () -> KernelCall, _ place: UnsafeMutableRawPointer?, _ count: Int, _ make: (Int) -> Int
    ) -> Int {
        #if FAULT_INJECTION
            switch KernelStandIns.answer(call) {
            case .bytes(let bytes):
                precondition(bytes.count <= count)
                // Sound: the caller says that there is room for `count` bytes.
                unsafe bytes.withUnsafeBytes { source in
                    if let base = source.baseAddress { unsafe place?.copyMemory(from: base, byteCount: source.count) }
                }
                return bytes.count
            case .atMost(let most): return make(min(count, most))
            case let answer?: return conclude(answer) { make(count) }
            case nil: break
            }
        #endif
        return make(count)
    }

    /// A call that writes up to `count` bytes.
    @inline(__always)
    static func writing(_ call: @autoclosure () -> KernelCall, _ count: Int, _ make: (Int) -> Int) -> Int {
        #if FAULT_INJECTION
            switch KernelStandIns.answer(call) {
            case .atMost(let most): return make(min(count, most))
            case let answer?: return conclude(answer) { make(count) }
            case nil: break
            }
        #endif
        return make(count)
    }

    static func copy(_ bytes: UnsafeRawPointer?, _ count: Int) -> [UInt8] {
        // Sound: the caller of the write says that so many bytes are there.
        unsafe Array(UnsafeRawBufferPointer(start: bytes, count: count))
    }

    #if FAULT_INJECTION
        static func conclude<Number: BinaryInteger>(_ answer: KernelAnswer, _ make: () -> Number) -> Number {
            switch answer {
            case .proceed: return make()
            case .fail(let code): return Number(failure(code))
            case .returns(let number): return Number(number)
            case .atMost, .bytes, .accepted, .address, .events, .polled, .time, .addresses: wrong(answer)
            }
        }

        static func failure(_ code: Int32) -> Int32 {
            errno = code
            return -1
        }

        static func wrong(_ answer: KernelAnswer) -> Never {
            preconditionFailure("\(answer) is no answer to this call")
        }

        /// Puts an address where the kernel would.
        static func fill(_ storage: inout sockaddr_storage, _ address: SocketAddress) {
            unsafe address.withSystemAddress { pointer, length in
                // Sound: the storage is large enough for every family.
                _ = unsafe memcpy(&storage, pointer, Int(length))
            }
        }
    #endif
}
