import Dispatch
import Synchronization
import XCTest

/// Collects what other threads report, and lets one test wait until it holds what the test is after.
final class Recorder<Value: Sendable>: Sendable {
    private let recorded = Mutex<[Value]>([])
    private let news = DispatchSemaphore(value: 0)

    func record(_ value: Value) {
        recorded.withLock { $0.append(value) }
        news.signal()
    }

    var values: [Value] { recorded.withLock { $0 } }

    /// The first value so far, or to come, for which `isWanted` is true. Fails the test when none comes for long.
    @discardableResult
    func await(
        _ what: String = "value", file: StaticString = #filePath, line: UInt = #line, where isWanted: (Value) -> Bool
    ) throws -> Value {
        while true {
            if let found = values.first(where: isWanted) { return found }
            guard news.wait(timeout: .now() + 20) == .success else {
                XCTFail("no such \(what) among \(values)", file: file, line: line)
                throw NothingCame()
            }
        }
    }

    struct NothingCame: Error {}
}
