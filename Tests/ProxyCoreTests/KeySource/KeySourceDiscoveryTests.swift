import ProxyCore
import Synchronization
import XCTest

/// Key sources whose issuer says where its keys are.
final class KeySourceDiscoveryTests: XCTestCase {
    private let directory = TemporaryDirectory()

    func testKeysThatMoveAreFollowed() throws {
        let idp = try ScriptedIssuer(keysAt: "/one", kid: "a")
        defer { idp.server.stop() }
        let harness = try harness(idp)
        let before = try harness.snapshots.await { $0.keys != nil }
        XCTAssertEqual(before.origin, .network)
        XCTAssertEqual(before.location?.target, "/one")
        idp.publish(at: "/two", kid: "b")
        let after = try harness.snapshots.await { $0.generation == 2 }
        XCTAssertEqual(after.location?.target, "/two")
    }

    func testMetadataThatGoesOrTurnsIntoAnothersTakesNoKeysAway() throws {
        for (change, cause) in [
            (ScriptedIssuer.Metadata.gone, "no_metadata"), (.ofAnother, "issuer_differs"), (.broken, "no_metadata"),
            (.failing, "status"),
        ] {
            let idp = try ScriptedIssuer(keysAt: "/one", kid: "a")
            defer { idp.server.stop() }
            let harness = try harness(idp)
            try harness.snapshots.await { $0.keys != nil }
            idp.publish(at: "/two", kid: "b")
            idp.change(to: change)
            try harness.awaitFailure(cause)
            let failed = try harness.snapshots.await { $0.lastFailure?.cause.description == cause }
            XCTAssertNotNil(failed.keys)
            XCTAssertFalse(idp.server.requests.contains { $0.target == "/two" }, cause)
            idp.change(to: .sound)
            try harness.snapshots.await { $0.location?.target == "/two" }
        }
    }

    func testAnUnknownKidAsksForTheMetadataToo() throws {
        let idp = try ScriptedIssuer(keysAt: "/one", kid: "a")
        defer { idp.server.stop() }
        let harness = try KeySourceHarness(.discovery(idp.server))
        try harness.snapshots.await { $0.keys != nil }
        idp.publish(at: "/two", kid: "b")
        let ticket = harness.source.requestRefetch()
        XCTAssertEqual(try harness.snapshots.await { $0.settles(ticket) }.location?.target, "/two")
    }

    func testAWrongIssuerFromTheStartGivesNoKeys() throws {
        let idp = try ScriptedIssuer(keysAt: "/one", kid: "a")
        defer { idp.server.stop() }
        idp.change(to: .ofAnother)
        let harness = try KeySourceHarness(.discovery(idp.server), stateDirectory: directory.path)
        try harness.awaitFailure("issuer_differs")
        try harness.snapshots.await { $0.lastFailure != nil }
        XCTAssertTrue(harness.snapshots.values.allSatisfy { $0.keys == nil })
        XCTAssertFalse(idp.server.requests.contains { $0.target == "/one" })
    }

    func testTheDiskCopyServesWhileTheIssuerIsAway() throws {
        let idp = try ScriptedIssuer(keysAt: "/one", kid: "a")
        let origin = try KeyOrigin.discovery(idp.server)
        let name = "http://127.0.0.1:\(idp.server.port)"
        var harness = try KeySourceHarness(origin, issuer: name, stateDirectory: directory.path)
        try harness.snapshots.await { $0.keys != nil }
        harness.source.stop()
        idp.server.stop()
        harness = try KeySourceHarness(origin, issuer: name, stateDirectory: directory.path)
        let copied = try harness.snapshots.await { $0.keys != nil }
        XCTAssertEqual(copied.origin, .diskCopy)
        XCTAssertNil(copied.location)
        let back = try ScriptedIssuer(keysAt: "/two", kid: "b", port: idp.server.port)
        defer { back.server.stop() }
        XCTAssertEqual(try harness.snapshots.await { $0.origin == .network }.location?.target, "/two")
    }

    private func harness(_ idp: ScriptedIssuer) throws -> KeySourceHarness {
        try KeySourceHarness(.discovery(idp.server)) { $0.refresh.defaultLifetime = .milliseconds(20) }
    }
}

/// An issuer with metadata, whose keys move.
private final class ScriptedIssuer: Sendable {
    enum Metadata: Sendable {
        case sound
        case gone
        case ofAnother
        case broken
        case failing
    }

    private final class State: Sendable {
        let current: Mutex<(metadata: Metadata, target: String, kid: String)>

        init(_ target: String, _ kid: String) { current = Mutex((.sound, target, kid)) }

        func answer(_ request: ScriptedServer.Request) -> [ScriptedServer.Step] {
            let (metadata, target, kid) = current.withLock { $0 }
            if request.target == target { return .keys(kid) }
            guard request.target == "/.well-known/oauth-authorization-server" else {
                return [.send("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")]
            }
            let name = "http://\(request.field("Host") ?? "")"
            switch metadata {
            case .sound: return .metadata(name, "", keys: target)
            case .gone: return [.send("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")]
            case .ofAnother: return .metadata(name, "/", keys: target)
            case .broken: return .json("{\"issuer\":\"\(name)\",\"jwks_uri\":")
            case .failing: return [.send("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")]
            }
        }
    }

    let server: ScriptedServer
    private let state: State

    init(keysAt target: String, kid: String, port: UInt16 = 0) throws {
        let state = State(target, kid)
        self.state = state
        server = try ScriptedServer(port: port) { state.answer($0) }
    }

    func publish(at target: String, kid: String) {
        state.current.withLock { ($0.target, $0.kid) = (target, kid) }
    }

    func change(to metadata: Metadata) { state.current.withLock { $0.metadata = metadata } }
}
