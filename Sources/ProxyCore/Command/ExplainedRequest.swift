/// A request that nobody sends.
struct ExplainedRequest: Equatable {
    let method: String
    /// Path and query.
    let target: String

    init(method: String, target: String) throws(UsageError) {
        let folded = target.lowercased()
        if folded.hasPrefix("http://") || folded.hasPrefix("https://") {
            throw .invalidValue("PATH", reason: "give the path alone, without scheme and host", nearest: nil)
        }
        self.method = method
        self.target = target
    }

    /// The path, once the request has passed the parser that every request has to pass.
    func path(_ limits: HeadLimits) throws(HeadError) -> String {
        let bytes: [UInt8] = Array("\(method) \(target) HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8)
        var head = RequestHead()
        var progress = HeadProgress()
        let result = try head.parse(bytes.span, limits: limits, progress: &progress)
        // An argument that holds what ends a line makes another request than the one that was meant.
        guard result == .complete(bytes.count), head.target.count == target.utf8.count,
            head.methodRange.count == method.utf8.count, head.fields.count == 1
        else { throw .invalidTarget }
        return bytes.span.slice(head.path).text
    }
}
