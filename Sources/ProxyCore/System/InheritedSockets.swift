import CLinux
import Glibc

/// The listening sockets that the process was started with, as systemd hands them over (sd_listen_fds(3)). Each belongs
/// to one key of the configuration: by its name, or else by its address.
package struct InheritedSockets: Sendable {
    private struct Entry: Sendable {
        let name: String
        let socket: ListeningSocket
    }

    private var left: [Entry] = []
    /// There were some, but meant for another process: LISTEN_PID names that one.
    package private(set) var areForAnother = false

    /// What LISTEN_FDS may say at most.
    private static let countMax = 64
    package static let variables = ["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"]

    /// None.
    package init() {}

    /// Takes over the sockets that the environment tells of.
    ///
    /// - Parameters:
    ///   - environment: the value of a variable, or nil.
    ///   - process: the identifier of this process.
    ///   - first: the descriptor that they begin at; another one than 3 is for tests.
    package init(
        _ environment: (String) -> String?, process: Int32 = getpid(), first: Int32 = 3
    ) throws(InheritedSocketsProblem) {
        guard let countText = environment("LISTEN_FDS") else { return }
        guard let pidText = environment("LISTEN_PID"), let pid = Int32(pidText), pid > 0 else {
            throw .variable("LISTEN_PID", environment("LISTEN_PID") ?? "")
        }
        guard let count = Int(countText), count >= 0, count <= Self.countMax else {
            throw .variable("LISTEN_FDS", countText)
        }
        guard pid == process else {
            areForAnother = count > 0
            return
        }
        let names = environment("LISTEN_FDNAMES").map {
            $0.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        }
        if let names, names.count != count { throw .variable("LISTEN_FDNAMES", names.joined(separator: ":")) }
        for index in 0..<count {
            let (number, name) = (first + Int32(index), names?[index] ?? "unknown")
            do throws(Errno) {
                let descriptor = try FileDescriptor(inherited: number)
                left.append(Entry(name: name, socket: try ListeningSocket(inherited: descriptor)))
            } catch {
                throw .unusable(number, name, error)
            }
        }
    }

    /// The sockets that belong to `key`, in their order: those of that name, and those of no key's name with its
    /// address.
    ///
    /// - Parameters:
    ///   - keys: all names that mean a key.
    ///   - max: how many there can be used.
    package mutating func take(
        _ key: String, of keys: [String], at address: SocketAddress, max: Int
    ) throws(InheritedSocketsProblem) -> [ListeningSocket] {
        var taken: [ListeningSocket] = []
        var others: [Entry] = []
        for entry in left {
            let fits = entry.socket.address == address || address.hasAnyPort(entry.socket.address)
            if entry.name == key {
                guard fits else { throw .address(key, says: address, is: entry.socket.address) }
                taken.append(entry.socket)
            } else if !keys.contains(entry.name), entry.socket.address == address {
                taken.append(entry.socket)
            } else {
                others.append(entry)
            }
        }
        guard taken.count <= max else { throw .tooMany(key, taken.count, max: max) }
        left = others
        return taken
    }

    /// Throws when sockets are left that nobody has taken: their callers would wait for ever.
    package func checkAllTaken() throws(InheritedSocketsProblem) {
        if let entry = left.first { throw .unclaimed(entry.name, entry.socket.address) }
    }
}

/// What is wrong with the sockets that the process was started with.
package enum InheritedSocketsProblem: Error, Equatable, Sendable {
    case variable(String, String)
    case unusable(Int32, String, Errno)
    case address(String, says: SocketAddress, is: SocketAddress)
    case tooMany(String, Int, max: Int)
    case unclaimed(String, SocketAddress)

    /// For the person who wrote the socket unit.
    package var message: String {
        switch self {
        case .variable(let name, let value):
            "the variable \(name) is not as systemd sets it: \(QuotedText(value))"
        case .unusable(let number, let name, let error):
            "descriptor \(number), named \(QuotedText(name)), with which the process was started, is no listening "
                + "TCP socket: \(error.message)"
        case .address(let key, let configured, let bound):
            "the socket named `\(key)` that the process was started with listens on \(bound), but the configuration "
                + "says \(configured): make both the same"
        case .tooMany(let key, let count, let max):
            "the process was started with \(count) sockets for `\(key)`, which can use \(max)"
        case .unclaimed(let name, let address):
            "the process was started with a socket on \(address), named \(QuotedText(name)), but nothing in the "
                + "configuration listens there"
        }
    }
}
