import CLinux
import Glibc
import Synchronization

/// Names to addresses, by the system's resolver.
package enum Resolver {
    package enum Failure: Error, Sendable, Equatable {
        /// The resolver's answer, in the system's words.
        case refused(String)
        case waiting(WaitError)
    }

    /// The addresses of `host`, in the order in which they should be tried; at least one.
    ///
    /// getaddrinfo(3) knows neither deadline nor cancellation, so it runs on a thread of its own, which is left to
    /// itself when the patience ends: it goes away with the resolver's own timeouts.
    package static func addresses(of host: String, port: UInt16, _ patience: Patience) throws(Failure)
        -> [SocketAddress]
    {
        if let known = addressesWithoutLookUp(of: host) { return known.map { .ip($0, port: port) } }
        let lookUp = try start(host)
        do throws(WaitError) { try patience.awaitSignal(of: lookUp.done) } catch { throw .waiting(error) }
        return try lookUp.addresses().map { .ip($0, port: port) }
    }

    /// The addresses of a host that nobody has to be asked for: an address itself, or `localhost`, which has to stay on
    /// this machine whatever a name server or a file of names says (RFC 6761 section 6.3).
    package static func addressesWithoutLookUp(of host: String) -> [IPAddress]? {
        if let address = IPAddress(host) { return [address] }
        return host.lowercased() == "localhost" ? [IPAddress(v4: 0x7F00_0001), IPAddress(high: 0, low: 1)] : nil
    }

    private static func start(_ host: String) throws(Failure) -> LookUp {
        do throws(Errno) {
            let lookUp = LookUp(done: try WakeUp())
            try Thread.start(name: "resolver") { lookUp.run(host) }.detach()
            return lookUp
        } catch {
            throw .waiting(.failed(error))
        }
    }
}

/// One look-up, shared by the thread that runs it and the one that waits for it.
private final class LookUp: Sendable {
    let done: WakeUp
    private let outcome = Mutex(Outcome.pending)

    private enum Outcome: Sendable {
        case pending
        case found([IPAddress])
        case refused(String)
    }

    init(done: WakeUp) { self.done = done }

    func run(_ host: String) {
        let result = Self.lookUp(host)
        outcome.withLock { $0 = result }
        done.signal()
    }

    /// What was found, once `done` has been signalled.
    func addresses() throws(Resolver.Failure) -> [IPAddress] {
        switch outcome.withLock({ $0 }) {
        case .pending: preconditionFailure("asked before the look-up was done")
        case .found(let addresses): return addresses
        case .refused(let message): throw .refused(message)
        }
    }

    private static func lookUp(_ host: String) -> Outcome {
        #if FAULT_INJECTION
            switch KernelStandIns.answer({ .lookUp(host: host) }) {
            case .addresses(let addresses): return .found(addresses)
            case .fail(let code): return unsafe .refused(String(cString: gai_strerror(code)))
            case .proceed, nil: break
            case let answer?: Kernel.wrong(answer)
            }
        #endif
        var hints = unsafe addrinfo()
        unsafe hints.ai_family = AF_UNSPEC
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_ADDRCONFIG
        var list: UnsafeMutablePointer<addrinfo>?
        let status = unsafe getaddrinfo(host, nil, &hints, &list)
        guard status == 0 else {
            let code = errno
            if status == EAI_SYSTEM { return .refused(Errno(code: code, call: "getaddrinfo").message) }
            // Sound: gai_strerror gives a terminated constant text for every code.
            return .refused(unsafe String(cString: gai_strerror(status)))
        }
        defer { unsafe freeaddrinfo(list) }
        let addresses = unsafe Self.addresses(in: list)
        return addresses.isEmpty ? .refused("no addresses of a kind that can be used") : .found(addresses)
    }

    private static func addresses(in list: UnsafeMutablePointer<addrinfo>?) -> [IPAddress] {
        var addresses: [IPAddress] = []
        var next = unsafe list
        while let entry = unsafe next {
            let length = unsafe Int(entry.pointee.ai_addrlen)
            var storage = sockaddr_storage()
            if let source = unsafe entry.pointee.ai_addr, length <= MemoryLayout<sockaddr_storage>.size {
                // Sound: the entry says that `length` bytes are there, and the storage has room for them.
                unsafe memcpy(&storage, source, length)
            }
            if let address = SocketAddress(system: storage)?.ipAddress, !addresses.contains(address) {
                addresses.append(address)
            }
            unsafe next = entry.pointee.ai_next
        }
        return addresses
    }
}
