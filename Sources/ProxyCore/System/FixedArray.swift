/// A fixed number of plain values in memory of their own: scratch that is made once and overwritten ever after.
///
/// Unlike `InlineArray`, which is part of whatever holds it and is copied when that is lent to a function, this stays
/// where it is. Has one owner, on one thread.
@safe
package struct FixedArray<Element: BitwiseCopyable>: ~Copyable {
    package let count: Int
    private let storage: UnsafeMutablePointer<Element>

    package init(repeating value: Element, count: Int) {
        precondition(count > 0)
        self.count = count
        unsafe storage = .allocate(capacity: count)
        unsafe storage.initialize(repeating: value, count: count)
    }

    deinit { unsafe storage.deallocate() }

    package subscript(index: Int) -> Element {
        get {
            precondition(index >= 0 && index < count)
            // Sound: the index is inside the storage, all of which is initialized and lives as long as self.
            return unsafe storage[index]
        }
        set {
            precondition(index >= 0 && index < count)
            // Sound: as above, and whoever can set owns self alone.
            unsafe storage[index] = newValue
        }
    }
}
