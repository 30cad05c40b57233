import CLinux
import Glibc

/// How many processors this process may really use.
package enum ProcessorCount {
    /// The processors of the affinity mask, bounded by the cgroup's quota rounded up; at least one.
    package static func usable() -> Int {
        let online = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        return max(1, min(affinity() ?? online, quota() ?? online))
    }

    private static func affinity() -> Int? {
        let count = clinux_affinity_count()
        return count > 0 ? Int(count) : nil
    }

    /// The quota of cgroup version 2 (`cpu.max`) or version 1, in whole processors.
    private static func quota() -> Int? {
        if let text = FileReader.text("/sys/fs/cgroup/cpu.max") { return quota(ofCPUMax: text) }
        guard let quota = FileReader.text("/sys/fs/cgroup/cpu/cpu.cfs_quota_us").flatMap(Self.number),
            let period = FileReader.text("/sys/fs/cgroup/cpu/cpu.cfs_period_us").flatMap(Self.number)
        else { return nil }
        return processors(quota: quota, period: period)
    }

    /// Reads `max 100000` or `150000 100000`.
    package static func quota(ofCPUMax text: String) -> Int? {
        let words = text.split { $0 == " " || $0 == "\n" }
        guard words.count == 2, let quota = Int(words[0]), let period = Int(words[1]) else { return nil }
        return processors(quota: quota, period: period)
    }

    private static func processors(quota: Int, period: Int) -> Int? {
        quota > 0 && period > 0 ? (quota + period - 1) / period : nil
    }

    private static func number(_ text: String) -> Int? { text.split(separator: "\n").first.flatMap { Int($0) } }
}
