/// What a decoder found in the bytes that it was given. `consumed` counts from their beginning; the next call gets the
/// bytes behind those.
package enum BodyStep: Sendable, Equatable {
    /// Nothing to relay yet. Bytes that were not consumed (they begin a trailer section) have to be given again, with
    /// more behind them; if the stream ends there, the body is truncated.
    case needMore(consumed: Int)
    /// A piece of the body.
    case data(ByteRange, consumed: Int)
    /// The body is over; the next byte is not part of it. `trailers`: the trailer section, for `TrailerSection`, when
    /// it has fields.
    case end(consumed: Int, trailers: ByteRange?)
}
