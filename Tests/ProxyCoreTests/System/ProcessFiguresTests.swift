import Foundation
import ProxyCore
import XCTest

final class ProcessFiguresTests: XCTestCase {
    func testTheFiguresAreThoseOfThisProcess() throws {
        let before = Clock.processTime()
        let figures = ProcessFigures.now()
        XCTAssertGreaterThanOrEqual(figures.cpu, before)
        // The count itself takes one. Whatever else goes on in the process may open one between both counts.
        let isCounted = try (0..<100).contains { _ in
            let descriptors = try OpenDescriptors.count()
            return ProcessFigures.now().openDescriptors == descriptors - 1
        }
        XCTAssertTrue(isCounted, "\(String(describing: figures.openDescriptors))")
        let resident = try XCTUnwrap(figures.residentBytes)
        XCTAssertGreaterThan(resident, 1 << 20)
        XCTAssertGreaterThan(try XCTUnwrap(figures.virtualBytes), resident)
        let started = try XCTUnwrap(figures.started)
        XCTAssertLessThan(started, Clock.wallNanoseconds())
        XCTAssertGreaterThan(started, Clock.wallNanoseconds() - 86_400_000_000_000)
    }
}
