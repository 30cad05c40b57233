import Glibc

/// Searches over bytes that are worth doing sixteen at a time: together they are most of what parsing a head costs.
package enum ByteScan {
    /// The offset of the first `byte` at or after `start`, or nil.
    package static func firstIndex(of byte: UInt8, in bytes: Span<UInt8>, from start: Int = 0) -> Int? {
        precondition(start >= 0 && start <= bytes.count)
        guard start < bytes.count else { return nil }
        // Sound: memchr reads at most `count - start` bytes from `start`, all inside the span's storage, which the
        // closure keeps alive; the pointer does not leave it.
        return unsafe bytes.withUnsafeBufferPointer { buffer -> Int? in
            guard let base = buffer.baseAddress else { return nil }
            guard let found = unsafe memchr(base + start, Int32(byte), bytes.count - start) else { return nil }
            return unsafe UnsafeRawPointer(found) - UnsafeRawPointer(base)
        }
    }

    /// True when both hold the same bytes: for long ones, which `Span.equals` compares one at a time.
    package static func equal(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
        guard left.count == right.count, !left.isEmpty else { return left.count == right.count }
        // Sound: both pointers cover `left.count` bytes, which is not zero, and do not leave the closures.
        return unsafe left.withUnsafeBytes { left in
            unsafe right.withUnsafeBytes { right in
                guard let leftBase = left.baseAddress, let rightBase = right.baseAddress else { return false }
                return unsafe memcmp(leftBase, rightBase, left.count) == 0
            }
        }
    }

    /// The offset of the first byte at or after `start` that is a control character (C0 without tab, or DEL), or
    /// `bytes.count`. Carriage return and line feed are control characters too: this finds the end of a field line.
    package static func firstControl(in bytes: Span<UInt8>, from start: Int) -> Int {
        precondition(start >= 0 && start <= bytes.count)
        var index = start
        let count = bytes.count
        // Sound: the loop condition keeps index + 16 inside the span; SIMD16<UInt8> is plain bytes, and its masks have
        // the same sixteen bytes, all ones or all zeros, that are looked at as two words.
        //
        // Both sides of each comparison are vectors, and no mask is asked for `any`: both would be done byte by byte.
        let space = SIMD16<UInt8>(repeating: ASCII.space)
        let tab = SIMD16<UInt8>(repeating: ASCII.tab)
        let delete = SIMD16<UInt8>(repeating: ASCII.delete)
        let found = unsafe bytes.withUnsafeBytes { raw -> Int? in
            while index + 16 <= count {
                let block = unsafe raw.loadUnaligned(fromByteOffset: index, as: SIMD16<UInt8>.self)
                let control = (block .< space) .& (block .!= tab) .| (block .== delete)
                let words = unsafe unsafeBitCast(control, to: SIMD2<UInt64>.self)
                if let place = firstMarked(words) { return index + place }
                index += 16
            }
            return nil
        }
        if let found { return found }
        while index < count {
            let byte = bytes[index]
            if ASCII.isControl(byte), byte != ASCII.tab { return index }
            index += 1
        }
        return count
    }

    /// The offset of the first byte at or after `start` that is no letter, digit or hyphen, or of one before it: when
    /// it is `end` or less than sixteen bytes are left, the caller has to look on.
    package static func skipNameCharacters(in bytes: Span<UInt8>, from start: Int, to end: Int) -> Int {
        precondition(start >= 0 && start <= end && end <= bytes.count)
        let (bit, first, letters) = (SIMD16<UInt8>(repeating: 0x20), SIMD16<UInt8>(repeating: 0x61),
            SIMD16<UInt8>(repeating: 26))
        let (zero, digits) = (SIMD16<UInt8>(repeating: ASCII.zero), SIMD16<UInt8>(repeating: 10))
        let hyphen = SIMD16<UInt8>(repeating: ASCII.hyphen)
        // Sound: as in `firstControl`, whose remarks on vectors hold here, too.
        return unsafe bytes.withUnsafeBytes { raw in
            var index = start
            while index + 16 <= end {
                let block = unsafe raw.loadUnaligned(fromByteOffset: index, as: SIMD16<UInt8>.self)
                let isNamed = ((block | bit) &- first .< letters) .| (block &- zero .< digits) .| (block .== hyphen)
                let words = unsafe ~unsafeBitCast(isNamed, to: SIMD2<UInt64>.self)
                if let place = firstMarked(words) { return index + place }
                index += 16
            }
            return index
        }
    }

    /// The offset of the first byte that cannot stand as it is between quotes: a control character, a quote, a
    /// backslash, or what is not ASCII. `bytes.count` when all can.
    package static func firstUnplain(in bytes: Span<UInt8>) -> Int {
        var index = 0
        let count = bytes.count
        let (space, delete) = (SIMD16<UInt8>(repeating: ASCII.space), SIMD16<UInt8>(repeating: ASCII.delete))
        let (quote, backslash) = (SIMD16<UInt8>(repeating: ASCII.quote), SIMD16<UInt8>(repeating: ASCII.backslash))
        // Sound: as in `firstControl`.
        let found = unsafe bytes.withUnsafeBytes { raw -> Int? in
            while index + 16 <= count {
                let block = unsafe raw.loadUnaligned(fromByteOffset: index, as: SIMD16<UInt8>.self)
                let special = (block .< space) .| (block .>= delete) .| (block .== quote) .| (block .== backslash)
                let words = unsafe unsafeBitCast(special, to: SIMD2<UInt64>.self)
                if let place = firstMarked(words) { return index + place }
                index += 16
            }
            return nil
        }
        if let found { return found }
        while index < count {
            let byte = bytes[index]
            if byte < ASCII.space || byte >= ASCII.delete || byte == ASCII.quote || byte == ASCII.backslash { break }
            index += 1
        }
        return index
    }

    /// The first of sixteen bytes that is not zero, in a mask that is looked at as two words.
    @inline(__always)
    private static func firstMarked(_ words: SIMD2<UInt64>) -> Int? {
        // The machine is little-endian: the first byte is the lowest one.
        if words[0] != 0 { return words[0].trailingZeroBitCount / 8 }
        if words[1] != 0 { return 8 + words[1].trailingZeroBitCount / 8 }
        return nil
    }
}
