/// The two forms of an ECDSA signature: r || s at fixed length in JOSE (RFC 7518 section 3.4), and the DER sequence of
/// two integers that OpenSSL wants (RFC 3279 section 2.2.3). By hand: it is a tenth of what OpenSSL's own takes.
enum ECDSASignature {
    /// The DER form of `raw`, or nil when it is no signature of that curve at all: another length, or an r or s outside
    /// of 1 to the order of the curve less one.
    static func der(of raw: Span<UInt8>, _ curve: EllipticCurve) -> [UInt8]? {
        let half = curve.coordinateBytes
        guard raw.count == half * 2 else { return nil }
        let r = raw.extracting(first: half)
        let s = raw.extracting(last: half)
        guard isScalar(r, of: curve), isScalar(s, of: curve) else { return nil }
        var integers: [UInt8] = []
        integers.reserveCapacity(half * 2 + 6)
        appendInteger(r, to: &integers)
        appendInteger(s, to: &integers)
        // At most 138 bytes for P-521: a length of one byte, or of 0x81 and one byte.
        let length: [UInt8] = integers.count < 0x80 ? [UInt8(integers.count)] : [0x81, UInt8(integers.count)]
        return [0x30] + length + integers
    }

    /// r || s of a DER signature that OpenSSL has just made.
    static func raw(of der: Span<UInt8>, _ curve: EllipticCurve) -> [UInt8] {
        let half = curve.coordinateBytes
        var raw = [UInt8](repeating: 0, count: half * 2)
        // Behind the sequence's tag and its length, which has a byte of its own before it from 128 on.
        var start = der[1] < 0x80 ? 2 : 3
        for end in [half, half * 2] {
            precondition(der[start] == 0x02, "libcrypto made a malformed signature")
            var integer = der.extracting((start + 2)..<(start + 2 + Int(der[start + 1])))
            start += 2 + integer.count
            // A zero keeps a set top bit from meaning a negative number.
            if integer.count > half, integer[0] == 0 { integer = integer.extracting(droppingFirst: 1) }
            precondition(integer.count <= half, "libcrypto made a signature of another curve")
            for index in integer.indices { raw[end - integer.count + index] = integer[index] }
        }
        precondition(start == der.count, "libcrypto made a malformed signature")
        return raw
    }

    /// 0 < value < order, both of the same length.
    private static func isScalar(_ value: Span<UInt8>, of curve: EllipticCurve) -> Bool {
        let order = order(of: curve)
        precondition(value.count == order.count)
        guard value.indices.contains(where: { value[$0] != 0 }) else { return false }
        for index in value.indices where value[index] != order[index] { return value[index] < order[index] }
        return false
    }

    private static func appendInteger(_ value: Span<UInt8>, to output: inout [UInt8]) {
        var start = 0
        while start < value.count - 1, value[start] == 0 { start += 1 }
        // A set top bit would make the integer negative.
        let padded = value[start] & 0x80 != 0
        output.append(0x02)
        output.append(UInt8(value.count - start + (padded ? 1 : 0)))
        if padded { output.append(0) }
        for index in start..<value.count { output.append(value[index]) }
    }

    // The orders of the curves' base points (SEC 2 sections 2.4.2, 2.5.1, 2.6.1).
    private static func order(of curve: EllipticCurve) -> [UInt8] {
        switch curve {
        case .p256: orderP256
        case .p384: orderP384
        case .p521: orderP521
        }
    }

    private static let orderP256: [UInt8] = [
        0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51,
    ]

    private static let orderP384: [UInt8] =
        [UInt8](repeating: 0xFF, count: 24) + [
            0xC7, 0x63, 0x4D, 0x81, 0xF4, 0x37, 0x2D, 0xDF, 0x58, 0x1A, 0x0D, 0xB2,
            0x48, 0xB0, 0xA7, 0x7A, 0xEC, 0xEC, 0x19, 0x6A, 0xCC, 0xC5, 0x29, 0x73,
        ]

    private static let orderP521: [UInt8] =
        [0x01] + [UInt8](repeating: 0xFF, count: 32) + [
            0xFA, 0x51, 0x86, 0x87, 0x83, 0xBF, 0x2F, 0x96, 0x6B, 0x7F, 0xCC, 0x01, 0x48, 0xF7, 0x09, 0xA5, 0xD0,
            0x3B, 0xB5, 0xC9, 0xB8, 0x89, 0x9C, 0x47, 0xAE, 0xBB, 0x6F, 0xB7, 0x1E, 0x91, 0x38, 0x64, 0x09,
        ]
}
