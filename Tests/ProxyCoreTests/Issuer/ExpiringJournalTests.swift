import Foundation
import ProxyCore
import XCTest

final class ExpiringJournalTests: XCTestCase {
    private let directory = TemporaryDirectory()
    private let now = UnixTime(1000)

    private func later(_ seconds: Int64) -> UnixTime { UnixTime(1000 + seconds) }

    func testNamesAreRememberedUntilTheirTime() throws {
        let path = directory.path("journal")
        let journal = try ExpiringJournal(path, entriesMax: 10, isDurable: true, now: now)
        try journal.insert("a", of: "c", until: later(10), at: now)
        try journal.insert("b", of: "c", until: later(20), at: now)
        XCTAssertTrue(journal.contains("a", at: later(9)))
        XCTAssertFalse(journal.contains("a", at: later(10)))
        XCTAssertFalse(journal.contains("c", at: now))
        let again = try ExpiringJournal(path, entriesMax: 10, isDurable: false, now: later(10))
        XCTAssertFalse(again.contains("a", at: later(10)))
        XCTAssertTrue(again.contains("b", at: later(10)))
    }

    /// SHA-256 of "c", the first six bytes.
    private let owner = "Ln0sA6lQ"

    func testAFullOneRefusesUntilSomethingHasHadItsTime() throws {
        let journal = ExpiringJournal(entriesMax: 2)
        try journal.insert("a", of: "a", until: later(10), at: now)
        try journal.insert("b", of: "b", until: later(20), at: now)
        XCTAssertThrowsError(try journal.insert("c", of: "c", until: later(30), at: now)) {
            XCTAssertEqual($0 as? ExpiringJournal.Failure, .full)
        }
        try journal.insert("c", of: "c", until: later(30), at: later(10))
        XCTAssertTrue(journal.contains("c", at: later(10)))
    }

    /// One client may fill a half, two that go on for ever a third each; a restart does not forget whose is what.
    func testNoClientTakesTheRoomOfOthers() throws {
        let path = directory.path("journal")
        var journal = try ExpiringJournal(path, entriesMax: 90, isDurable: false, now: now)
        func take(_ client: String, _ wanted: Int) -> Int {
            let name = UUID().uuidString
            return (0..<wanted).count { number in
                (try? journal.insert("\(name)-\(number)", of: client, until: later(100), at: now)) != nil
            }
        }
        XCTAssertEqual(take("greedy", 100), 45)
        XCTAssertEqual(take("other", 10), 10)
        journal = try ExpiringJournal(path, entriesMax: 90, isDurable: false, now: now)
        XCTAssertEqual(take("greedy", 100), 0)
        XCTAssertEqual(take("other", 100), 13)
        XCTAssertEqual(take("third", 100), 11)
        // What has had its time makes room for whoever had it.
        try journal.insert("x", of: "greedy", until: later(200), at: later(100))
        XCTAssertTrue(journal.contains("x", at: later(100)))
    }

    func testANameThatEndsLaterThanItDid() throws {
        let journal = ExpiringJournal(entriesMax: 2)
        for end in [10, 30, 20] as [Int64] { try journal.insert("a", of: "c", until: later(end), at: now) }
        try journal.insert("b", of: "d", until: later(40), at: later(20))
        XCTAssertThrowsError(try journal.insert("x", of: "e", until: later(40), at: later(20)))
        XCTAssertTrue(journal.contains("a", at: later(29)))
        try journal.insert("x", of: "e", until: later(40), at: later(30))
        XCTAssertFalse(journal.contains("a", at: later(29)))
    }

    func testDamagedLinesArePassedOver() throws {
        let path = directory.write("2000 a\nnonsense\n\n3000\n4000 b c d\n5000 d\n6000 e", to: "journal")
        let journal = try ExpiringJournal(path, entriesMax: 10, isDurable: false, now: now)
        for name in ["a", "d", "e"] { XCTAssertTrue(journal.contains(name, at: now), name) }
        try journal.insert("f", of: "c", until: later(10), at: now)
        XCTAssertTrue(FileReader.text(path)?.hasSuffix("6000 e\n1010 f \(owner)\n") ?? false)
    }

    /// It is read in blocks, whose ends fall anywhere in a line.
    func testALongFileIsReadWhole() throws {
        var text = ""
        for number in 0..<30_000 { text += "2000 \(number % 7 == 0 ? "name" : "n")-\(number)\n" }
        let long = String(repeating: "x", count: 200_000)
        let path = directory.write(text + long + "\n2000 last", to: "journal")
        let journal = try ExpiringJournal(path, entriesMax: 50_000, isDurable: false, now: now)
        for number in 0..<30_000 {
            XCTAssertTrue(journal.contains("\(number % 7 == 0 ? "name" : "n")-\(number)", at: now), "\(number)")
        }
        XCTAssertTrue(journal.contains("last", at: now))
    }

    func testTheFileIsWrittenAnewWhenMostOfItHasHadItsTime() throws {
        let path = directory.path("journal")
        let journal = try ExpiringJournal(path, entriesMax: 10_000, isDurable: false, now: now)
        for number in 0..<1500 { try journal.insert("n\(number)", of: "c", until: later(10), at: now) }
        XCTAssertEqual(try lines(path), 1500)
        let again = try ExpiringJournal(path, entriesMax: 10_000, isDurable: false, now: later(10))
        XCTAssertEqual(try lines(path), 0)
        try again.insert("x", of: "c", until: later(30), at: later(10))
        XCTAssertEqual(try lines(path), 1)
        for number in 0..<1500 { try again.insert("n\(number)", of: "c", until: later(20), at: later(10)) }
        // What is full of names that have had their time is emptied while it runs, too.
        let small = try ExpiringJournal(path, entriesMax: 1501, isDurable: false, now: later(15))
        try small.insert("y", of: "c", until: later(40), at: later(20))
        XCTAssertEqual(try lines(path), 2)
        XCTAssertTrue(small.contains("x", at: later(20)))
    }

    func testWhatIsNoFileIsTold() {
        for path in [directory.path, directory.path("no/such")] {
            XCTAssertThrowsError(try ExpiringJournal(path, entriesMax: 5, isDurable: false, now: now))
        }
    }

    private func lines(_ path: String) throws -> Int { try FileReader.bytes(path).count { $0 == 0x0A } }
}
