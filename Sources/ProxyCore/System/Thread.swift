import CLinux
import Glibc

/// A thread of the operating system that can be waited for.
package struct Thread: Sendable {
    private let handle: pthread_t

    /// Starts `body` on a new thread named `name` (at most 15 bytes are kept). It inherits the blocked signals of the
    /// thread that starts it.
    package static func start(name: String, _ body: @escaping @Sendable () -> Void) throws(Errno) -> Thread {
        #if FAULT_INJECTION
            let heir = KernelStandIns.heir
            let run: @Sendable () -> Void = { KernelStandIns.inherit(heir, thread: name, body) }
        #else
            let run = body
        #endif
        let box = unsafe Unmanaged.passRetained(ThreadBody(name: name, body: run))
        var handle = pthread_t()
        let code = unsafe Kernel.startThread(name, &handle, threadMain, box.toOpaque())
        guard code == 0 else {
            unsafe box.release()
            throw Errno(code: code, call: "pthread_create")
        }
        return Thread(handle: handle)
    }

    /// Waits for the thread's end. To be called once.
    package func join() {
        let code = pthread_join(handle, nil)
        precondition(code == 0, "a thread is joined once, and not by itself")
    }

    /// Leaves the thread to itself. To be called once, instead of `join`.
    package func detach() {
        let code = pthread_detach(handle)
        precondition(code == 0, "a thread is detached once")
    }
}

/// What a new thread is to do; handed over as an opaque pointer that carries one reference.
private final class ThreadBody: Sendable {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
    }
}

/// A free function, so that it has no isolation: a closure written in `main` would be bound to the main actor and die
/// on another thread.
private func threadMain(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument = unsafe argument else { return nil }
    // Sound: the pointer is the one that `start` made, with a reference of its own, and this runs once.
    let box = unsafe Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue()
    unsafe clinux_set_thread_name(box.name)
    box.body()
    return nil
}
