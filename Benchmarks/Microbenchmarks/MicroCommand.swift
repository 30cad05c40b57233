import ProxyCore

/// `Microbenchmarks FIXTURES [PART OF A NAME]...`: times what the pure rooms do for a request, one operation a line.
enum MicroCommand {
    /// The exit status. `arguments` are those of the process; the first behind its own name is the file with a token of
    /// every algorithm that the tests use.
    static func main(_ arguments: [String]) -> Int32 {
        guard arguments.count > 1 else {
            return complain("usage: Microbenchmarks FIXTURES [PART OF A NAME]...")
        }
        var stopwatch = Stopwatch(names: Array(arguments.dropFirst(2)))
        do {
            try HeadBenchmarks.run(&stopwatch)
            try PathBenchmarks.run(&stopwatch)
            try RouteBenchmarks.run(&stopwatch)
            try TokenBenchmarks.run(&stopwatch)
            try SignatureBenchmarks.run(&stopwatch, fixtures: arguments[1])
            try CacheBenchmarks.run(&stopwatch)
            try GateBenchmarks.run(&stopwatch)
        } catch {
            return complain("\(error)")
        }
        // The results of all that was timed have gone into this number, so none of it can be left out as unused.
        print("#\tchecksum\t\(stopwatch.checksum)")
        return 0
    }

    private static func complain(_ text: String) -> Int32 {
        // Nothing is left to be done where even this cannot be written.
        try? StandardStream.error.write(Array("microbenchmarks: \(text)\n".utf8))
        return 1
    }
}
