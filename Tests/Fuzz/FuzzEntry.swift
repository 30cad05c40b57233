// How libFuzzer calls us. The program is one for all targets; the name under which it is called says which one it is.

// Made before the first input and never changed; libFuzzer calls from one thread.
nonisolated(unsafe) private let target: any FuzzTarget = FuzzTargets.named(
    CommandLine.arguments[0].split(separator: "/").last.map(String.init) ?? "")

/// Runs the target over one input (libFuzzer's interface).
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // Sound: libFuzzer lends `count` bytes for the time of the call. They are a block of their own, so that the address
    // sanitizer sees a read past either end.
    let input = unsafe UnsafeBufferPointer(start: start, count: count)
    unsafe target.run(input.span)
    return 0
}
