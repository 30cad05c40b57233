import ProxyCore
import XCTest

final class ByteBufferTests: XCTestCase {
    /// Against an array, for any order of operations.
    func testBehavesAsAnArray() {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededRandom(seed: seed)
        for _ in 0..<300 {
            let capacity = 1 + random.next(upTo: 64)
            let buffer = ByteBuffer(capacity: capacity)
            var model: [UInt8] = []
            for _ in 0..<100 {
                step(buffer, &model, &random)
                XCTAssertEqual(buffer.readable.copied(), model, "seed \(seed)")
                XCTAssertEqual(buffer.count, model.count, "seed \(seed)")
                XCTAssertEqual(buffer.room, capacity - model.count, "seed \(seed)")
                XCTAssertEqual(buffer.isEmpty, model.isEmpty, "seed \(seed)")
            }
        }
    }

    private func step(_ buffer: ByteBuffer, _ model: inout [UInt8], _ random: inout SeededRandom) {
        let bytes = random.bytes(random.next(upTo: 20))
        switch random.next(upTo: 10) {
        case 0 where bytes.count <= buffer.room:
            buffer.append(bytes.span)
            model += bytes
        case 1:
            let count = buffer.appendPrefix(of: bytes.span)
            XCTAssertEqual(count, min(bytes.count, buffer.capacity - model.count))
            model += bytes.prefix(count)
        case 2 where buffer.room > 0:
            buffer.append(bytes.first ?? 0)
            model.append(bytes.first ?? 0)
        case 3:
            let count = random.next(upTo: model.count + 1)
            buffer.consume(count)
            model.removeFirst(count)
        case 4 where buffer.room >= 20:
            let number = Int(random.next() >> UInt64(1 + random.next(upTo: 63)))
            buffer.append(decimal: number)
            model += "\(number)".utf8
        case 5 where buffer.room >= 16:
            let number = Int(random.next() >> UInt64(1 + random.next(upTo: 63)))
            buffer.append(hex: number)
            model += String(number, radix: 16).utf8
        case 6 where random.next(upTo: 10) == 0:
            buffer.removeAll()
            model = []
        case 7 where buffer.room >= 16:
            let number = random.next() >> UInt64(random.next(upTo: 64))
            buffer.append(digitsOf: number)
            let digits = String(number, radix: 16)
            model += Array((String(repeating: "0", count: 16 - digits.count) + digits).utf8)
        case 8 where buffer.room >= 2 * bytes.count + 4:
            buffer.append(field: bytes.span, bytes.span)
            model += bytes + Array(": ".utf8) + bytes + Array("\r\n".utf8)
        case 9 where random.next(upTo: 10) == 0:
            buffer.replace(with: bytes.span)
            model = Array(bytes.prefix(buffer.capacity))
        case _: break
        }
    }

    func testConsumedBytesCanBeRestored() {
        let bytes = Array("GET / HTTP/1.1".utf8)
        for consumed in 0...bytes.count {
            let buffer = ByteBuffer(capacity: 20)
            buffer.append(bytes.span)
            buffer.consume(consumed)
            buffer.restoreConsumed(upTo: bytes.count)
            XCTAssertEqual(buffer.readable.copied(), bytes)
        }
    }

    func testAPoolKeepsSoManyAndGivesThemOutEmpty() {
        let pool = BufferPool(bufferBytes: 100, keptMax: 2)
        let buffers = (0..<3).map { _ in pool.take() }
        XCTAssertEqual(buffers.map(\.capacity), [100, 100, 100])
        for buffer in buffers {
            buffer.append(Array("left over".utf8).span)
            pool.giveBack(buffer)
        }
        let again = (0..<3).map { _ in pool.take() }
        XCTAssertTrue(again.allSatisfy(\.isEmpty))
        XCTAssertTrue(again[0] === buffers[1] && again[1] === buffers[0])
        XCTAssertFalse(buffers.contains { $0 === again[2] })
    }
}
