import Foundation
import ProxyCore
import XCTest

/// When a file is read again, and what is told of it. The times are the test's; what the file is, a real file tells.
final class ChangingFileTests: XCTestCase {
    private let directory = TemporaryDirectory()
    private var content: Int?
    private var reads = 0
    private var news: [String] = []
    private var error: Errno?

    private var path: String { directory.path("f") }

    private func file(contentWhenGone: Int?) -> ChangingFile<Int> {
        ChangingFile(
            identity: { [unowned self] () throws(Errno) in
                if let error { throw error }
                return try FileIdentity(of: path)
            },
            contentWhenGone: contentWhenGone,
            read: { [unowned self] () throws(FileProblems) in
                reads += 1
                guard let content else { throw FileProblems(["bad"]) }
                return content
            },
            tell: { [unowned self] in news.append(Self.text($0)) })
    }

    private static func text(_ news: ChangingFile<Int>.News) -> String {
        switch news {
        case .read(let content): "read \(content)"
        case .unusable(let problems): problems.joined()
        case .missing(let stays): stays.map { "missing, stays \(Int($0.seconds))" } ?? "missing"
        }
    }

    /// A look at a time in milliseconds; `isOld` unless the file has changed a moment ago.
    private func look(_ file: ChangingFile<Int>, _ milliseconds: Int, isOld: Bool = true) -> Int? {
        file.refreshed(
            at: Instant(nanoseconds: UInt64(milliseconds) * 1_000_000),
            wall: UnixTime(Clock.unixTime().seconds + (isOld ? 100 : 0)))
    }

    private func change() throws { try FileWriter.replace(path, with: Array("\(reads)".utf8)) }

    private func remove() throws { try FileManager.default.removeItem(atPath: path) }

    private func taken() -> [String] {
        defer { news = [] }
        return news
    }

    func testItIsReadWhenItHasChanged() throws {
        let file = file(contentWhenGone: nil)
        try change()
        content = 1
        XCTAssertEqual(look(file, 0), 1)
        content = 2
        XCTAssertNil(look(file, 100_000))
        try change()
        XCTAssertEqual(look(file, 100_000), 2)
        XCTAssertEqual(taken(), ["read 1", "read 2"])
    }

    /// A change within the same tick of the file system's clock leaves the file looking as it did.
    func testAFileThatHasJustChangedIsReadOnceMore() throws {
        let file = file(contentWhenGone: nil)
        try change()
        content = 1
        XCTAssertEqual(look(file, 0, isOld: false), 1)
        content = 2
        XCTAssertNil(look(file, 999, isOld: false))
        XCTAssertEqual(look(file, 1000, isOld: false), 2)
        content = 3
        for time in [1001, 2000, 5000, 100_000] { XCTAssertNil(look(file, time, isOld: false)) }
        XCTAssertEqual(reads, 2)
    }

    func testWhatCannotBeUsedIsTriedAgainAndToldEveryMinute() throws {
        let file = file(contentWhenGone: 0)
        try change()
        content = 1
        XCTAssertEqual(look(file, 0), 1)
        content = nil
        try change()
        for time in [1000, 1001, 2999] { XCTAssertNil(look(file, time)) }
        XCTAssertEqual(reads, 2)
        for time in stride(from: 3000, to: 61_000, by: 1000) { XCTAssertNil(look(file, time)) }
        XCTAssertEqual(reads, 31)
        XCTAssertEqual(taken(), ["read 1", "bad"])
        XCTAssertNil(look(file, 61_000))
        XCTAssertEqual(taken(), ["bad"])
        // Another problem is told at once, and so is the end of it.
        try change()
        XCTAssertNil(look(file, 61_500))
        content = 2
        XCTAssertEqual(look(file, 63_500), 2)
        XCTAssertEqual(taken(), ["bad", "read 2"])
        XCTAssertNil(look(file, 70_000))
    }

    func testWhatCannotBeLookedAtStays() throws {
        let file = file(contentWhenGone: 0)
        try change()
        content = 1
        XCTAssertEqual(look(file, 0), 1)
        error = Errno(code: 13, call: "stat")
        for time in [1, 59_000, 60_001, 600_000] {
            XCTAssertNil(look(file, time))
            let now = Instant(nanoseconds: UInt64(time) * 1_000_000)
            XCTAssertEqual(file.isKnown(at: now), time < 10_000, "it may have changed")
        }
        XCTAssertEqual(taken(), ["read 1"] + Array(repeating: "stat: Permission denied", count: 3))
        error = nil
        XCTAssertNil(look(file, 600_000))
        XCTAssertTrue(file.isKnown(at: Instant(nanoseconds: 600_000_000_000)))
        XCTAssertEqual(reads, 1)
    }

    func testWhatIsGoneStaysForAMinute() throws {
        let file = file(contentWhenGone: 0)
        XCTAssertNil(look(file, 0))
        XCTAssertEqual(taken(), ["missing"])
        try change()
        content = 1
        XCTAssertEqual(look(file, 10), 1)
        // Gone for a moment.
        try remove()
        for time in [1000, 2000, 60_999] { XCTAssertNil(look(file, time)) }
        try change()
        content = 2
        XCTAssertEqual(look(file, 60_999), 2)
        XCTAssertEqual(taken(), ["read 1", "missing, stays 60", "read 2"])
        // Gone for good.
        try remove()
        XCTAssertNil(look(file, 100_000))
        XCTAssertNil(look(file, 159_999))
        XCTAssertEqual(look(file, 160_000), 0)
        for time in [160_001, 219_999, 220_000, 220_001] { XCTAssertNil(look(file, time)) }
        XCTAssertEqual(taken(), ["missing, stays 60", "missing", "missing"])
        try change()
        XCTAssertEqual(look(file, 220_002), 2)
    }

    func testWhatNothingStandsInForStays() throws {
        let file = file(contentWhenGone: nil)
        try change()
        content = 1
        XCTAssertEqual(look(file, 0), 1)
        try remove()
        for time in [1000, 61_000, 61_001] { XCTAssertNil(look(file, time)) }
        XCTAssertEqual(taken(), ["read 1", "missing", "missing"])
    }
}
