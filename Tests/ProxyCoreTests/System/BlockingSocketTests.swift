import ProxyCore
import XCTest

final class BlockingSocketTests: XCTestCase {
    private let loopback = IPAddress(v4: 0x7F00_0001)

    func testTalksToAServer() throws {
        let server = try ScriptedServer { request in
            request.target == "/last" ? [.send("bye"), .close] : [.send("\(request.number):"), .sendBytes(request.body)]
        }
        defer { server.stop() }
        let patience = try patience(seconds: 10)
        let socket = try BlockingSocket.connect(to: .ip(loopback, port: server.port), patience)
        let buffer = ByteBuffer(capacity: 1000)
        for request in ["GET / HTTP/1.1\r\n", "POST / HTTP/1.1\r\nContent-Length: 2\r\n", "GET /last HTTP/1.1\r\n"] {
            let bytes = Array((request + "\r\n" + (request.contains("POST") ? "hi" : "")).utf8)
            let sending = ByteBuffer(capacity: 1000)
            sending.append(bytes.span)
            try socket.sendAll(from: sending, patience)
        }
        while try socket.receive(into: buffer, patience) {}
        XCTAssertEqual(buffer.readable.text, "0:1:hibye")
        XCTAssertEqual(server.connections, 1)
        XCTAssertEqual(server.requests.map(\.target), ["/", "/", "/last"])
    }

    func testPatienceEndsByTimeByCancellationOrByTheEvent() throws {
        let server = try ScriptedServer { _ in [] }
        defer { server.stop() }
        let cancel = try WakeUp()
        let short = Patience(until: Clock.monotonic().advanced(by: .milliseconds(5)), cancel: cancel)
        let long = Patience(until: .never, cancel: cancel)
        let socket = try BlockingSocket.connect(to: .ip(loopback, port: server.port), long)
        let buffer = ByteBuffer(capacity: 10)
        XCTAssertEqual(waitError { () throws(WaitError) in _ = try socket.receive(into: buffer, short) }, .timedOut)
        XCTAssertNil(waitError { () throws(WaitError) in try short.awaitDeadline() })
        let bell = try WakeUp()
        bell.signal()
        XCTAssertNil(waitError { () throws(WaitError) in try long.awaitSignal(of: bell) })
        XCTAssertEqual(waitError { () throws(WaitError) in try short.awaitSignal(of: bell) }, .timedOut)
        cancel.signal()
        XCTAssertEqual(waitError { () throws(WaitError) in _ = try socket.receive(into: buffer, long) }, .cancelled)
        XCTAssertEqual(waitError { () throws(WaitError) in try long.awaitDeadline() }, .cancelled)
    }

    func testAPortThatNobodyListensOnRefuses() throws {
        let server = try ScriptedServer { _ in [] }
        server.stop()
        let patience = try patience(seconds: 10)
        let address = SocketAddress.ip(loopback, port: server.port)
        let error = waitError { () throws(WaitError) in _ = try BlockingSocket.connect(to: address, patience) }
        guard case .failed(let error) = error else { return XCTFail("\(String(describing: error))") }
        XCTAssertTrue(error.isConnectionRefused)
    }

    func testASocketThatStopsListeningRefuses() throws {
        let listening = try ListeningSocket(on: .ip(loopback, port: 0), shared: true)
        let patience = try patience(seconds: 10)
        _ = try BlockingSocket.connect(to: listening.address, patience)
        Socket.stopListening(listening.descriptor)
        let error = waitError { () throws(WaitError) in
            _ = try BlockingSocket.connect(to: listening.address, patience)
        }
        guard case .failed(let error) = error else { return XCTFail("\(String(describing: error))") }
        XCTAssertTrue(error.isConnectionRefused)
    }

    func testNamesAreResolved() throws {
        let patience = try patience(seconds: 30)
        XCTAssertEqual(try Resolver.addresses(of: "127.0.0.1", port: 7, patience), [.ip(loopback, port: 7)])
        let local = try Resolver.addresses(of: "localhost", port: 8, patience)
        XCTAssertEqual(local.map(\.description), ["127.0.0.1:8", "[::1]:8"])
    }

    /// Nobody who answers for names can lead `localhost` elsewhere; without a look-up there is nothing to cancel.
    func testLocalhostIsNotLookedUp() throws {
        let cancel = try WakeUp()
        cancel.signal()
        let patience = Patience(until: .never, cancel: cancel)
        for name in ["localhost", "LocalHost"] {
            XCTAssertEqual(try Resolver.addresses(of: name, port: 1, patience).count, 2)
        }
        for name in ["localhost.example.com", "notlocalhost", ""] {
            XCTAssertNil(Resolver.addressesWithoutLookUp(of: name))
        }
    }

    func testALookUpCanBeCancelled() throws {
        let cancel = try WakeUp()
        cancel.signal()
        let patience = Patience(until: .never, cancel: cancel)
        XCTAssertThrowsError(try Resolver.addresses(of: "name.invalid", port: 1, patience)) { error in
            XCTAssertEqual(error as? Resolver.Failure, .waiting(.cancelled))
        }
    }

    private func patience(seconds: Double) throws -> Patience {
        Patience(until: Clock.monotonic().advanced(by: .seconds(seconds)), cancel: try WakeUp())
    }

    private func waitError(_ body: () throws(WaitError) -> Void) -> WaitError? {
        do throws(WaitError) {
            try body()
            return nil
        } catch {
            return error
        }
    }
}
