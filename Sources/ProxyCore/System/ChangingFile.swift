/// A file or a folder that is read again whenever it has changed. What was read before stays when it cannot be read,
/// and for a while when it is gone. Belongs to one thread; a look is a system call, reading may block.
package final class ChangingFile<Content> {
    /// What there is to be told of it.
    package enum News {
        case read(Content)
        /// It cannot be read or used, for these reasons; told again every minute.
        case unusable([String])
        /// It is not there. What it held counts for that long; nil when there is no end, or nothing that counts. Told
        /// again every minute.
        case missing(stays: Interval?)
    }

    private let identity: () throws(Errno) -> FileIdentity
    private let read: () throws(FileProblems) -> Content
    private let contentWhenGone: Content?
    private let tell: (News) -> Void

    /// nil when nothing was there.
    private var lastSeen: FileIdentity?
    /// When it is read once more though it looks the same.
    private var nextRead = Instant.never
    private var nextReport = Instant(nanoseconds: 0)
    private var missingSince: Instant?
    private var holdsContent = false
    /// Since when the file could not be read though it had changed; nil when all of it is known.
    private var unreadSince: Instant?
    /// Since when it could not even be looked whether it has changed.
    private var unseenSince: Instant?

    /// Before a file that could not be read is read again: it may have been a shortage.
    private static var attemptPause: Interval { .seconds(2) }
    private static var reportPause: Interval { .seconds(60) }
    /// A change may bear the same time as an earlier one: file systems have coarse clocks. So a file that had just
    /// changed when it was read is read once more when that is over.
    private static var settling: Interval { .seconds(1) }
    /// How long what a file held counts when it is gone: editors and those who mount files take them away for moments.
    package static var patience: Interval { .seconds(60) }

    /// How long what was known before counts when the file has changed and cannot be read. Not longer: whoever keeps it
    /// from being read, as by taking all descriptors, would keep what was withdrawn.
    package static var unreadMax: Interval { .seconds(10) }

    /// - Parameters:
    ///   - identity: what changes with the content.
    ///   - contentWhenGone: what counts when the file is gone for good; nil for what it held.
    ///   - tell: also of content that is the same as before.
    package init(
        identity: @escaping () throws(Errno) -> FileIdentity, contentWhenGone: Content?,
        read: @escaping () throws(FileProblems) -> Content, tell: @escaping (News) -> Void
    ) {
        self.identity = identity
        self.contentWhenGone = contentWhenGone
        self.read = read
        self.tell = tell
    }

    /// False when it is not known any more what the file says.
    package func isKnown(at time: @autoclosure () -> Instant = Clock.monotonic()) -> Bool {
        guard let since = unreadSince ?? unseenSince else { return true }
        return time().since(since) < Self.unreadMax
    }

    /// The content if it has been read anew, or has gone; nil when what was known before stays.
    package func refreshed(
        at time: @autoclosure () -> Instant = Clock.monotonic(), wall: @autoclosure () -> UnixTime = Clock.unixTime()
    ) -> Content? {
        let found: FileIdentity
        // Taken before the content is read: a change in between shows next time.
        do throws(Errno) { found = try identity() } catch {
            if error.isNotFound { return gone(time()) }
            if unseenSince == nil { unseenSince = time() }
            report(.unusable([error.description]), time())
            return nil
        }
        (missingSince, unseenSince) = (nil, nil)
        let isChanged = found != lastSeen
        guard isChanged || (nextRead != .never && time() >= nextRead) else { return nil }
        let now = time()
        lastSeen = found
        nextRead = isChanged && found.isYoung(at: wall()) ? now.advanced(by: Self.settling) : .never
        do throws(FileProblems) {
            let content = try read()
            holdsContent = true
            unreadSince = nil
            nextReport = now
            tell(.read(content))
            return content
        } catch {
            nextRead = now.advanced(by: Self.attemptPause)
            if isChanged { nextReport = now }
            unreadSince = error.isUnread ? unreadSince ?? now : nil
            report(.unusable(error.lines), now)
            return nil
        }
    }

    private func gone(_ now: Instant) -> Content? {
        // It is read when it comes.
        lastSeen = nil
        unseenSince = nil
        let since = missingSince ?? now
        if missingSince == nil { nextReport = now }
        missingSince = since
        guard let contentWhenGone, holdsContent else {
            unreadSince = nil
            report(.missing(stays: nil), now)
            return nil
        }
        let missed = now.since(since)
        if missed < Self.patience {
            report(.missing(stays: Interval(nanoseconds: Self.patience.nanoseconds - missed.nanoseconds)), now)
            return nil
        }
        holdsContent = false
        unreadSince = nil
        nextReport = now
        report(.missing(stays: nil), now)
        return contentWhenGone
    }

    private func report(_ news: News, _ now: Instant) {
        guard now >= nextReport else { return }
        nextReport = now.advanced(by: Self.reportPause)
        tell(news)
    }
}

/// Why a file cannot be used: a line for each problem.
package struct FileProblems: Error, Sendable {
    package let lines: [String]
    /// It is not known what the file says, rather than that something is wrong with it.
    package let isUnread: Bool

    package init(_ lines: [String], isUnread: Bool = false) {
        self.lines = lines
        self.isUnread = isUnread
    }
}
