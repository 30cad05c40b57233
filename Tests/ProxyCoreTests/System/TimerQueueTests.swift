import ProxyCore
import XCTest

final class TimerQueueTests: XCTestCase {
    /// Against a plain list: whatever is scheduled and dropped in between, what is due comes out, earliest first.
    func testBehavesAsASortedList() {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededRandom(seed: seed)
        for _ in 0..<200 {
            var queue = TimerQueue()
            var model: [(deadline: UInt64, slot: UInt32)] = []
            var now: UInt64 = 0
            for slot in 0..<UInt32(random.next(upTo: 200)) {
                switch random.next(upTo: 8) {
                case 0:
                    now += UInt64(random.next(upTo: 40))
                    popDue(&queue, &model, now, seed)
                case 1:
                    let modulus = UInt32(2 + random.next(upTo: 4))
                    queue.removeAll { registration, _ in registration.slot % modulus == 0 }
                    model.removeAll { $0.slot % modulus == 0 }
                case _:
                    let deadline = now + UInt64(random.next(upTo: 100))
                    queue.schedule(
                        Registration(slot: slot, generation: 7), at: Instant(nanoseconds: deadline))
                    model.append((deadline, slot))
                }
                XCTAssertEqual(queue.count, model.count, "seed \(seed)")
                XCTAssertEqual(queue.next.nanoseconds, model.map(\.deadline).min() ?? .max, "seed \(seed)")
            }
            popDue(&queue, &model, .max - 1, seed)
            XCTAssertEqual(queue.count, 0)
            XCTAssertEqual(queue.next, .never)
        }
    }

    private func popDue(
        _ queue: inout TimerQueue, _ model: inout [(deadline: UInt64, slot: UInt32)], _ now: UInt64, _ seed: UInt64
    ) {
        var last: UInt64 = 0
        while let (registration, deadline) = queue.popDue(Instant(nanoseconds: now)) {
            XCTAssertGreaterThanOrEqual(deadline.nanoseconds, last, "seed \(seed)")
            last = deadline.nanoseconds
            let index = model.firstIndex { $0.slot == registration.slot && $0.deadline == last }
            guard let index else { return XCTFail("nobody asked for \(registration) at \(last), seed \(seed)") }
            XCTAssertEqual(registration.generation, 7)
            model.remove(at: index)
        }
        XCTAssertFalse(model.contains { $0.deadline <= now }, "seed \(seed)")
    }
}
