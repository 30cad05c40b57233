#if FAULT_INJECTION
    import Glibc
    import ProxyCore

    /// One thing that the kernel may do to one system call: to the `number`-th of its kind on its thread.
    struct Fault: Sendable, Equatable {
        /// Where a call comes from. Calls are counted by that, so that threads that take turns as they like do not
        /// change the numbers.
        struct Place: Sendable, Hashable, Comparable {
            let thread: String
            let call: String

            static func < (left: Place, right: Place) -> Bool {
                (left.thread, left.call) < (right.thread, right.call)
            }
        }

        enum Effect: Sendable, Equatable {
            case error(Int32)
            /// This error, and for the next calls of the kind too, until the shortage is over.
            case shortage(Int32)
            /// It moves one byte.
            case oneByte
        }

        let place: Place
        /// From 1.
        let number: Int
        let effect: Effect

        /// The program is to act as if nothing had happened.
        var isInvisible: Bool {
            switch effect {
            case .oneByte, .error(EINTR): true
            case .error(EAGAIN): ["accept", "clearEvent", "receive", "send", "write"].contains(place.call)
            case .error, .shortage: false
            }
        }

        /// Only what logs are written to may be a pipe or a terminal.
        var isPlausible: Bool { effect != .error(EAGAIN) || place.call != "write" || place.thread == "log" }

        /// Says all that is needed to do it once more.
        var name: String {
            let thread = place.thread.isEmpty ? "main" : place.thread
            return "\(thread)/\(place.call)/\(number)/\(effect.name)"
        }
    }

    extension Fault.Effect {
        var name: String {
            switch self {
            case .error(let code): Self.name(of: code)
            case .shortage(let code): Self.name(of: code) + "+"
            case .oneByte: "one-byte"
            }
        }

        private static func name(of code: Int32) -> String { names[code] ?? "\(code)" }

        private static let names: [Int32: String] = [
            EACCES: "EACCES", EADDRINUSE: "EADDRINUSE", EADDRNOTAVAIL: "EADDRNOTAVAIL", EAGAIN: "EAGAIN",
            ECONNABORTED: "ECONNABORTED", ECONNREFUSED: "ECONNREFUSED", ECONNRESET: "ECONNRESET", EDQUOT: "EDQUOT",
            EHOSTUNREACH: "EHOSTUNREACH", EFBIG: "EFBIG", EINTR: "EINTR", EIO: "EIO", EISDIR: "EISDIR",
            EMFILE: "EMFILE", ENETUNREACH: "ENETUNREACH", ENFILE: "ENFILE", ENOBUFS: "ENOBUFS", ENOENT: "ENOENT",
            ENOLCK: "ENOLCK", ENOMEM: "ENOMEM", ENOSPC: "ENOSPC", ENOTCONN: "ENOTCONN", EPERM: "EPERM",
            EPIPE: "EPIPE", EPROTO: "EPROTO", EROFS: "EROFS", ETIMEDOUT: "ETIMEDOUT", EAFNOSUPPORT: "EAFNOSUPPORT",
            EAI_AGAIN: "EAI_AGAIN", EAI_FAIL: "EAI_FAIL", EAI_MEMORY: "EAI_MEMORY", EAI_NONAME: "EAI_NONAME",
        ]

        /// What the manual pages say may become of a call, as far as the world and not a mistake of ours decides it.
        /// Nothing may befall calls that are not named.
        static let possible: [String: [Fault.Effect]] = [
            "accept": errors(EINTR, EAGAIN, ECONNABORTED, EPROTO, EPERM) + shortages(EMFILE, ENFILE, ENOBUFS, ENOMEM),
            "bind": errors(EADDRINUSE, EACCES, ENOMEM),
            "changeOwner": errors(EPERM, EIO),
            "clearEvent": errors(EAGAIN),
            "close": errors(EINTR, EIO),
            "connect": errors(
                EINTR, ECONNREFUSED, ENETUNREACH, EHOSTUNREACH, EACCES, EPERM, ETIMEDOUT)
                + shortages(EADDRNOTAVAIL, EAGAIN, ENOBUFS),
            "controlEpoll": errors(ENOMEM) + shortages(ENOSPC),
            "createDirectory": errors(EACCES, EROFS) + shortages(ENOSPC),
            "createEpoll": shortages(EMFILE, ENFILE, ENOMEM),
            "createEvent": shortages(EMFILE, ENFILE, ENOMEM),
            "createSocket": errors(EAFNOSUPPORT, EACCES) + shortages(EMFILE, ENFILE, ENOBUFS, ENOMEM),
            "flush": errors(EINTR) + shortages(EIO, ENOSPC, EDQUOT),
            "listen": errors(EADDRINUSE),
            "localAddress": errors(ENOBUFS),
            "lock": errors(EINTR, ENOLCK),
            "lookUp": [EAI_AGAIN, EAI_FAIL, EAI_NONAME, EAI_MEMORY].map { .shortage($0) },
            "map": shortages(ENOMEM),
            "open": errors(EINTR, EACCES, ENOENT, EIO, EROFS) + shortages(EMFILE, ENFILE, ENOMEM, ENOSPC),
            "openDirectory": errors(EACCES, ENOENT) + shortages(EMFILE, ENOMEM),
            "pendingError": errors(ECONNREFUSED, ETIMEDOUT, ECONNRESET, EHOSTUNREACH),
            "poll": errors(EINTR),
            "random": errors(EINTR) + [.oneByte],
            "read": errors(EINTR, EIO) + shortages(ENOMEM) + [.oneByte],
            "receive": errors(EINTR, EAGAIN, ECONNRESET, ETIMEDOUT, ENOTCONN) + shortages(ENOMEM) + [.oneByte],
            "remove": errors(EACCES, EIO, EROFS),
            "rename": errors(EACCES, EIO, EROFS) + shortages(ENOSPC),
            "send": errors(EINTR, EAGAIN, EPIPE, ECONNRESET, ETIMEDOUT) + shortages(ENOBUFS, ENOMEM) + [.oneByte],
            "setOption": errors(ENOBUFS, ENOMEM),
            "shutDown": errors(ENOTCONN),
            "startThread": shortages(EAGAIN, ENOMEM),
            "status": errors(EACCES, ENOENT, EIO) + shortages(ENOMEM),
            "waitEpoll": errors(EINTR),
            "write": errors(EINTR, EAGAIN, EPIPE, EFBIG) + shortages(EIO, ENOSPC, EDQUOT) + [.oneByte],
        ]

        private static func errors(_ codes: Int32...) -> [Fault.Effect] { codes.map { .error($0) } }

        private static func shortages(_ codes: Int32...) -> [Fault.Effect] {
            codes.flatMap { [.error($0), .shortage($0)] }
        }
    }
#endif
