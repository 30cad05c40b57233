import CLinux
import Glibc

/// What concerns the process as a whole.
package enum CurrentProcess {
    /// To be called once, before anything is opened. A closed pipe, or a file that may not grow any more, becomes an
    /// error code instead of the process's end.
    /// A standard stream that is missing is filled in with /dev/null, so that no socket takes its number and is sent
    /// log lines.
    package static func prepare() {
        signal(SIGPIPE, SIG_IGN)
        signal(SIGXFSZ, SIG_IGN)
        giveLargeBlocksBack()
        for number in STDIN_FILENO...STDERR_FILENO where fcntl(number, F_GETFD) == -1 {
            // The system gives the lowest free number, which is this one.
            _ = unsafe open("/dev/null", O_RDWR)
        }
    }

    /// Makes the allocator take blocks of a connection's buffer's size from the system one by one, and give each back
    /// when it is freed. Otherwise the memory of a rush of callers would stay with the process for ever.
    private static func giveLargeBlocksBack() {
        // 1 for success; without it the program works the same and needs more memory.
        _ = mallopt(M_MMAP_THRESHOLD, 65_536)
    }

    /// What a process that keeps secrets gives up, before it has any: new privileges, for itself and whatever it should
    /// start (PR_SET_NO_NEW_PRIVS), and, unless `isDumpable`, core dumps and being looked into by others of its user
    /// (RLIMIT_CORE, PR_SET_DUMPABLE). What the system refuses is thrown.
    package static func restrict(isDumpable: Bool) throws(Errno) {
        guard clinux_no_new_privileges() == 0 else { throw .current("PR_SET_NO_NEW_PRIVS") }
        guard !isDumpable else { return }
        guard clinux_no_core() == 0 else { throw .current("RLIMIT_CORE") }
        guard clinux_not_dumpable() == 0 else { throw .current("PR_SET_DUMPABLE") }
    }

    /// Ends the process.
    package static func exit(_ status: Int32) -> Never { Glibc.exit(status) }
}
