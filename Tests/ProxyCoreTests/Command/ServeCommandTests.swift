import ProxyCore
import Synchronization
import XCTest

/// What the other thread found.
private final class Result: Sendable {
    let run = Mutex<CommandRun?>(nil)
}

final class ServeCommandTests: XCTestCase {
    func testAnAddressInUseIsTold() throws {
        // One that would share its port is in use as well: it would get half of the connections.
        for isShared in [false, true] {
            let directory = TemporaryDirectory()
            let socket = try ListeningSocket(on: .ip(IPAddress(v4: 0x7F00_0001), port: 0), shared: isShared)
            let configuration = ConfigurationText(#"{"path":"/a","methods":["GET"],"authenticated":true}"#).text
            let listen = "\"listen\":\"\(socket.address)\""
            let text = configuration.replacing("\"listen\":\"127.0.0.1:0\"", with: listen)
            let path = directory.write(text, to: "routes.json")
            // A thread of its own, since serving begins with blocking signals in it.
            let result = Result()
            try ProxyCore.Thread.start(name: "serve") { result.run.withLock { $0 = CommandRun("serve", path) } }.join()
            let run = try XCTUnwrap(result.run.withLock { $0 })
            XCTAssertEqual(run.status, .failure)
            XCTAssertEqual(run.output, [])
            XCTAssertEqual(run.errors.count, 1)
            let told = run.errors.first ?? ""
            XCTAssertTrue(told.hasPrefix("scopeproxy serve: cannot listen on \(socket.address): "), told)
        }
    }
}
