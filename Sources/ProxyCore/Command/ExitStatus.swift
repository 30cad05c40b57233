/// How the process ends (sysexits.h).
package enum ExitStatus: Int32, Sendable {
    case success = 0
    /// The answer is no: a token that is not valid, a request that would be refused, a demo that went wrong.
    case failure = 1
    /// EX_USAGE: the arguments or the configuration are not as they have to be.
    case usage = 64
    /// EX_SOFTWARE: the system did not do what the program needs.
    case software = 70
}
