/// How a running proxy gets its configuration anew, and who wants to know of it.
package struct Reloading: Sendable {
    package typealias Load = @Sendable () throws(ConfigurationProblems) -> Configuration

    /// Reads the configuration. Called on a thread of the proxy's.
    package var load: Load
    /// Called on that thread when a reload begins, and when it has ended, well or not.
    package var began: @Sendable () -> Void = {}
    package var ended: @Sendable () -> Void = {}

    package init(load: @escaping Load) { self.load = load }

    /// For a configuration that is not in a file: only what it names is read again.
    init(unchanging configuration: Configuration) {
        let files = configuration.files.map(\.path)
        load = { () throws(ConfigurationProblems) in
            var configuration = configuration
            configuration.files = files.map(WatchedFile.init)
            return configuration
        }
    }
}
