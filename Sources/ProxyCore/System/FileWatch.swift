import CLinux
import Glibc

/// Waits until files change: written in place, replaced, or reached by another symbolic link, also one on the way.
/// Belongs to one thread.
///
/// The kernel tells of the folders in which something happens (inotify). It does not on every file system, and not of
/// folders above: so the files are looked at now and then as well. A change is told when it has come to rest.
package final class FileWatch {
    package enum Wake: Sendable {
        /// Somebody has rung.
        case asked
        case changed
        /// The time to wait is over, and nothing is changing.
        case timedOut
        case ended
    }

    private let bell: WakeUp
    private let end: WakeUp
    /// nil where the system has no more of these: then looking has to do.
    private var notifier: Notifier?
    private var files: [WatchedFile] = []
    private var watches: Set<Int32> = []

    /// Whoever writes a file in steps pauses less than this between them, as a rule.
    private static let quiet = Interval.milliseconds(150)
    /// A change that does not come to rest is told all the same after this long, and so is a file that stays away.
    private static let patience = Interval.seconds(2)
    /// How often files are looked at without an event.
    private static let period = Interval.seconds(3)
    /// More than any configuration names.
    private static let watchesMax = 1024

    /// - Parameters:
    ///   - bell: ends a wait, and is taken back by that.
    ///   - end: ends this wait and all that follow.
    package init(bell: WakeUp, end: WakeUp) {
        self.bell = bell
        self.end = end
        let raw = Kernel.createNotifier()
        notifier = raw >= 0 ? Notifier(raw) : nil
    }

    /// Watches these files from now on, and no others. What has changed since they were looked at is told.
    package func watch(_ files: [WatchedFile]) {
        // The first one counts: what it saw is older.
        var seen: Set<String> = []
        self.files = files.filter { seen.insert($0.path).inserted }
        watchFolders()
    }

    /// Blocks until a file has changed, somebody rings, or the end; or for `time`, and then until what is changing has
    /// come to rest.
    package func wait(for time: Interval? = nil) -> Wake {
        let deadline = time.map { Clock.monotonic().advanced(by: $0) } ?? .never
        // At once, for what has changed since the files were looked at.
        var nextLook = Clock.monotonic()
        var latest: Instant?
        var isTold = false
        var last = files
        while true {
            switch poll(until: nextLook) {
            case .asked: return .asked
            case .ended: return .ended
            case .event:
                drain()
                isTold = true
                let now = Clock.monotonic()
                let bound = latest ?? now.advanced(by: Self.patience)
                latest = bound
                nextLook = min(now.advanced(by: Self.quiet), bound)
            case .timeOut:
                watchFolders()
                let current = files.map { WatchedFile($0.path) }
                let now = Clock.monotonic()
                let bound = latest ?? now.advanced(by: Self.patience)
                let isSettled = (isTold || current == last) && !isMissing(in: current)
                if current != files, isSettled || now >= bound {
                    files = current
                    return .changed
                }
                // What was found by looking may not be complete, and what is away may come back.
                let isChanging = current != files
                if !isChanging, now >= deadline { return .timedOut }
                latest = isChanging ? bound : nil
                isTold = isTold && isChanging
                nextLook = isChanging ? now.advanced(by: Self.quiet) : min(now.advanced(by: Self.period), deadline)
                last = current
            }
        }
    }

    /// Whether a file that was there is not.
    private func isMissing(in current: [WatchedFile]) -> Bool {
        zip(files, current).contains { $0.identity != nil && $1.identity == nil }
    }

    // MARK: - Waiting

    private enum Event {
        case asked
        case ended
        case event
        case timeOut
    }

    private func poll(until deadline: Instant) -> Event {
        var polled = [
            pollfd(fd: end.descriptor.raw, events: Int16(POLLIN), revents: 0),
            pollfd(fd: bell.descriptor.raw, events: Int16(POLLIN), revents: 0),
            // poll(2) passes over negative descriptors.
            pollfd(fd: rawNotifier, events: Int16(POLLIN), revents: 0),
        ]
        while true {
            let left = deadline.since(Clock.monotonic()).nanoseconds
            // Sound: the array holds the three elements that the call is told of, and outlives it.
            let ready = unsafe Kernel.poll(&polled, 3, Int32(min((left + 999_999) / 1_000_000, 60_000)))
            if polled[0].revents != 0 { return .ended }
            if polled[1].revents != 0 {
                bell.clear()
                return .asked
            }
            // Before the events, of which there may always be more.
            if ready == 0 || Clock.monotonic() >= deadline { return .timeOut }
            if polled[2].revents != 0 { return .event }
        }
    }

    private var rawNotifier: Int32 { notifier?.descriptor.raw ?? -1 }

    /// Which events they were does not matter: the files tell what has changed.
    private func drain() {
        var events = [UInt8](repeating: 0, count: 16_384)
        // Sound: the call writes at most so many bytes into the array, which outlives it.
        var count = 1
        while count > 0 { count = unsafe Kernel.read(rawNotifier, &events, events.count) }
        // What cannot be read would wake us for ever.
        if errno != EAGAIN, errno != EINTR { notifier = nil }
    }

    // MARK: - Folders

    private static let mask = UInt32(
        IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_DELETE_SELF
            | IN_MOVE_SELF) | UInt32(IN_ONLYDIR)

    /// Has the kernel tell of every folder in which the way to a file could change.
    private func watchFolders() {
        guard let notifier else { return }
        var fresh: Set<Int32> = []
        for folder in folders.prefix(Self.watchesMax) {
            let watch = Kernel.watchFolder(notifier.descriptor.raw, folder, Self.mask)
            if watch >= 0 { fresh.insert(watch) }
        }
        // Those of folders that are gone have ended by themselves; then this fails, which does not matter.
        for watch in watches.subtracting(fresh) { _ = inotify_rm_watch(notifier.descriptor.raw, watch) }
        watches = fresh
    }

    private var folders: [String] {
        var folders: [String] = []
        var seen: Set<String> = []
        for file in files {
            for folder in FileRoute.folders(to: file.path) where seen.insert(folder).inserted { folders.append(folder) }
        }
        return folders
    }
}

/// The kernel's end of the watch.
private final class Notifier {
    let descriptor: FileDescriptor

    init(_ raw: Int32) { descriptor = FileDescriptor(owning: raw) }
}
