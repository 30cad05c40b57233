import CLinux

/// How many descriptors this process may have open (RLIMIT_NOFILE).
package enum DescriptorLimit {
    /// Raises the soft limit to the hard one and returns the number that is in force then.
    ///
    /// The soft limit is 1024 on most systems for the sake of programs that use select(2), which this one does not.
    package static func raise() -> Int {
        let limit = clinux_raise_descriptor_limit()
        precondition(limit >= 0, "getrlimit knows RLIMIT_NOFILE")
        return limit
    }
}
