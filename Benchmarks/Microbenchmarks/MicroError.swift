/// What a benchmark was given is not what it needs. What it calls throws errors of its own.
enum MicroError: Error {
    /// The file of fixtures cannot be read or has another form.
    case unusableFixtures
    /// The operation did not come to what it is timed for: the reading would be of something else.
    case wrongResult(of: String)
}
