/// The directory of signing keys: what is in it, and making and removing keys there. Any process may do so, one at a
/// time. Blocking.
package struct SigningKeyStore: Sendable {
    /// Why keys cannot be had.
    package enum Failure: Error, Sendable {
        case directory(String, PrivateDirectory.Problem)
        case file(String, SigningKeyFile.Problem)
        case system(Errno)

        package var message: String {
            switch self {
            case .directory(let path, let problem): "\(path): \(problem.message)"
            case .file(let path, let problem): "\(path): \(problem.message)"
            case .system(let error): error.description
            }
        }
    }

    package let schedule: SigningKeySchedule
    private let directory: PrivateDirectory

    /// Makes the directory when there is none.
    package init(_ path: String, _ schedule: SigningKeySchedule) throws(Failure) {
        self.schedule = schedule
        do throws(PrivateDirectory.Problem) {
            directory = try PrivateDirectory(path)
        } catch {
            throw .directory(path, error)
        }
    }

    package var path: String { directory.path }

    /// Every key in the directory, the oldest first.
    package func keys() throws(Failure) -> [SigningKeyFile] {
        var keys: [SigningKeyFile] = []
        for name in try names() {
            do throws(SigningKeyFile.Problem) {
                keys.append(try SigningKeyFile(name, in: directory))
            } catch {
                if case .directory(.system(let error)) = error, error.isNotFound { continue }
                throw .file(directory.path(of: name), error)
            }
        }
        return keys.sorted { ($0.activates, $0.keyID) < ($1.activates, $1.keyID) }
    }

    /// Makes the key that is due, if one is, and removes those that are of no use any more. Gives those that are ahead,
    /// which somebody should look at.
    @discardableResult
    package func maintain(at now: UnixTime) throws(Failure) -> [SigningKeyFile] {
        let lock = try lock()
        let keys = try keys()
        if let activates = schedule.nextActivation(after: keys.map(\.place), at: now) {
            try make(activates: activates, at: now)
        }
        for key in keys where isExpired(key, among: keys, at: now) {
            do throws(Errno) { try directory.remove(key.name) } catch { throw .system(error) }
        }
        _ = consume lock
        return keys.filter { schedule.isAhead($0.activates, at: now) }
    }

    /// Makes a key now; nil when one is published already that is still to sign. With `atOnce` it signs at once.
    package func rotate(atOnce: Bool, at now: UnixTime) throws(Failure) -> SigningKeyFile? {
        let lock = try lock()
        let places = try keys().map(\.place)
        let isWaiting = places.contains {
            $0.algorithm == schedule.algorithm && $0.activates > now && !schedule.isAhead($0.activates, at: now)
        }
        if isWaiting, !atOnce { return nil }
        let made = try make(activates: schedule.activation(after: places, atOnce: atOnce, at: now), at: now)
        _ = consume lock
        return made
    }

    /// The phase of `key`, which is one of `keys`.
    package func phase(
        of key: SigningKeyFile, among keys: [SigningKeyFile], at now: UnixTime
    ) -> SigningKeySchedule.Phase {
        schedule.phase(of: key.activates, among: keys.map(\.activates), at: now)
    }

    private func isExpired(_ key: SigningKeyFile, among keys: [SigningKeyFile], at now: UnixTime) -> Bool {
        switch phase(of: key, among: keys, at: now) {
        case .expired: true
        case .next, .ahead, .signing, .old: false
        }
    }

    @discardableResult
    private func make(activates: UnixTime, at now: UnixTime) throws(Failure) -> SigningKeyFile {
        let key = SigningKeyFile(new: schedule.algorithm, created: now, activates: activates)
        do throws(Errno) { try key.write(to: directory) } catch { throw .system(error) }
        return key
    }

    private func names() throws(Failure) -> [String] {
        do throws(Errno) {
            return try directory.names().filter { $0.hasSuffix(SigningKeyFile.suffix) }
        } catch {
            throw .system(error)
        }
    }

    /// For whoever changes something; a private key that somebody has left half written goes at once.
    private func lock() throws(Failure) -> FileLock {
        do throws(Errno) {
            let lock = try FileLock(directory.path(of: "lock"))
            FileWriter.removeLeftovers(in: directory.path) { $0.hasSuffix(SigningKeyFile.suffix) }
            return lock
        } catch {
            throw .system(error)
        }
    }

    /// Changes when a key is made or removed.
    package func identity() throws(Errno) -> FileIdentity { try FileIdentity(of: directory.path) }
}
