import Foundation
import ProxyCore
import XCTest

/// Files that change, in every way that editors and Kubernetes have.
final class FileWatchTests: XCTestCase {
    private let folder = TemporaryDirectory()
    private let files = FileManager.default

    /// A watch on a thread of its own: what it tells is recorded.
    private final class Watching: Sendable {
        let wakes = Recorder<FileWatch.Wake>()
        let bell: WakeUp
        private let end: WakeUp
        private let thread: ProxyCore.Thread

        init(_ paths: String...) throws {
            let (bell, end, wakes) = (try WakeUp(), try WakeUp(), wakes)
            let seen = paths.map(WatchedFile.init)
            thread = try ProxyCore.Thread.start(name: "watch") {
                let watch = FileWatch(bell: bell, end: end)
                watch.watch(seen)
                while true {
                    let wake = watch.wait()
                    wakes.record(wake)
                    if wake == .ended { return }
                }
            }
            self.bell = bell
            self.end = end
        }

        func changes(_ count: Int, line: UInt = #line) throws {
            try wakes.await("change", line: line) { _ in wakes.values.count { $0 == .changed } >= count }
        }

        func stop() {
            end.signal()
            thread.join()
        }
    }

    private func watch(_ name: String) throws -> Watching {
        let watching = try Watching(folder.path(name))
        addTeardownBlock { watching.stop() }
        return watching
    }

    /// In one step, over what is there.
    private func move(_ name: String, to other: String) {
        XCTAssertEqual(unsafe rename(folder.path(name), folder.path(other)), 0)
    }

    func testFilesThatAreWrittenInPlaceReplacedRemovedAndMade() throws {
        folder.write("1", to: "file")
        let watching = try watch("file")
        let handle = try XCTUnwrap(FileHandle(forWritingAtPath: folder.path("file")))
        for _ in 0..<10 { try handle.write(contentsOf: Data("22".utf8)) }
        try handle.close()
        try watching.changes(1)
        folder.write("333", to: "new")
        move("new", to: "file")
        try watching.changes(2)
        try files.removeItem(atPath: folder.path("file"))
        try watching.changes(3)
        folder.write("4", to: "file")
        try watching.changes(4)
    }

    func testBurstsAndWhatDoesNotMatter() throws {
        folder.write("1", to: "file")
        let watching = try watch("file")
        for number in 0..<20 {
            folder.write("\(number)", to: "beside")
            folder.write("content \(number)", to: "file")
        }
        try watching.changes(1)
        for number in 0..<20 { folder.write("\(number)", to: "beside") }
        watching.bell.signal()
        try watching.wakes.await { $0 == .asked }
        XCTAssertEqual(watching.wakes.values, [.changed, .asked])
    }

    /// A ConfigMap: the file is a link to `..data/file`, and `..data` one to a folder with a time in its name.
    func testTheSwapOfALinkOnTheWay() throws {
        for version in ["..1", "..2"] {
            try files.createDirectory(atPath: folder.path(version), withIntermediateDirectories: true)
            folder.write(version, to: "\(version)/file")
        }
        try files.createSymbolicLink(atPath: folder.path("..data"), withDestinationPath: "..1")
        try files.createSymbolicLink(atPath: folder.path("file"), withDestinationPath: "..data/file")
        let watching = try watch("file")
        for (count, version) in [(1, "..2"), (2, "..1"), (3, "..2")] {
            try files.createSymbolicLink(atPath: folder.path("..data_tmp"), withDestinationPath: version)
            move("..data_tmp", to: "..data")
            try watching.changes(count)
        }
    }

    func testAFolderThatVanishesAndReturns() throws {
        try files.createDirectory(atPath: folder.path("a/b"), withIntermediateDirectories: true)
        folder.write("1", to: "a/b/file")
        let watching = try watch("a/b/file")
        move("a", to: "away")
        move("away", to: "a")
        // It is the same file again, so that this is the first change.
        folder.write("22", to: "a/b/file")
        try watching.changes(1)
        try files.removeItem(atPath: folder.path("a"))
        try files.createDirectory(atPath: folder.path("a/b"), withIntermediateDirectories: true)
        folder.write("333", to: "a/b/file")
        try watching.changes(2)
    }

    func testAFileWhoseFolderIsYetToCome() throws {
        let watching = try watch("a/b/file")
        try files.createDirectory(atPath: folder.path("a/b"), withIntermediateDirectories: true)
        folder.write("1", to: "a/b/file")
        try watching.changes(1)
    }

    func testLinksInCircles() throws {
        try files.createSymbolicLink(atPath: folder.path("one"), withDestinationPath: "other")
        try files.createSymbolicLink(atPath: folder.path("other"), withDestinationPath: "one")
        let watching = try watch("one")
        try files.removeItem(atPath: folder.path("other"))
        folder.write("1", to: "other")
        try watching.changes(1)
    }
}
