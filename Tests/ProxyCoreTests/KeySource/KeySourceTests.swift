import Dispatch
import ProxyCore
import Synchronization
import XCTest

/// Key sources against a real socket.
final class KeySourceTests: XCTestCase {
    func testKeysAreFetchedAtStart() throws {
        let server = try ScriptedServer { _ in KeySetText.response(KeySetText.with("a", "b")) }
        defer { server.stop() }
        let harness = try KeySourceHarness(.network(server))
        let snapshot = try harness.snapshots.await { $0.keys != nil }
        XCTAssertEqual(snapshot.keys?.keys.count, 2)
        XCTAssertEqual(snapshot.issuer, 3)
        XCTAssertEqual(snapshot.generation, 1)
        XCTAssertEqual(snapshot.origin, .network)
        XCTAssertNil(snapshot.lastFailure)
        XCTAssertNotNil(snapshot.fetchedAt)
        XCTAssertTrue(snapshot.allowsRefetch(at: Clock.monotonic()))
        // Told after the snapshot has gone out, on the source's thread.
        try harness.events.await { _ in true }
        XCTAssertEqual(
            harness.events.values, [.fetched(keys: 2, skipped: 0, lifetime: .seconds(3600), isNew: true)])
        XCTAssertEqual(server.requests.map(\.target), ["/jwks.json"])
    }

    func testKeysAreRefreshedAheadOfTheirExpiry() throws {
        let server = try ScriptedServer { request in
            KeySetText.response(KeySetText.with(request.number < 2 ? "a" : "b"), "Cache-Control: max-age=0\r\n")
        }
        defer { server.stop() }
        let harness = try KeySourceHarness(.network(server)) { $0.refresh.minLifetime = .milliseconds(10) }
        let first = try harness.snapshots.await { $0.generation == 1 }
        let second = try harness.snapshots.await { $0.generation == 2 }
        XCTAssertFalse(first.keys === second.keys)
        XCTAssertTrue(harness.snapshots.values.allSatisfy { $0.keys != nil }, "there is no gap")
        let unchanged = KeySourceEvent.fetched(keys: 1, skipped: 0, lifetime: .milliseconds(10), isNew: false)
        XCTAssertTrue(harness.events.values.contains(unchanged), "the same document leaves the keys alone")
    }

    func testAnUnknownKidFetchesAtOnceAndThenNotForTheCooldown() throws {
        let server = try ScriptedServer { request in
            KeySetText.response(KeySetText.with(request.number == 0 ? "old" : "new"))
        }
        defer { server.stop() }
        let harness = try KeySourceHarness(.network(server))
        try harness.snapshots.await { $0.keys != nil }
        let ticket = harness.source.requestRefetch()
        let settled = try harness.snapshots.await { $0.settles(ticket) }
        XCTAssertEqual(settled.generation, 2)
        XCTAssertFalse(settled.allowsRefetch(at: Clock.monotonic()))
        XCTAssertTrue(settled.allowsRefetch(at: Clock.monotonic().advanced(by: .seconds(30))))
        let second = harness.source.requestRefetch()
        XCTAssertFalse(settled.settles(second))
        let refused = try harness.snapshots.await { $0.settles(second) }
        XCTAssertEqual(refused.generation, 2)
        XCTAssertEqual(server.requests.count, 2)
    }

    func testAfterTheCooldownAnUnknownKidFetchesAgain() throws {
        let server = try ScriptedServer { _ in KeySetText.response(KeySetText.with("a")) }
        defer { server.stop() }
        let harness = try KeySourceHarness(.network(server)) { $0.refresh.cooldown = .milliseconds(0) }
        try harness.snapshots.await { $0.keys != nil }
        for _ in 0..<5 {
            let ticket = harness.source.requestRefetch()
            try harness.snapshots.await { $0.settles(ticket) }
        }
        XCTAssertEqual(server.requests.count, 6)
    }

    func testTenThousandUnknownKidsCostAHandfulOfFetches() throws {
        let server = try ScriptedServer { _ in
            [.pause(.milliseconds(20))] + KeySetText.response(KeySetText.with("a"))
        }
        defer { server.stop() }
        let harness = try KeySourceHarness(.network(server))
        let source = harness.source
        let tickets = Mutex<[RefetchTicket]>([])
        DispatchQueue.concurrentPerform(iterations: 10_000) { _ in
            let ticket = source.requestRefetch()
            tickets.withLock { $0.append(ticket) }
        }
        for ticket in tickets.withLock({ $0 }) { try harness.snapshots.await { $0.settles(ticket) } }
        // The first one, which some join, and the one for a kid.
        XCTAssertLessThanOrEqual(server.requests.count, 2)
    }

    func testARequestJoinsTheFetchUnderWay() throws {
        let asked = Recorder<Int>()
        let server = try ScriptedServer { request in
            asked.record(request.number)
            return [.pause(.milliseconds(50))] + KeySetText.response(KeySetText.with("a"))
        }
        defer { server.stop() }
        let harness = try KeySourceHarness(.network(server))
        try asked.await { _ in true }
        let ticket = harness.source.requestRefetch()
        let settled = try harness.snapshots.await { $0.settles(ticket) }
        XCTAssertEqual(settled.generation, 1)
        XCTAssertTrue(settled.allowsRefetch(at: Clock.monotonic()), "the cooldown has not begun")
        XCTAssertEqual(server.requests.count, 1)
    }

    func testAServerThatIsDownAtStartIsFoundWhenItComes() throws {
        let gone = try ScriptedServer { _ in [] }
        gone.stop()
        let harness = try KeySourceHarness(.network(gone))
        try harness.awaitFailure("connect")
        let waiting = try harness.snapshots.await { _ in true }
        XCTAssertNil(waiting.keys)
        XCTAssertEqual(waiting.generation, 0)
        XCTAssertEqual(waiting.lastFailure?.cause.description, "connect")
        let server = try ScriptedServer(port: gone.port) { _ in KeySetText.response(KeySetText.with("a")) }
        defer { server.stop() }
        let found = try harness.snapshots.await { $0.keys != nil }
        XCTAssertNil(found.lastFailure)
    }

    func testAHungServerTimesOutAndAnswersEveryRequestForARefetch() throws {
        let hangs = Atomic<Bool>(false)
        let server = try ScriptedServer { _ in
            hangs.load(ordering: .sequentiallyConsistent) ? [.hang] : KeySetText.response(KeySetText.with("a"))
        }
        defer { server.stop() }
        let harness = try KeySourceHarness(.network(server)) { $0.refresh.fetchTimeout = .milliseconds(50) }
        // A first fetch that is late on a busy machine is tried again.
        try harness.snapshots.await { $0.keys != nil }
        hangs.store(true, ordering: .sequentiallyConsistent)
        let ticket = harness.source.requestRefetch()
        let settled = try harness.snapshots.await { $0.settles(ticket) }
        XCTAssertEqual(settled.generation, 1)
        XCTAssertEqual(settled.lastFailure, .timeout)
    }

    func testBadAnswersKeepTheOldKeys() throws {
        let answers: [([ScriptedServer.Step], String)] = [
            (KeySetText.response(KeySetText.empty), "no_usable_keys"),
            (KeySetText.response(KeySetText.unusable), "no_usable_keys"),
            (KeySetText.response("<html>captive portal</html>"), "not_json"),
            (KeySetText.response("{\"error\":\"starting\"}"), "not_a_key_set"),
            ([.send("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n")], "status"),
            ([.close], "closed_early"),
            ([.reset], "connection_lost"),
        ]
        let server = try ScriptedServer { request in
            if request.number == 0 { return KeySetText.response(KeySetText.with("a"), "Cache-Control: no-cache\r\n") }
            let next = request.number - 1
            return next < answers.count ? answers[next].0 : KeySetText.response(KeySetText.with("b"))
        }
        defer { server.stop() }
        let harness = try KeySourceHarness(.network(server))
        let recovered = try harness.snapshots.await { $0.generation == 2 }
        XCTAssertNil(recovered.lastFailure)
        XCTAssertTrue(harness.snapshots.values.allSatisfy { $0.keys?.keys.count == 1 })
        let causes: [String] = harness.events.values.compactMap { event in
            guard case .fetchFailed(let failure, _, keysKept: true) = event else { return nil }
            return failure.cause.description
        }
        XCTAssertEqual(causes, answers.map(\.1))
    }

    func testKeysAreDroppedWhenTheyHaveBeenStaleForTooLong() throws {
        let isUp = Atomic<Bool>(true)
        let server = try ScriptedServer { _ in
            if !isUp.load(ordering: .sequentiallyConsistent) { return [.close] }
            return KeySetText.response(KeySetText.with("a"), "Cache-Control: no-cache\r\n")
        }
        defer { server.stop() }
        let harness = try KeySourceHarness(.network(server)) { $0.refresh.stale = .milliseconds(150) }
        try harness.snapshots.await { $0.keys != nil }
        isUp.store(false, ordering: .sequentiallyConsistent)
        try harness.events.await { $0 == .droppedStale }
        let dropped = try harness.snapshots.await { $0.keys == nil }
        isUp.store(true, ordering: .sequentiallyConsistent)
        try harness.snapshots.await { $0.generation > dropped.generation && $0.keys != nil }
    }

    func testStoppingBreaksOffAFetch() throws {
        let asked = Recorder<Int>()
        let server = try ScriptedServer { request in
            asked.record(request.number)
            return [.hang]
        }
        defer { server.stop() }
        let harness = try KeySourceHarness(.network(server)) { $0.refresh.fetchTimeout = .seconds(3600) }
        try asked.await { _ in true }
        harness.source.stop()
        _ = harness.source.requestRefetch()
        XCTAssertTrue(harness.snapshots.values.isEmpty)
        XCTAssertTrue(harness.events.values.isEmpty)
    }
}
