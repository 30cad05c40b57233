extension ConfigurationSource {
    /// The bytes of the file at `path`.
    static func bytes(of path: String, bytesMax: Int) throws(ConfigurationProblems) -> [UInt8] {
        do throws(Errno) {
            return try FileReader.bytes(path, bytesMax: bytesMax)
        } catch {
            throw unreadable(path, nil, "cannot read the file: \(error.message)", mayPass: error.mayPass)
        }
    }

    /// The document in `bytes`, with its duplicate members reported already.
    convenience init(
        parsing bytes: [UInt8], file: String, limits: JSONLimits, environment: ((String) -> String?)?
    ) throws(ConfigurationProblems) {
        var duplicates: [JSONError] = []
        let document: JSONDocument
        do throws(JSONError) {
            document = try JSONDocument(parsing: bytes, limits: limits, collecting: &duplicates)
        } catch {
            throw Self.unreadable(file, SourcePosition(of: error.offset, in: bytes), error.message)
        }
        self.init(file: file, document: document, environment: environment)
        for duplicate in duplicates { report(at: duplicate.offset, duplicate.message) }
    }

    /// What was read, or everything that is wrong with it.
    func result<Content>(_ read: Content?) throws(ConfigurationProblems) -> Content {
        if let read, !hasProblems { return read }
        precondition(hasProblems, "what is refused is reported")
        throw ConfigurationProblems(problems: problems, files: files)
    }

    private static func unreadable(
        _ file: String, _ position: SourcePosition?, _ message: String, mayPass: Bool = false
    ) -> ConfigurationProblems {
        let problem = ConfigurationProblem(
            file: file, position: position, keyPath: "", message: message, suggestion: nil, mayPass: mayPass)
        return ConfigurationProblems(problems: [problem])
    }
}
