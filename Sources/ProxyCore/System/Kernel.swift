import CLinux
import Glibc

/// The system calls of this program whose outcome the world decides, each with the arguments, the results and the
/// `errno` of its manual page. Other files come to the kernel through here, so that a test can make each call fail
/// (`KernelStandIn`, in debug builds); a release build makes them directly. Left out are what only the beginning asks
/// of sockets that it inherits, and the notices to a supervisor, which nothing depends on.
enum Kernel {
    // MARK: - Bytes

    @inline(__always)
    static func receive(_ descriptor: Int32, _ bytes: UnsafeMutableRawPointer?, _ count: Int, _ flags: Int32) -> Int {
        unsafe reading(.receive(descriptor, count: count, flags: flags), bytes, count) { count in
            unsafe Glibc.recv(descriptor, bytes, count, flags)
        }
    }

    @inline(__always)
    static func send(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int, _ flags: Int32) -> Int {
        unsafe writing(.send(descriptor, copy(bytes, count), flags: flags), count) { count in
            unsafe Glibc.send(descriptor, bytes, count, flags)
        }
    }

    static func read(_ descriptor: Int32, _ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int {
        unsafe reading(.read(descriptor, count: count), bytes, count) { count in
            unsafe Glibc.read(descriptor, bytes, count)
        }
    }

    static func read(_ descriptor: Int32, _ bytes: UnsafeMutableRawPointer?, _ count: Int, at offset: Int) -> Int {
        unsafe reading(.read(descriptor, count: count), bytes, count) { count in
            unsafe Glibc.pread(descriptor, bytes, count, offset)
        }
    }

    static func write(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
        unsafe writing(.write(descriptor, copy(bytes, count)), count) { count in
            unsafe Glibc.write(descriptor, bytes, count)
        }
    }

    static func random(_ bytes: UnsafeMutableRawPointer, _ count: Int) -> Int {
        unsafe reading(.random(count: count), bytes, count) { count in unsafe getrandom(bytes, count, 0) }
    }

    // MARK: - Sockets

    static func socket(_ family: Int32, _ type: Int32) -> Int32 {
        making(.createSocket(family: family)) { Glibc.socket(family, type, 0) }
    }

    static func bind(_ descriptor: Int32, _ address: SocketAddress) -> Int32 {
        making(.bind(descriptor, address)) {
            unsafe address.withSystemAddress { pointer, length in unsafe Glibc.bind(descriptor, pointer, length) }
        }
    }

    static func listen(_ descriptor: Int32, _ backlog: Int32) -> Int32 {
        making(.listen(descriptor)) { Glibc.listen(descriptor, backlog) }
    }

    static func connect(_ descriptor: Int32, _ address: SocketAddress) -> Int32 {
        let connect = {
            unsafe address.withSystemAddress { pointer, length in unsafe Glibc.connect(descriptor, pointer, length) }
        }
        #if FAULT_INJECTION
            switch KernelStandIns.answer({ .connect(descriptor, address) }) {
            case .fail(EINTR):
                _ = connect()
                errno = EINTR
                return -1
            case let answer?: return conclude(answer, connect)
            case nil: break
            }
        #endif
        return connect()
    }

    /// accept4(2), with the peer's address.
    static func accept(_ listener: Int32, _ peer: inout sockaddr_storage, _ flags: Int32) -> Int32 {
        #if FAULT_INJECTION
            switch KernelStandIns.answer({ .accept(listener: listener) }) {
            case .accepted(let descriptor, let from):
                fill(&peer, from)
                return descriptor
            case .fail(let code): return failure(code)
            case .proceed, nil: break
            case let answer?: wrong(answer)
            }
        #endif
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        // Sound: the storage is large enough for every family, and `length` says so.
        return unsafe withUnsafeMutablePointer(to: &peer) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { rebound in
                unsafe clinux_accept4(listener, rebound, &length, flags)
            }
        }
    }

    /// getsockname(2).
    static func localAddress(_ descriptor: Int32, _ address: inout sockaddr_storage) -> Int32 {
        #if FAULT_INJECTION
            switch KernelStandIns.answer({ .localAddress(descriptor) }) {
            case .address(let local):
                fill(&address, local)
                return 0
            case .fail(let code): return failure(code)
            case .proceed, nil: break
            case let answer?: wrong(answer)
            }
        #endif
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        // Sound: as in `accept`.
        return unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { rebound in
                unsafe Glibc.getsockname(descriptor, rebound, &length)
            }
        }
    }

    /// getsockopt(2) of SO_ERROR, which cannot fail for a socket: the error, 0 for none.
    static func pendingError(_ descriptor: Int32) -> Int32 {
        #if FAULT_INJECTION
            switch KernelStandIns.answer({ .pendingError(descriptor) }) {
            case .fail(let code): return code
            case .returns(let code): return Int32(code)
            case .proceed, nil: break
            case let answer?: wrong(answer)
            }
        #endif
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        let status = unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length)
        precondition(status == 0, "SO_ERROR can be read from every socket")
        return code
    }

    static func setOption<Value: BitwiseCopyable>(
        _ descriptor: Int32, _ level: Int32, _ option: Int32, _ value: Value
    ) -> Int32 {
        var value = value
        return making(.setOption(descriptor, level: level, option: option)) {
            unsafe setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Value>.size))
        }
    }

    static func shutDown(_ descriptor: Int32, _ how: Int) -> Int32 {
        making(.shutDown(descriptor, how: Int32(how))) { Glibc.shutdown(descriptor, Int32(how)) }
    }

    // MARK: - Waiting

    static func createEpoll() -> Int32 {
        making(.createEpoll) { epoll_create1(Int32(EPOLL_CLOEXEC)) }
    }

    static func controlEpoll(
        _ epoll: Int32, _ operation: Int32, _ descriptor: Int32, _ interest: UInt32, _ data: UInt64
    ) -> Int32 {
        var event = unsafe epoll_event()
        unsafe event.events = interest
        unsafe event.data.u64 = data
        return making(
            .controlEpoll(epoll, operation: operation, descriptor: descriptor, interest: interest, data: data)
        ) {
            unsafe epoll_ctl(epoll, operation, descriptor, &event)
        }
    }

    @inline(__always)
    static func waitEpoll(
        _ epoll: Int32, _ events: UnsafeMutableBufferPointer<epoll_event>, _ milliseconds: Int32
    ) -> Int32 {
        #if FAULT_INJECTION
            switch KernelStandIns.answer({ .waitEpoll(epoll, milliseconds: milliseconds) }) {
            case .events(let reported):
                for (index, event) in reported.enumerated() {
                    unsafe events[index].events = event.bits
                    unsafe events[index].data.u64 = event.data
                }
                return Int32(reported.count)
            case .fail(let code): return failure(code)
            case .proceed, nil: break
            case let answer?: wrong(answer)
            }
        #endif
        return unsafe epoll_wait(epoll, events.baseAddress, Int32(events.count), milliseconds)
    }

    static func poll(_ polled: UnsafeMutablePointer<pollfd>?, _ count: Int, _ milliseconds: Int32) -> Int32 {
        #if FAULT_INJECTION
            let interests = unsafe UnsafeBufferPointer(start: polled, count: count)
            let answer = KernelStandIns.answer {
                .poll(
                    unsafe interests.map { KernelCall.Interest(descriptor: $0.fd, events: $0.events) },
                    milliseconds: milliseconds)
            }
            switch answer {
            case .polled(let came):
                for index in 0..<count { unsafe polled?[index].revents = came[index] }
                return Int32(came.count { $0 != 0 })
            case .fail(let code): return failure(code)
            case .proceed, nil: break
            case let answer?: wrong(answer)
            }
        #endif
        return unsafe Glibc.poll(polled, nfds_t(count), milliseconds)
    }

    static func createEvent() -> Int32 {
        making(.createEvent) { eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC)) }
    }

    static func signalEvent(_ descriptor: Int32) -> Int32 {
        making(.signalEvent(descriptor)) { eventfd_write(descriptor, 1) }
    }

    static func clearEvent(_ descriptor: Int32) -> Int32 {
        making(.clearEvent(descriptor)) {
            var count: eventfd_t = 0
            return unsafe eventfd_read(descriptor, &count)
        }
    }

    static func createSignals(_ set: sigset_t) -> Int32 {
        var set = set
        return making(.createSignals) { unsafe signalfd(-1, &set, Int32(SFD_CLOEXEC)) }
    }

    // MARK: - Files

    // Where files lie on a network, a signal may interrupt each of these.

    static func open(_ path: String, _ flags: Int32, _ mode: mode_t = 0) -> Int32 {
        uninterrupted { making(.open(path, flags: flags)) { unsafe Glibc.open(path, flags, mode) } }
    }

    /// Linux has released the descriptor whatever this returns.
    static func close(_ descriptor: Int32) {
        #if FAULT_INJECTION
            if case .returns = KernelStandIns.answer({ .close(descriptor) }) { return }
        #endif
        _ = Glibc.close(descriptor)
    }

    static func flush(_ descriptor: Int32, dataOnly: Bool = false) -> Int32 {
        uninterrupted { making(.flush(descriptor)) { dataOnly ? fdatasync(descriptor) : fsync(descriptor) } }
    }

    static func rename(_ old: String, _ new: String) -> Int32 {
        making(.rename(old, to: new)) { unsafe Glibc.rename(old, new) }
    }

    static func unlink(_ path: String) -> Int32 {
        making(.remove(path)) { unsafe Glibc.unlink(path) }
    }

    static func status(_ path: String, _ status: inout stat) -> Int32 {
        making(.status(path)) { unsafe stat(path, &status) }
    }

    static func status(_ descriptor: Int32, _ status: inout stat) -> Int32 {
        making(.status(nil)) { unsafe fstat(descriptor, &status) }
    }

    static func linkStatus(_ path: String, _ status: inout stat) -> Int32 {
        making(.status(path)) { unsafe lstat(path, &status) }
    }

    static func readLink(_ path: String, _ bytes: UnsafeMutablePointer<CChar>, _ count: Int) -> Int {
        making(.readLink(path)) { unsafe readlink(path, bytes, count) }
    }

    static func createNotifier() -> Int32 {
        making(.createNotifier) { inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC)) }
    }

    static func watchFolder(_ notifier: Int32, _ path: String, _ events: UInt32) -> Int32 {
        making(.watchFolder(path)) { unsafe inotify_add_watch(notifier, path, events) }
    }

    static func changeOwner(_ descriptor: Int32, _ user: uid_t, _ group: gid_t) -> Int32 {
        making(.changeOwner(descriptor)) { fchown(descriptor, user, group) }
    }

    static func makeDirectory(_ path: String, _ mode: mode_t) -> Int32 {
        making(.createDirectory(path)) { unsafe mkdir(path, mode) }
    }

    /// mkdtemp(3): true when `template` is a directory's path now.
    static func makeTemporaryDirectory(_ template: inout [CChar]) -> Bool {
        // Sound: the text ends with a NUL, and the call changes nothing but the six letters before it.
        making(.createDirectory("")) { unsafe mkdtemp(&template) == nil ? -1 : 0 } == 0
    }

    static func openDirectory(_ path: String) -> OpaquePointer? {
        #if FAULT_INJECTION
            switch KernelStandIns.answer({ .openDirectory(path) }) {
            case .fail(let code):
                errno = code
                return nil
            case .proceed, nil: break
            case let answer?: wrong(answer)
            }
        #endif
        return unsafe opendir(path)
    }

    static func lock(_ descriptor: Int32, _ operation: Int32) -> Int32 {
        uninterrupted { making(.lock(descriptor)) { flock(descriptor, operation) } }
    }

    // MARK: - Threads, memory, time

    /// pthread_create(3), which returns what others put into `errno`.
    static func startThread(
        _ name: String, _ handle: inout pthread_t,
        _ main: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer?,
        _ argument: UnsafeMutableRawPointer
    ) -> Int32 {
        #if FAULT_INJECTION
            if case .fail(let code) = KernelStandIns.answer({ .startThread(name) }) { return code }
        #endif
        return unsafe pthread_create(&handle, nil, main, argument)
    }

    /// Pages of zeros, or MAP_FAILED.
    static func map(_ bytes: Int) -> UnsafeMutableRawPointer? {
        #if FAULT_INJECTION
            switch KernelStandIns.answer({ .map(bytes: bytes) }) {
            case .fail(let code):
                errno = code
                return unsafe UnsafeMutableRawPointer(bitPattern: -1)
            case .proceed, nil: break
            case let answer?: wrong(answer)
            }
        #endif
        return unsafe mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    }

    @inline(__always)
    static func time(_ clock: clockid_t) -> timespec {
        #if FAULT_INJECTION
            if case .time(let seconds, let nanoseconds) = KernelStandIns.answer({ .clock(clock) }) {
                return timespec(tv_sec: seconds, tv_nsec: nanoseconds)
            }
        #endif
        var time = timespec()
        let status = unsafe clock_gettime(clock, &time)
        precondition(status == 0, "clock_gettime cannot fail for the clocks used here")
        return time
    }
}
