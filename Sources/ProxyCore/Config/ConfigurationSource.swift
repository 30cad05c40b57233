/// One file being read: its document, what its strings may refer to, and the problems found so far.
///
/// Readers report and go on, so that one run tells everything. Lives for one load, on one thread.
final class ConfigurationSource {
    let file: String
    let document: JSONDocument
    /// nil when strings are what they are, and a dollar sign is one.
    private let environment: ((String) -> String?)?
    private var reports: [Report] = []
    /// The files that the document names, in the order of reading, each as it was before that.
    private(set) var files: [WatchedFile] = []

    private struct Report {
        var offset: Int
        var missingKey: String?
        var message: String
        var suggestion: String?
        var mayPass = false
    }

    init(file: String, document: JSONDocument, environment: ((String) -> String?)?) {
        self.file = file
        self.document = document
        self.environment = environment
    }

    var root: ConfigurationValue { ConfigurationValue(json: document.root, source: self) }
    var hasProblems: Bool { !reports.isEmpty }

    /// Notes a problem with what starts at `offset`.
    ///
    /// - Parameter mayPass: it may be gone a moment later, though nobody changes the file.
    func report(at offset: Int, _ message: String, suggestion: String? = nil, mayPass: Bool = false) {
        reports.append(
            Report(offset: offset, missingKey: nil, message: message, suggestion: suggestion, mayPass: mayPass))
    }

    /// Notes that the object which starts at `offset` lacks a key.
    func reportMissing(_ key: String, inObjectAt offset: Int, _ message: String) {
        reports.append(Report(offset: offset, missingKey: key, message: message, suggestion: nil))
    }

    /// Everything reported, in the order of the text.
    var problems: [ConfigurationProblem] {
        // Sorted by offset and, where that is equal, in the order of the reports.
        let order = reports.indices.sorted { (reports[$0].offset, $0) < (reports[$1].offset, $1) }
        return order.map { index in
            let report = reports[index]
            var path = KeyPathText(leadingTo: report.offset, in: document.root)
            if let key = report.missingKey { path.append(key: key) }
            return ConfigurationProblem(
                file: file, position: SourcePosition(of: report.offset, in: document.bytes), keyPath: path.text,
                message: report.message, suggestion: report.suggestion, mayPass: report.mayPass)
        }
    }

    /// A path of the file, which is relative to the file's own folder unless it begins with a slash.
    func resolve(path: String) -> String {
        guard path.utf8.first != ASCII.slash, let slash = file.lastIndex(of: "/") else { return path }
        return file[...slash] + path
    }

    /// The path of a file that is about to be read, now or later: one that may change.
    func resolve(file path: String) -> String {
        let path = resolve(path: path)
        files.append(WatchedFile(path))
        return path
    }

    /// The proxies that the environment names.
    var proxies: ForwardProxySettings { ForwardProxySettings(environment: environment ?? { _ in nil }) }

    /// `text` with its references replaced by what they stand for.
    func substitute(in text: String) throws(TextSubstitution.Failure) -> String {
        guard let environment else { return text }
        return try TextSubstitution.apply(
            to: text, environment: environment,
            file: { (path) throws(TextSubstitution.Failure) in try self.secret(path) })
    }

    /// A secret mounted as a file, without the line feed that editors and `echo` put at its end.
    private func secret(_ path: String) throws(TextSubstitution.Failure) -> String {
        var bytes: [UInt8]
        do throws(Errno) {
            bytes = try FileReader.bytes(resolve(file: path), bytesMax: 65_536)
        } catch {
            throw TextSubstitution.Failure("cannot read the file \(path): \(error.message)", mayPass: error.mayPass)
        }
        if bytes.last == ASCII.lineFeed { bytes.removeLast() }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw TextSubstitution.Failure("the file \(path) is not UTF-8 text")
        }
        return text
    }
}
