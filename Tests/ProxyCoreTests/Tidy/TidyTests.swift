import Foundation
import XCTest

/// The style of the house, held against every Swift file of the repository.
final class TidyTests: XCTestCase {
    func testTheTreeIsSeen() {
        XCTAssertGreaterThan(SourceTree.files.filter(\.isCore).count, 8)
        XCTAssertTrue(SourceTree.files.contains { $0.name == "TidyTests.swift" })
    }

    func testLinesFunctionsAndFilesAreShort() {
        assertNone(SourceTree.files.flatMap(LayoutRules.violations))
    }

    func testBannedNamesAreAbsent() {
        assertNone(SourceTree.files.flatMap(BannedName.violations))
    }

    func testPackageDeclarationsAreDocumented() {
        assertNone(SourceTree.files.filter(\.isSource).flatMap(CommentRules.undocumented))
    }

    func testEveryTypeIsUsed() {
        assertNone(CommentRules.unused(in: SourceTree.files))
    }
}

/// Fails with one line for each violation.
func assertNone(_ violations: [Violation], file: StaticString = #filePath, line: UInt = #line) {
    let list = violations.map(\.description).joined(separator: "\n")
    XCTAssertTrue(violations.isEmpty, "\n" + list, file: file, line: line)
}
