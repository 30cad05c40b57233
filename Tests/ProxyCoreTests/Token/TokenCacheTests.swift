import ProxyCore
import XCTest

final class TokenCacheTests: XCTestCase {
    private final class Box {
        let number: Int
        init(_ number: Int) { self.number = number }
    }

    func testRemembersUpToItsCapacity() {
        let cache = TokenCache<Box>(capacity: 3)
        for number in 1...3 { cache.insert(token(number).span, Box(number)) }
        XCTAssertEqual(cache.lookup(token(1).span)?.number, 1)
        cache.insert(token(4).span, Box(4))
        XCTAssertEqual(cache.count, 3)
        XCTAssertNil(cache.lookup(token(2).span), "the least recently used has gone")
        XCTAssertEqual([1, 3, 4].map { cache.lookup(token($0).span)?.number }, [1, 3, 4])
        cache.insert(token(3).span, Box(33))
        XCTAssertEqual(cache.lookup(token(3).span)?.number, 33)
        XCTAssertEqual(cache.count, 3)
        XCTAssertEqual([cache.hits, cache.misses], [5, 1])
    }

    func testEveryByteOfATokenCounts() {
        let cache = TokenCache<Box>(capacity: 100)
        let text = token(7)
        cache.insert(text.span, Box(7))
        for index in text.indices {
            var other = text
            other[index] ^= 1
            XCTAssertNil(cache.lookup(other.span), "byte \(index)")
        }
        for other in [Array(text.dropLast()), Array(text.dropFirst()), text + [0], [0] + text, []] {
            XCTAssertNil(cache.lookup(other.span))
        }
        XCTAssertEqual(cache.lookup(text.span)?.number, 7)
    }

    func testWithoutCapacity() {
        let cache = TokenCache<Box>(capacity: 0)
        cache.insert(token(1).span, Box(1))
        XCTAssertNil(cache.lookup(token(1).span))
        XCTAssertEqual(cache.count, 0)
    }

    func testForgetsWhatAConditionNames() {
        let cache = TokenCache<Box>(capacity: 500)
        for number in 0..<500 { cache.insert(token(number).span, Box(number)) }
        cache.removeAll { $0.number % 3 != 0 }
        XCTAssertEqual(cache.count, 167)
        for number in 0..<500 {
            XCTAssertEqual(cache.lookup(token(number).span)?.number, number % 3 == 0 ? number : nil)
        }
        // The order of use outlives it: 0 was asked for first since.
        for number in 1000..<1334 { cache.insert(token(number).span, Box(number)) }
        XCTAssertNil(cache.lookup(token(0).span))
        XCTAssertEqual(cache.lookup(token(498).span)?.number, 498)
    }

    func testValuesAreReleased() {
        let cache = TokenCache<Box>(capacity: 1)
        weak var evicted: Box?
        weak var replaced: Box?
        weak var removed: Box?
        do {
            let boxes = [Box(1), Box(2), Box(3)]
            (evicted, replaced, removed) = (boxes[0], boxes[1], boxes[2])
            cache.insert(token(1).span, boxes[0])
            cache.insert(token(2).span, boxes[1])
            cache.insert(token(2).span, boxes[2])
            cache.removeAll { _ in true }
        }
        XCTAssertNil(evicted)
        XCTAssertNil(replaced)
        XCTAssertNil(removed)
    }

    /// Against a model that is too simple to be wrong: a list in order of use.
    func testAgainstAModel() {
        let start = UInt64.random(in: .min ... .max)
        for round in 0..<60 {
            let seed = start &+ UInt64(round)
            var random = SeededRandom(seed: seed)
            let capacity = 1 + random.next(upTo: round < 50 ? 12 : 200)
            let cache = TokenCache<Box>(capacity: capacity, seed: random.next())
            // The last is the most recently used.
            var model: [(token: Int, box: Box)] = []
            for step in 0..<600 {
                let number = random.next(upTo: capacity * 2)
                let known = model.firstIndex { $0.token == number }
                switch random.next(upTo: 40) {
                case 0:
                    let divisor = 2 + random.next(upTo: 3)
                    cache.removeAll { $0.number % divisor == 0 }
                    model.removeAll { $0.box.number % divisor == 0 }
                case 1..<20:
                    let box = Box(step)
                    cache.insert(token(number).span, box)
                    if let known { model.remove(at: known) } else if model.count == capacity { model.removeFirst() }
                    model.append((number, box))
                default:
                    let found = cache.lookup(token(number).span)
                    XCTAssertTrue(found === known.map { model[$0].box }, "seed \(seed), step \(step)")
                    if let known { model.append(model.remove(at: known)) }
                }
                XCTAssertEqual(cache.count, model.count, "seed \(seed), step \(step)")
            }
            for (number, box) in model { XCTAssertTrue(cache.lookup(token(number).span) === box, "seed \(seed)") }
        }
    }

    /// Tokens of several lengths, some shorter than what is hashed, some with the same tail.
    private func token(_ number: Int) -> [UInt8] {
        let text = "\(number)" + (number % 3 == 0 ? "" : String(repeating: "-same-tail", count: 1 + number % 5))
        return Array(text.utf8)
    }
}
