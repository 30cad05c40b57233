import Foundation
import XCTest

/// The direction of the rooms: see docs/ARCHITECTURE.md.
final class RoomsTests: XCTestCase {
    func testRoomsNameOnlyLowerRooms() {
        assertNone(Rooms.violations(in: SourceTree.files))
    }

    func testTheArchitecturePageListsTheSameRoomsInTheSameOrder() throws {
        let page = SourceTree.root.appendingPathComponent("docs/ARCHITECTURE.md")
        let rows = try String(contentsOf: page, encoding: .utf8).split(separator: "\n").filter { $0.hasPrefix("| `") }
        let listed = rows.map { row in
            row.split(separator: "|")[0].split(separator: "`").filter { $0.hasSuffix("/") }.map { $0.dropLast() }
        }
        XCTAssertEqual(listed.map { $0.map(String.init) }, Rooms.fromTheTop)
    }
}
