/// Reads `routes.json`: strict JSON, nothing unknown, nothing contradictory, and every problem told at once.
package struct ConfigurationLoader {
    /// More than a file with ten thousand routes takes.
    private static let limits = JSONLimits(depth: 32, values: 1_000_000, bytes: 16 << 20)

    private let environment: (String) -> String?

    /// - Parameter environment: what `${NAME}` stands for; nil for a variable that is not set.
    package init(environment: @escaping (String) -> String? = ProcessEnvironment.value) {
        self.environment = environment
    }

    /// Loads the file at `path`; paths inside it are relative to its folder.
    package func load(_ path: String) throws(ConfigurationProblems) -> Configuration {
        let file = WatchedFile(path)
        do throws(ConfigurationProblems) {
            var configuration = try load(
                ConfigurationSource.bytes(of: path, bytesMax: Self.limits.bytes), file: path)
            configuration.files.insert(file, at: 0)
            return configuration
        } catch {
            throw ConfigurationProblems(problems: error.problems, files: [file] + error.files)
        }
    }

    /// Loads a configuration that is at hand as bytes; `file` names it in problems and is what paths are relative to.
    package func load(_ bytes: [UInt8], file: String) throws(ConfigurationProblems) -> Configuration {
        let source = try ConfigurationSource(parsing: bytes, file: file, limits: Self.limits, environment: environment)
        var configuration = try source.result(ConfigurationReader(source).read())
        configuration.files = source.files
        return configuration
    }
}
