import Foundation
import ProxyCore
import XCTest

/// Keys that are on this machine: in a file, in the configuration, in the copy of an earlier run.
final class KeySourceLocalTests: XCTestCase {
    private let directory = TemporaryDirectory()
    private let issuer = "https://issuer.example/"

    func testAFileIsThereWhenStartReturnsAndIsReadAgainWhenItChanges() throws {
        let path = directory.write(KeySetText.with("a"), to: "jwks.json")
        let harness = try fileHarness(path)
        XCTAssertEqual(harness.newest?.keys?.keys.count, 1)
        XCTAssertEqual(harness.newest?.origin, .file)
        try FileWriter.replace(path, with: Array(KeySetText.with("a", "b").utf8))
        let changed = try harness.snapshots.await { $0.generation == 2 }
        XCTAssertEqual(changed.keys?.keys.count, 2)
        XCTAssertEqual(harness.snapshots.values.count, 2, "a look at an unchanged file is no news")
    }

    func testABadFileKeepsTheOldKeysAndIsReportedOnce() throws {
        let path = directory.write(KeySetText.with("a"), to: "jwks.json")
        let harness = try fileHarness(path)
        directory.write("{", to: "jwks.json")
        try harness.awaitFailure("not_json")
        try FileManager.default.removeItem(atPath: path)
        try harness.awaitFailure("file")
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        try harness.events.await { if case .fetchFailed(.notARegularFile, _, _) = $0 { true } else { false } }
        try FileManager.default.removeItem(atPath: path)
        directory.write(KeySetText.with("a", "b"), to: "jwks.json")
        try harness.snapshots.await { $0.generation == 2 }
        XCTAssertTrue(harness.snapshots.values.allSatisfy { $0.keys != nil })
        let first = harness.events.values.filter {
            if case .fetchFailed(.notAKeySet, _, _) = $0 { true } else { false }
        }
        XCTAssertEqual(first.count, 1)
    }

    func testAFileThatIsMissingAtStartIsFoundWhenItComes() throws {
        let harness = try fileHarness(directory.path("later.json"))
        XCTAssertNotNil(harness.newest)
        XCTAssertNil(harness.newest?.keys)
        directory.write(KeySetText.with("a"), to: "later.json")
        try harness.snapshots.await { $0.keys != nil }
    }

    func testAnUnknownKidLooksAtTheFile() throws {
        let path = directory.write(KeySetText.with("a"), to: "jwks.json")
        let harness = try fileHarness(path, pause: .seconds(3600))
        try FileWriter.replace(path, with: Array(KeySetText.with("a", "b").utf8))
        let ticket = harness.source.requestRefetch()
        XCTAssertEqual(try harness.snapshots.await { $0.settles(ticket) }.keys?.keys.count, 2)
    }

    func testKeysOfTheConfigurationAreThereAndNobodyNeedAskForOthers() throws {
        let keys = try KeySet.parse(Array(KeySetText.with("a").utf8))
        let harness = try KeySourceHarness(.inline(keys))
        let snapshot = try XCTUnwrap(harness.newest)
        XCTAssertTrue(snapshot.keys === keys)
        XCTAssertEqual(snapshot.origin, .inline)
        XCTAssertFalse(snapshot.allowsRefetch(at: Clock.monotonic()))
        XCTAssertTrue(snapshot.settles(harness.source.requestRefetch()))
    }

    func testTheDiskCopyServesAColdStartWhileTheIssuerIsAway() throws {
        let server = try ScriptedServer { _ in KeySetText.response(KeySetText.with("a")) }
        let origin = try KeyOrigin.network(server)
        var harness = try KeySourceHarness(origin, issuer: issuer, stateDirectory: directory.path)
        try harness.snapshots.await { $0.keys != nil }
        // The copy is written behind the first snapshot; stopping waits for it.
        harness.source.stop()
        server.stop()

        harness = try KeySourceHarness(origin, issuer: issuer, stateDirectory: directory.path)
        let copied = try harness.snapshots.await { $0.keys != nil }
        XCTAssertEqual(copied.origin, .diskCopy)
        XCTAssertEqual(copied.lastFailure?.cause.description, "connect")
        let alive = try ScriptedServer(port: server.port) { _ in KeySetText.response(KeySetText.with("b")) }
        defer { alive.stop() }
        XCTAssertEqual(try harness.snapshots.await { $0.generation == 2 }.origin, .network)
        harness.source.stop()
        alive.stop()

        let other = try KeySourceHarness(origin, issuer: "https://other.example/", stateDirectory: directory.path)
        try other.awaitFailure("connect")
        XCTAssertNil(other.newest?.keys)
    }

    func testTheDiskCopyIsNotAskedWhileTheIssuerAnswers() throws {
        try writeCopy(KeySetText.with("copied"), age: 0)
        let server = try ScriptedServer { _ in KeySetText.response(KeySetText.with("a")) }
        defer { server.stop() }
        let harness = try KeySourceHarness(.network(server), issuer: issuer, stateDirectory: directory.path)
        XCTAssertEqual(try harness.snapshots.await { $0.keys != nil }.origin, .network)
    }

    func testACopyThatCannotServeIsReported() throws {
        let gone = try ScriptedServer { _ in [] }
        gone.stop()
        let table: [(String, Int64, KeyDiskCopy.Problem)] = [
            (KeySetText.with("a"), 101, .tooOld), (KeySetText.with("a"), -1000, .fromTheFuture),
            (KeySetText.empty, 0, .damaged), ("{}", 0, .damaged), ("nonsense", 0, .damaged),
        ]
        for (document, age, problem) in table {
            try writeCopy(document, age: age)
            let harness = try KeySourceHarness(.network(gone), issuer: issuer, stateDirectory: directory.path) {
                $0.refresh.stale = .seconds(100)
            }
            try harness.events.await { $0 == .diskCopyNotUsed(problem) }
            XCTAssertTrue(harness.snapshots.values.allSatisfy { $0.keys == nil })
        }
    }

    func testACopyThatCannotBeWrittenIsReportedAndHarmsNothing() throws {
        let server = try ScriptedServer { _ in KeySetText.response(KeySetText.with("a")) }
        defer { server.stop() }
        let harness = try KeySourceHarness(.network(server), stateDirectory: directory.path("missing"))
        try harness.events.await { if case .diskCopyNotWritten = $0 { true } else { false } }
        XCTAssertNotNil(harness.newest?.keys)
    }

    private func fileHarness(_ path: String, pause: Interval = .milliseconds(5)) throws -> KeySourceHarness {
        try KeySourceHarness(.file(path: path)) { $0 = KeySchedule($0.refresh, fileCheckedEvery: pause) }
    }

    private func writeCopy(_ document: String, age: Int64) throws {
        let copy = KeyDiskCopy(issuer: issuer, directory: directory.path)
        let fetchedAt = UnixTime(Clock.unixTime().seconds - age)
        try copy.write(KeyDiskCopy.Content(document: Array(document.utf8), fetchedAt: fetchedAt))
    }
}
