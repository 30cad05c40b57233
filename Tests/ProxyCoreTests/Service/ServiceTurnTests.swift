import ProxyCore
import Synchronization
import XCTest

/// What comes in one turn of a service's loop is answered together.
final class ServiceTurnTests: XCTestCase {
    /// Keeps the service's thread in its handler until it is told to go on, and tells what it was asked.
    private final class Doorkeeper: Sendable {
        let entered = DispatchSemaphore(value: 0)
        let mayLeave = DispatchSemaphore(value: 0)
        private let asked = Mutex<[[String]]>([])

        func answer(_ requests: [ServiceRequest]) -> [ServiceResponse] {
            let paths = requests.map { String(decoding: $0.path, as: UTF8.self) }
            asked.withLock { $0.append(paths) }
            if paths == ["/wait"] {
                entered.signal()
                mayLeave.wait()
            }
            return paths.map { ServiceResponse(status: 200, body: Array($0.utf8)) }
        }

        var turns: [[String]] { asked.withLock { $0 } }
    }

    private let door = Doorkeeper()
    private var service: Service?

    override func tearDown() {
        service?.stop()
        service = nil
    }

    private func serve(_ options: ServiceOptions = ServiceOptions()) throws -> UInt16 {
        let socket = try ListeningSocket(on: .ip(IPAddress(v4: 0x7F00_0001), port: 0), shared: false)
        let log = try LogWriter(level: .error, format: .text)
        let door = door
        service = try Service.start("test", on: socket, options: options, log: log) { door.answer }
        return try XCTUnwrap(socket.address.port)
    }

    private static func get(_ path: String) -> String { "GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n" }

    /// Connections that have had an answer each, so that the loop knows them.
    private func connect(_ count: Int) throws -> [RawCaller] {
        let port = try serve()
        return try (0..<count).map { _ in
            let caller = try RawCaller(port: port)
            try caller.send(Self.get("/first"))
            XCTAssertEqual(try caller.response().text, "/first")
            return caller
        }
    }

    func testRequestsOfOneTurnAreAskedTogether() throws {
        let callers = try connect(4)
        try callers[0].send(Self.get("/wait"))
        door.entered.wait()
        // A second one on a connection waits for its turn.
        for (number, caller) in callers.enumerated().dropFirst() {
            try caller.send(Self.get("/\(number)") + Self.get("/\(number)/again"))
        }
        door.mayLeave.signal()
        XCTAssertEqual(try callers[0].response().text, "/wait")
        for (number, caller) in callers.enumerated().dropFirst() {
            XCTAssertEqual(try caller.response().text, "/\(number)")
            XCTAssertEqual(try caller.response().text, "/\(number)/again")
        }
        XCTAssertEqual(
            door.turns.dropFirst(5).map { $0.sorted() }, [["/1", "/2", "/3"], ["/1/again", "/2/again", "/3/again"]])
    }

    func testACallerThatHasGoneHoldsUpNobody() throws {
        var callers = try connect(3)
        try callers[0].send(Self.get("/wait"))
        door.entered.wait()
        for (number, caller) in callers.enumerated().dropFirst() { try caller.send(Self.get("/\(number)")) }
        callers.remove(at: 1)
        door.mayLeave.signal()
        XCTAssertEqual(try callers[0].response().text, "/wait")
        XCTAssertEqual(try callers[1].response().text, "/2")
    }

    /// Its connection was about to make room, and a newcomer is accepted in the turn in which the request is whole.
    func testARequestThatWaitsForItsTurnMakesNoRoom() throws {
        var options = ServiceOptions()
        options.connections = 3
        options.keepAliveMin = .milliseconds(1)
        let port = try serve(options)
        func ask(_ path: String) throws -> RawCaller {
            let caller = try RawCaller(port: port)
            try caller.send(Self.get(path))
            XCTAssertEqual(try caller.response().text, path)
            return caller
        }
        let slow = try RawCaller(port: port)
        try slow.send("GET /slow HTTP/1.1\r\n")
        let waiting = try ask("/first")
        let silent = try RawCaller(port: port)
        try Patience(until: .never, cancel: WakeUp()).atMost(.milliseconds(20)).awaitDeadline()
        let next = try ask("/next")
        XCTAssertEqual(try silent.untilEnd(), [])
        try waiting.send(Self.get("/wait"))
        door.entered.wait()
        try slow.send("Host: a\r\n\r\n")
        let last = try RawCaller(port: port)
        door.mayLeave.signal()
        XCTAssertEqual(try slow.response().text, "/slow")
        try last.send(Self.get("/last"))
        XCTAssertEqual(try last.response().text, "/last")
        withExtendedLifetime(next) {}
    }
}
