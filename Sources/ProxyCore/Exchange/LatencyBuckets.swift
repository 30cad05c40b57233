/// The buckets that durations are counted in: from what the proxy itself takes to what a slow application does.
package enum LatencyBuckets {
    /// The highest duration of each bucket in nanoseconds, ascending; what is longer falls into one more bucket.
    package static let bounds: [UInt64] = [
        10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 25_000_000,
        50_000_000, 100_000_000, 250_000_000, 500_000_000, 1_000_000_000, 2_500_000_000, 5_000_000_000, 10_000_000_000,
        30_000_000_000, 60_000_000_000,
    ]

    /// With the one for what is longer than all bounds.
    package static let count = bounds.count + 1

    /// The bucket of a duration.
    package static func number(of duration: Interval) -> Int {
        // A static's storage is asked for anew at each use.
        let bounds = bounds
        var (lower, upper) = (0, bounds.count)
        while lower < upper {
            let middle = (lower + upper) / 2
            if duration.nanoseconds > bounds[middle] { lower = middle + 1 } else { upper = middle }
        }
        return lower
    }
}
