import Glibc

/// The variables that the process was started with.
package enum ProcessEnvironment {
    package static func value(_ name: String) -> String? {
        // Sound: the environment changes only in `remove`, while there is one thread; the text is copied at once.
        guard let text = unsafe getenv(name) else { return nil }
        return unsafe String(cString: text)
    }

    /// Takes variables out of the environment. To be called before any other thread is started.
    package static func remove(_ names: [String]) {
        // Sound: no other thread reads the environment meanwhile, as just said.
        for name in names { _ = unsafe unsetenv(name) }
    }
}
