import Synchronization

/// Messages from any thread to the one that owns a loop.
package final class Mailbox<Message: Sendable>: Sendable {
    /// nil once the owner has gone.
    private let messages = Mutex<[Message]?>([])
    package let wakeUp: WakeUp

    package init() throws(Errno) { wakeUp = try WakeUp() }

    /// False when the owner has gone: then nobody will take the message.
    @discardableResult
    package func post(_ message: Message) -> Bool {
        let count = messages.withLock { messages in
            messages?.append(message)
            return messages?.count
        }
        if count == 1 { wakeUp.signal() }
        return count != nil
    }

    /// All messages so far, oldest first. For the owner.
    package func takeAll() -> [Message] {
        wakeUp.clear()
        return messages.withLock { messages in
            let taken = messages ?? []
            messages?.removeAll()
            return taken
        }
    }

    /// All messages that are left; there will be no others. For the owner, at its end.
    package func close() -> [Message] { messages.withLock { $0.take() } ?? [] }
}
