/// The bounds on one head, in the units of `Limits`. A trailer section is held to the same.
package struct HeadLimits: Sendable, Equatable {
    /// The whole head, its last CRLF and a leading empty line included.
    package let headBytes: Int
    /// Field lines.
    package let fields: Int
    /// The request target.
    package let targetBytes: Int

    package init(
        headBytes: Int = Limits().headBytes, fields: Int = Limits().fields, targetBytes: Int = Limits().targetBytes
    ) {
        precondition(headBytes > 0 && headBytes <= Limits.headBytesMax)
        precondition(fields >= 0 && fields <= Limits.fieldsMax)
        precondition(targetBytes > 0)
        self.headBytes = headBytes
        self.fields = fields
        self.targetBytes = targetBytes
    }

    package init(_ limits: Limits) {
        self.init(headBytes: limits.headBytes, fields: limits.fields, targetBytes: limits.targetBytes)
    }
}
