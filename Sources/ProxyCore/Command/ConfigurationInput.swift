/// The configuration that a command is told to work by.
struct ConfigurationInput {
    let file: InputFile

    /// Larger files are not read at all.
    private static let bytesMax = 16 << 20

    /// The configuration, or nil when it is not valid: then every problem has been told.
    func load(_ console: Console) -> Configuration? {
        do throws(ConfigurationProblems) {
            return try read(console)
        } catch {
            console.complain(error.problems.map(\.description))
            return nil
        }
    }

    private func read(_ console: Console) throws(ConfigurationProblems) -> Configuration {
        guard file.isStandardInput else { return try ConfigurationLoader().load(file.path) }
        let bytes: [UInt8]
        do throws(Errno) {
            bytes = try console.readInput(bytesMax: Self.bytesMax)
        } catch {
            let problem = ConfigurationProblem(
                file: file.name, position: nil, keyPath: "", message: "cannot read it: \(error.message)",
                suggestion: nil)
            throw ConfigurationProblems(problems: [problem])
        }
        // Paths are relative to the working directory then.
        return try ConfigurationLoader().load(bytes, file: file.name)
    }
}
