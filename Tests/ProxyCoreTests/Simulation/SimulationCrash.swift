#if FAULT_INJECTION
    import Glibc

    /// Tells which seed was being run when the process crashed: a precondition of the proxy's that fails ends it at
    /// once.
    enum SimulationCrash {
        // Handlers of signals capture nothing and must not wait for a lock. Written by the one thread that runs the
        // seeds, and read in the handler of a signal that ends the process.
        private nonisolated(unsafe) static let text = UnsafeMutablePointer<CChar>.allocate(capacity: 256)
        private nonisolated(unsafe) static var count = 0

        /// nil: none is.
        static func note(_ seed: UInt64?) {
            let words = seed.map { "\ncrashed in simulation seed \($0): SCOPEPROXY_SIMULATION_SEED=\($0)\n" } ?? ""
            unsafe count = words.utf8.count
            for (index, byte) in words.utf8.enumerated() { unsafe text[index] = CChar(bitPattern: byte) }
            for number in [SIGILL, SIGTRAP, SIGSEGV, SIGABRT] {
                _ = signal(
                    number,
                    seed == nil
                        ? SIG_DFL
                        : { number in
                            _ = unsafe write(STDERR_FILENO, SimulationCrash.text, SimulationCrash.count)
                            _ = signal(number, SIG_DFL)
                            raise(number)
                        })
            }
        }
    }
#endif
