import Synchronization

/// Messages from any thread to the one that owns a loop.
package final class Mailbox<Message: Sendable>: Sendable {
    private let messages = Mutex<[Message]>([])
    package let wakeUp: WakeUp

    package init() throws(Errno) { wakeUp = try WakeUp() }

    package func post(_ message: Message) {
        let first = messages.withLock { messages in
            messages.append(message)
            return messages.count == 1
        }
        if first { wakeUp.signal() }
    }

    /// All messages so far, oldest first. For the owner.
    package func takeAll() -> [Message] {
        wakeUp.clear()
        return messages.withLock { messages in
            let taken = messages
            messages.removeAll()
            return taken
        }
    }
}
