import Foundation
import ProxyCore
import XCTest

final class InheritedSocketsTests: XCTestCase {
    private static let process: Int32 = 4711
    private static let keys = ["listen", "admin"]
    private static let loopback = IPAddress(v4: 0x7F00_0001)

    /// Listening sockets under numbers that follow each other, as a parent hands them over; and the first number.
    private func handOver(_ count: Int) throws -> (first: Int32, addresses: [SocketAddress]) {
        let sockets = try (0..<count).map { _ in
            try ListeningSocket(on: .ip(Self.loopback, port: 0), shared: false)
        }
        for first in stride(from: Int32(300), to: 900, by: 10) {
            var copies: [Int32] = []
            for (index, socket) in sockets.enumerated() {
                copies.append(try socket.descriptor.duplicate(atLeast: first + Int32(index)).release())
            }
            if copies == (0..<count).map({ first + Int32($0) }) { return (first, sockets.map(\.address)) }
            for copy in copies { close(copy) }
        }
        preconditionFailure("no numbers are free")
    }

    private func inherit(
        _ count: String?, names: String? = nil, pid: String? = "4711", first: Int32 = 3
    ) throws(InheritedSocketsProblem) -> InheritedSockets {
        let values = ["LISTEN_FDS": count, "LISTEN_FDNAMES": names, "LISTEN_PID": pid]
        return try InheritedSockets({ values[$0] ?? nil }, process: Self.process, first: first)
    }

    func testWithoutTheVariablesThereAreNone() throws {
        var none = try inherit(nil)
        XCTAssertFalse(none.areForAnother)
        let address = SocketAddress.ip(Self.loopback, port: 80)
        XCTAssertEqual(try none.take("listen", of: Self.keys, at: address, max: 1).count, 0)
        try none.checkAllTaken()
        try inherit("0").checkAllTaken()
    }

    func testThoseOfAnotherProcessAreLeftAlone() throws {
        let sockets = try inherit("1", pid: "1")
        XCTAssertTrue(sockets.areForAnother)
        try sockets.checkAllTaken()
        XCTAssertFalse(try inherit("0", pid: "1").areForAnother)
    }

    func testVariablesThatNobodySetsSo() {
        let rows: [(count: String, names: String?, pid: String?, variable: String)] = [
            ("1", nil, nil, "LISTEN_PID"), ("1", nil, "", "LISTEN_PID"), ("1", nil, "-1", "LISTEN_PID"),
            ("1", nil, "4711x", "LISTEN_PID"), ("", nil, "4711", "LISTEN_FDS"), ("-1", nil, "4711", "LISTEN_FDS"),
            ("65", nil, "4711", "LISTEN_FDS"), ("two", nil, "4711", "LISTEN_FDS"), ("1e1", nil, "4711", "LISTEN_FDS"),
            ("2", "one", "4711", "LISTEN_FDNAMES"), ("1", "one:two", "4711", "LISTEN_FDNAMES"),
            ("2", "", "4711", "LISTEN_FDNAMES"),
        ]
        for row in rows {
            XCTAssertThrowsError(try inherit(row.count, names: row.names, pid: row.pid, first: 900), "\(row)") {
                guard case InheritedSocketsProblem.variable(row.variable, _) = $0 else { return XCTFail("\($0)") }
            }
        }
    }

    func testByNameAndByAddress() throws {
        let (first, addresses) = try handOver(3)
        var sockets = try inherit("3", names: "admin:scopeproxy.socket:listen", first: first)
        let listen = SocketAddress.ip(Self.loopback, port: 0)
        // By its name alone where the port is whichever there is.
        let named = try sockets.take("listen", of: Self.keys, at: listen, max: 2)
        XCTAssertEqual(named.map(\.address), [addresses[2]])
        XCTAssertTrue(named.allSatisfy(\.isInherited))
        // By its name, and by its address: two for one key.
        var both = sockets
        XCTAssertEqual(try both.take("admin", of: Self.keys, at: addresses[0], max: 1).map(\.address), [addresses[0]])
        XCTAssertThrowsError(try both.checkAllTaken()) {
            XCTAssertEqual(
                $0 as? InheritedSocketsProblem, .unclaimed("scopeproxy.socket", addresses[1]))
        }
        XCTAssertEqual(try both.take("listen", of: Self.keys, at: addresses[1], max: 1).count, 1)
        try both.checkAllTaken()
        XCTAssertThrowsError(try sockets.take("admin", of: Self.keys, at: addresses[1], max: 2)) {
            XCTAssertEqual(
                $0 as? InheritedSocketsProblem, .address("admin", says: addresses[1], is: addresses[0]))
        }
    }

    func testMoreThanCanBeUsed() throws {
        let (first, _) = try handOver(2)
        var sockets = try inherit("2", names: "listen:listen", first: first)
        let any = SocketAddress.ip(Self.loopback, port: 0)
        XCTAssertThrowsError(try sockets.take("listen", of: Self.keys, at: any, max: 1)) {
            XCTAssertEqual($0 as? InheritedSocketsProblem, .tooMany("listen", 2, max: 1))
        }
    }

    func testWhatDoesNotListen() throws {
        let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: "/dev/null"))
        let number = fcntl(file.fileDescriptor, F_DUPFD_CLOEXEC, 950)
        let plain = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        let datagrams = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        // Closed by then, each by whoever took it over.
        for first in [number, plain, datagrams, number] {
            XCTAssertThrowsError(try inherit("1", first: first)) {
                guard case InheritedSocketsProblem.unusable(first, "unknown", _) = $0 else { return XCTFail("\($0)") }
                XCTAssertFalse("\(($0 as? InheritedSocketsProblem)?.message ?? "")".isEmpty)
            }
        }
    }

    func testAnInheritedSocketIsNotOursToClose() throws {
        let (first, addresses) = try handOver(1)
        let outside = dup(first)
        defer { close(outside) }
        var sockets = try inherit("1", first: first)
        let socket = try XCTUnwrap(try sockets.take("listen", of: Self.keys, at: addresses[0], max: 1).first)
        let copy = try socket.duplicate()
        XCTAssertTrue(copy.isInherited)
        XCTAssertEqual(copy.address, socket.address)
        socket.stopListening()
        let caller = try RawClient(addresses[0])
        let patience = Patience(until: .never, cancel: try WakeUp()).atMost(.seconds(20))
        _ = try BlockingSocket.accept(from: copy.descriptor, patience)
        XCTAssertTrue(fcntl(first, F_GETFD) & FD_CLOEXEC != 0)
        XCTAssertTrue(fcntl(first, F_GETFL) & O_NONBLOCK != 0)
        _ = caller
    }
}
