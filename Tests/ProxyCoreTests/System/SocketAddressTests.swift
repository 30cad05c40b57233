import ProxyCore
import XCTest

final class SocketAddressTests: XCTestCase {
    func testListensWhereItSays() throws {
        let directory = TemporaryDirectory()
        let unix = SocketAddress.unix(path: directory.path("socket"))
        let v6 = try XCTUnwrap(IPAddress("::1"))
        for address in [ScriptedUpstream.loopback, .ip(v6, port: 0), unix] {
            let listener = try Socket.listen(on: address, sharedPort: false)
            let bound = address.port == nil ? address : try XCTUnwrap(try Socket.localAddress(listener))
            XCTAssertEqual(bound.ipAddress, address.ipAddress)
            if let port = bound.port { XCTAssertGreaterThan(port, 0) }
            let socket = try Socket.connect(to: bound)
            try Patience(until: .never, cancel: try WakeUp()).atMost(.seconds(20)).awaitReadable(listener)
            guard let accepted = try Socket.accept(from: listener) else { return XCTFail("\(address)") }
            XCTAssertEqual(accepted.peer.ipAddress, address.ipAddress)
            if address.port != nil { XCTAssertEqual(try Socket.localAddress(socket), accepted.peer) }
            XCTAssertNil(Socket.connectError(socket))
        }
    }

    /// A dual-stack listener sees IPv4 callers by their IPv4 address.
    func testAMappedPeerIsItsIPv4Address() throws {
        let any = try XCTUnwrap(IPAddress("::"))
        let listener = try Socket.listen(on: .ip(any, port: 0), sharedPort: true)
        let port = try XCTUnwrap(try Socket.localAddress(listener)?.port)
        let loopback = try XCTUnwrap(IPAddress("127.0.0.1"))
        let socket = try Socket.connect(to: .ip(loopback, port: port))
        try Patience(until: .never, cancel: try WakeUp()).atMost(.seconds(20)).awaitReadable(listener)
        guard let accepted = try Socket.accept(from: listener) else { return XCTFail("nobody") }
        XCTAssertEqual(accepted.peer.ipAddress, loopback)
        XCTAssertEqual(try Socket.localAddress(socket), accepted.peer)
    }

    func testDescriptions() throws {
        let v6 = try XCTUnwrap(IPAddress("2001:db8::1"))
        XCTAssertEqual("\(SocketAddress.ip(v6, port: 80))", "[2001:db8::1]:80")
        XCTAssertEqual("\(SocketAddress.ip(IPAddress(v4: 0x0A00_0001), port: 8))", "10.0.0.1:8")
        XCTAssertEqual("\(SocketAddress.unix(path: "/a"))", "unix:/a")
    }

    /// A listener that has been stopped refuses callers, those in its queue too, though its descriptor is open.
    func testStopListening() throws {
        let listener = try Socket.listen(on: ScriptedUpstream.loopback, sharedPort: true)
        let address = try XCTUnwrap(try Socket.localAddress(listener))
        let patience = Patience(until: .never, cancel: try WakeUp()).atMost(.seconds(20))
        let queued = try BlockingSocket.connect(to: address, patience)
        Socket.stopListening(listener)
        XCTAssertThrowsError(try queued.receive(into: ByteBuffer(capacity: 1), patience))
        do throws(WaitError) {
            _ = try BlockingSocket.connect(to: address, patience)
            XCTFail("connected")
        } catch {
            guard case .failed(let error) = error else { return XCTFail("\(error)") }
            XCTAssertTrue(error.isConnectionRefused)
        }
    }

    func testProcessorQuota() {
        let rows: [(String, Int?)] = [
            ("max 100000\n", nil), ("100000 100000\n", 1), ("150000 100000", 2), ("400000 100000\n", 4),
            ("1 100000\n", 1), ("50000 100000", 1), ("0 100000", nil), ("-1 100000", nil), ("100000 0", nil),
            ("100000", nil), ("", nil), ("1 2 3", nil), ("x y", nil),
        ]
        for (text, count) in rows { XCTAssertEqual(ProcessorCount.quota(ofCPUMax: text), count, text) }
        XCTAssertGreaterThanOrEqual(ProcessorCount.usable(), 1)
    }
}
