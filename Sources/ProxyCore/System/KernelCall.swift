/// A system call that `Kernel` is about to make, for whoever stands in for the kernel in a test. What is read from
/// memory of ours (the bytes of a write, a path, an address) is copied; what the kernel would write there is not told.
package enum KernelCall: Sendable {
    /// A descriptor of poll(2) and the events that are asked for.
    package struct Interest: Sendable, Equatable {
        package let descriptor: Int32
        package let events: Int16
    }

    case accept(listener: Int32)
    case bind(Int32, SocketAddress)
    /// Time of clock_gettime(2), by the number of the clock.
    case clock(Int32)
    case close(Int32)
    case connect(Int32, SocketAddress)
    case createDirectory(String)
    case createEpoll
    case createEvent
    /// inotify_init1(2).
    case createNotifier
    case createSignals
    case createSocket(family: Int32)
    case changeOwner(Int32)
    case clearEvent(Int32)
    case controlEpoll(Int32, operation: Int32, descriptor: Int32, interest: UInt32, data: UInt64)
    /// fsync(2) and fdatasync(2).
    case flush(Int32)
    case listen(Int32)
    case localAddress(Int32)
    case lock(Int32)
    /// getaddrinfo(3), which makes calls of its own that nobody stands in for.
    case lookUp(host: String)
    case map(bytes: Int)
    case open(String, flags: Int32)
    case openDirectory(String)
    /// SO_ERROR of a socket.
    case pendingError(Int32)
    case poll([Interest], milliseconds: Int32)
    case random(count: Int)
    /// read(2) and pread(2).
    case read(Int32, count: Int)
    case readLink(String)
    case receive(Int32, count: Int, flags: Int32)
    case remove(String)
    case rename(String, to: String)
    case send(Int32, [UInt8], flags: Int32)
    case setOption(Int32, level: Int32, option: Int32)
    case shutDown(Int32, how: Int32)
    case signalEvent(Int32)
    case startThread(String)
    /// stat(2) and lstat(2); fstat(2) has no path.
    case status(String?)
    /// inotify_add_watch(2).
    case watchFolder(String)
    case waitEpoll(Int32, milliseconds: Int32)
    case write(Int32, [UInt8])
}

/// What becomes of a `KernelCall`.
package enum KernelAnswer: Sendable {
    /// One event of epoll_wait(2): its bits, and the data that the descriptor was registered with.
    package struct Event: Sendable {
        package let bits: UInt32
        package let data: UInt64

        package init(bits: UInt32, data: UInt64) {
            self.bits = bits
            self.data = data
        }
    }

    /// The kernel makes it.
    case proceed
    /// It fails with this `errno`, and the kernel never hears of it. As on Linux, a close that fails has closed the
    /// descriptor nevertheless, and a connect that was interrupted goes on. What SO_ERROR holds; the code of
    /// getaddrinfo(3).
    case fail(Int32)
    /// The kernel makes it with no more than so many bytes, at least one: for reads and writes.
    case atMost(Int)
    /// It returns this number, and the kernel never hears of it.
    case returns(Int)
    /// It reads these bytes: for `receive`, `read` and `random`.
    case bytes([UInt8])
    /// For `accept`.
    case accepted(Int32, from: SocketAddress)
    /// For `localAddress`.
    case address(SocketAddress)
    /// For `waitEpoll`; no more than its room of 512.
    case events([Event])
    /// For `poll`: what has come of each interest.
    case polled([Int16])
    /// For `clock`.
    case time(seconds: Int, nanoseconds: Int)
    /// For `lookUp`.
    case addresses([IPAddress])
}
