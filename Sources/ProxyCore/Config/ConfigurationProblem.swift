/// One thing that is wrong with a configuration, for the person who wrote it.
package struct ConfigurationProblem: Sendable, Equatable {
    /// The file's name as it was given.
    package let file: String
    /// nil when the file could not be read at all.
    package let position: SourcePosition?
    /// Where in the structure, like `issuers[0].audiences`; empty for the document itself.
    package let keyPath: String
    package let message: String
    /// The nearest valid key or value, when something seems misspelt.
    package let suggestion: String?
    /// It may be gone a moment later, though nobody changes the file.
    package let mayPass: Bool

    package init(
        file: String, position: SourcePosition?, keyPath: String, message: String, suggestion: String?,
        mayPass: Bool = false
    ) {
        self.file = file
        self.position = position
        self.keyPath = keyPath
        self.message = message
        self.suggestion = suggestion
        self.mayPass = mayPass
    }
}

extension ConfigurationProblem: CustomStringConvertible {
    /// `routes.json:12:7: issuers[0].audience: unknown key; did you mean "audiences"?`
    package var description: String {
        var text = file
        if let position { text += ":\(position.line):\(position.column)" }
        if !keyPath.isEmpty { text += ": \(keyPath)" }
        text += ": \(message)"
        if let suggestion { text += "; did you mean \"\(suggestion)\"?" }
        return text
    }
}

/// Everything that is wrong with a configuration, in the order of the text; at least one problem.
package struct ConfigurationProblems: Error, Sendable, Equatable {
    package let problems: [ConfigurationProblem]
    /// The files that were looked at: when one of them changes, it is worth while to try again.
    package var files: [WatchedFile] = []
    /// It may be worth while to try again even if none changes.
    package var mayPass: Bool { problems.contains(where: \.mayPass) }

    package init(problems: [ConfigurationProblem], files: [WatchedFile] = []) {
        self.problems = problems
        self.files = files
    }
}
