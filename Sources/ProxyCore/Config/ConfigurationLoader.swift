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
        let bytes: [UInt8]
        do throws(Errno) {
            bytes = try FileReader.bytes(path, bytesMax: Self.limits.bytes)
        } catch {
            throw unreadable(path, nil, "cannot read the file: \(error.message)")
        }
        return try load(bytes, file: path)
    }

    /// Loads a configuration that is at hand as bytes; `file` names it in problems and is what paths are relative to.
    package func load(_ bytes: [UInt8], file: String) throws(ConfigurationProblems) -> Configuration {
        var duplicates: [JSONError] = []
        let document: JSONDocument
        do throws(JSONError) {
            document = try JSONDocument(parsing: bytes, limits: Self.limits, collecting: &duplicates)
        } catch {
            throw unreadable(file, SourcePosition(of: error.offset, in: bytes), error.message)
        }
        let source = ConfigurationSource(file: file, document: document, environment: environment)
        for duplicate in duplicates { source.report(at: duplicate.offset, duplicate.message) }
        let configuration = ConfigurationReader(source).read()
        if let configuration, !source.hasProblems { return configuration }
        precondition(source.hasProblems, "what is refused is reported")
        throw ConfigurationProblems(problems: source.problems)
    }

    private func unreadable(_ file: String, _ position: SourcePosition?, _ message: String) -> ConfigurationProblems {
        let problem = ConfigurationProblem(
            file: file, position: position, keyPath: "", message: message, suggestion: nil)
        return ConfigurationProblems(problems: [problem])
    }
}
