import CLinux
import Glibc

/// What the system says of this process at one moment. What it does not tell, as where /proc is not mounted, is nil.
package struct ProcessFigures: Sendable {
    /// Processor time of all threads so far, user and system.
    package let cpu: Interval
    package let residentBytes: UInt64?
    package let virtualBytes: UInt64?
    package let openDescriptors: Int?
    /// Since 1970, in nanoseconds.
    package let started: UInt64?

    package static func now() -> ProcessFigures {
        let pages = FileReader.text("/proc/self/statm").map { words($0).prefix(2).compactMap(UInt64.init) } ?? []
        let pageBytes = UInt64(max(0, sysconf(Int32(_SC_PAGESIZE))))
        return ProcessFigures(
            cpu: Clock.processTime(), residentBytes: pages.count == 2 ? pages[1] * pageBytes : nil,
            virtualBytes: pages.count == 2 ? pages[0] * pageBytes : nil, openDescriptors: countDescriptors(),
            started: startTime())
    }

    private static func countDescriptors() -> Int? {
        guard let directory = unsafe Kernel.openDirectory("/proc/self/fd") else { return nil }
        defer { unsafe closedir(directory) }
        var count = 0
        while unsafe readdir(directory) != nil { count += 1 }
        // `.`, `..` and the directory itself.
        return max(0, count - 3)
    }

    /// proc_pid_stat(5) counts in clock ticks from the boot, whose time is in proc_stat(5).
    private static func startTime() -> UInt64? {
        guard let process = FileReader.text("/proc/self/stat"), let system = FileReader.text("/proc/stat") else {
            return nil
        }
        // The name of the program, in brackets, may hold spaces; field 3 follows it.
        let fields = process.lastIndex(of: ")").map { words(process[process.index(after: $0)...]) } ?? []
        let boot = system.split(separator: "\n").first { $0.hasPrefix("btime ") }.map { words($0) }
        let ticksPerSecond = UInt64(max(1, sysconf(Int32(_SC_CLK_TCK))))
        guard fields.count > 19, let ticks = UInt64(fields[19]), let seconds = boot?.last.flatMap({ UInt64($0) })
        else { return nil }
        return seconds * 1_000_000_000 + ticks * (1_000_000_000 / ticksPerSecond)
    }

    private static func words(_ text: some StringProtocol) -> [String] {
        String(text).split { $0 == " " || $0 == "\n" }.map(String.init)
    }
}
