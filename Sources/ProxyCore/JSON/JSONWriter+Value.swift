extension JSONWriter {
    /// Writes a value that was read, without the white space around it. Numbers are written with the digits that they
    /// had when they are whole, and with three decimals otherwise.
    package mutating func value(_ value: JSONValue) {
        switch value.kind {
        case .object:
            beginObject()
            for (name, member) in value.members {
                key(name.string ?? "")
                self.value(member)
            }
            endObject()
        case .array:
            beginArray()
            for element in value.elements { self.value(element) }
            endArray()
        case .string: string(value.string ?? "")
        case .number:
            if let integer = value.integer { number(integer) } else { number(thousandths: value.number ?? 0) }
        case .bool: bool(value.bool ?? false)
        case .null: null()
        }
    }
}
