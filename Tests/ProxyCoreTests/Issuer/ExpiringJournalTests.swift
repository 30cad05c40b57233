import ProxyCore
import XCTest

final class ExpiringJournalTests: XCTestCase {
    private let directory = TemporaryDirectory()
    private let now = UnixTime(1000)

    private func later(_ seconds: Int64) -> UnixTime { UnixTime(1000 + seconds) }

    func testNamesAreRememberedUntilTheirTime() throws {
        let path = directory.path("journal")
        let journal = try ExpiringJournal(path, entriesMax: 10, isDurable: true, now: now)
        try journal.insert("a", until: later(10), at: now)
        try journal.insert("b", until: later(20), at: now)
        XCTAssertTrue(journal.contains("a", at: later(9)))
        XCTAssertFalse(journal.contains("a", at: later(10)))
        XCTAssertFalse(journal.contains("c", at: now))
        let again = try ExpiringJournal(path, entriesMax: 10, isDurable: false, now: later(10))
        XCTAssertFalse(again.contains("a", at: later(10)))
        XCTAssertTrue(again.contains("b", at: later(10)))
    }

    func testAFullOneRefusesUntilSomethingHasHadItsTime() throws {
        let journal = ExpiringJournal(entriesMax: 2)
        try journal.insert("a", until: later(10), at: now)
        try journal.insert("b", until: later(20), at: now)
        XCTAssertThrowsError(try journal.insert("c", until: later(30), at: now)) {
            XCTAssertEqual($0 as? ExpiringJournal.Failure, .full)
        }
        try journal.insert("c", until: later(30), at: later(10))
        XCTAssertTrue(journal.contains("c", at: later(10)))
    }

    func testDamagedLinesArePassedOver() throws {
        let path = directory.write("2000 a\nnonsense\n\n3000\n4000 b c\n5000 d\n6000 e", to: "journal")
        let journal = try ExpiringJournal(path, entriesMax: 10, isDurable: false, now: now)
        for name in ["a", "d", "e"] { XCTAssertTrue(journal.contains(name, at: now), name) }
        try journal.insert("f", until: later(10), at: now)
        XCTAssertTrue(FileReader.text(path)?.hasSuffix("6000 e\n1010 f\n") ?? false)
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
        let journal = try ExpiringJournal(path, entriesMax: 5000, isDurable: false, now: now)
        for number in 0..<1500 { try journal.insert("n\(number)", until: later(10), at: now) }
        XCTAssertEqual(try lines(path), 1500)
        let again = try ExpiringJournal(path, entriesMax: 5000, isDurable: false, now: later(10))
        XCTAssertEqual(try lines(path), 0)
        try again.insert("x", until: later(30), at: later(10))
        XCTAssertEqual(try lines(path), 1)
        for number in 0..<1500 { try again.insert("n\(number)", until: later(20), at: later(10)) }
        // What is full of names that have had their time is emptied while it runs, too.
        let small = try ExpiringJournal(path, entriesMax: 1501, isDurable: false, now: later(15))
        try small.insert("y", until: later(40), at: later(20))
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
