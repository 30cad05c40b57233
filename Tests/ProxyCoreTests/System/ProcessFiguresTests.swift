import Foundation
import ProxyCore
import XCTest

final class ProcessFiguresTests: XCTestCase {
    func testTheFiguresAreThoseOfThisProcess() throws {
        let before = Clock.processTime()
        let descriptors = try OpenDescriptors.count()
        let figures = ProcessFigures.now()
        XCTAssertGreaterThanOrEqual(figures.cpu, before)
        XCTAssertEqual(try XCTUnwrap(figures.openDescriptors), descriptors - 1, "the count itself takes one")
        let resident = try XCTUnwrap(figures.residentBytes)
        XCTAssertGreaterThan(resident, 1 << 20)
        XCTAssertGreaterThan(try XCTUnwrap(figures.virtualBytes), resident)
        let started = try XCTUnwrap(figures.started)
        XCTAssertLessThan(started, Clock.wallNanoseconds())
        XCTAssertGreaterThan(started, Clock.wallNanoseconds() - 86_400_000_000_000)
    }
}
