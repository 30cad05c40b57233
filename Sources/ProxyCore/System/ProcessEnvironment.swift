import Glibc

/// The variables that the process was started with.
package enum ProcessEnvironment {
    package static func value(_ name: String) -> String? {
        // Sound: nothing in this program changes the environment, so the text lives as long as the process; it is
        // copied at once.
        guard let text = unsafe getenv(name) else { return nil }
        return unsafe String(cString: text)
    }
}
