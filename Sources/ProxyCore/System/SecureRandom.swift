import CLinux
import Glibc

/// Random bytes from the kernel (getrandom(2)): what no caller can guess.
package enum SecureRandom {
    package static func bytes(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            // Sound: the pointer covers the whole array and is not used after the call; getrandom writes at most
            // `count - filled` bytes, starting `filled` bytes into it.
            let result = unsafe bytes.withUnsafeMutableBytes { buffer -> Int in
                guard let base = buffer.baseAddress else { return 0 }
                return unsafe Kernel.random(base + filled, count - filled)
            }
            // Only a signal can interrupt it; without a source of randomness nothing here may go on.
            precondition(result > 0 || errno == EINTR, "getrandom failed")
            filled += max(result, 0)
        }
        return bytes
    }

    /// Eight random bytes as a number, for seeds.
    package static func word() -> UInt64 {
        bytes(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
