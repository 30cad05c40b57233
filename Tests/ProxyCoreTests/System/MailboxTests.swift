import ProxyCore
import XCTest

final class MailboxTests: XCTestCase {
    func testNothingIsLostAndEachSendersOrderIsKept() throws {
        let mailbox = try Mailbox<[Int]>()
        let (senders, each) = (4, 2000)
        let threads = try (0..<senders).map { sender in
            try Thread.start(name: "sender") { for number in 0..<each { mailbox.post([sender, number]) } }
        }
        let patience = Patience(until: .never, cancel: try WakeUp()).atMost(.seconds(20))
        var next = Array(repeating: 0, count: senders)
        while next.reduce(0, +) < senders * each {
            try patience.awaitReadable(mailbox.wakeUp.descriptor)
            for message in mailbox.takeAll() {
                XCTAssertEqual(message[1], next[message[0]])
                next[message[0]] += 1
            }
        }
        for thread in threads { thread.join() }
        XCTAssertEqual(mailbox.takeAll(), [])
        XCTAssertThrowsError(
            try Patience(until: .never, cancel: try WakeUp()).atMost(.milliseconds(1))
                .awaitReadable(mailbox.wakeUp.descriptor), "an empty mailbox wakes nobody")
    }

    func testWhoHasGoneTakesNothing() throws {
        let mailbox = try Mailbox<Int>()
        XCTAssertTrue(mailbox.post(1))
        XCTAssertEqual(mailbox.close(), [1])
        XCTAssertFalse(mailbox.post(2))
        XCTAssertEqual(mailbox.takeAll(), [])
        XCTAssertEqual(mailbox.close(), [])
    }
}
