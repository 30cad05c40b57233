import Foundation
import ProxyCore

/// JSON: what is accepted Foundation reads too, and as the same; what is written anew reads the same again.
final class JSONTarget: FuzzTarget {
    func run(_ input: Span<UInt8>) {
        let bytes = input.copied()
        var random = choices(for: input)
        let document: JSONDocument
        do throws(JSONError) { document = try JSONDocument(parsing: bytes) } catch {
            return checkRefusal(error, bytes)
        }
        do {
            let other = try JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
            // Foundation drops a byte order mark at the beginning of a string.
            let text = String(decoding: bytes, as: UTF8.self)
            let hasMark = text.unicodeScalars.contains("\u{FEFF}") || text.lowercased().contains("\\ufeff")
            require(hasMark || Self.isSame(document.root, other), "Foundation reads something else: \(other)")
        } catch { fatalError("broken: Foundation does not accept it: \(error)") }
        checkWritten(document)
        checkLimits(bytes, &random)
    }

    private func checkRefusal(_ error: JSONError, _ bytes: [UInt8]) {
        require(0...bytes.count ~= error.offset, "an error is somewhere in the document")
        let position = SourcePosition(of: error.offset, in: bytes)
        require(position.line >= 1 && position.column >= 1, "a place for people")
        var duplicates: [JSONError] = []
        let collected = try? JSONDocument(parsing: bytes, limits: JSONLimits(), collecting: &duplicates)
        require(collected == nil || !duplicates.isEmpty, "what is read in spite of duplicates has some")
    }

    /// What smaller limits let through is what larger ones do.
    private func checkLimits(_ bytes: [UInt8], _ random: inout SeededRandom) {
        let limits = JSONLimits(depth: random.next(upTo: 4), values: 1 + random.next(upTo: 20), bytes: bytes.count)
        do throws(JSONError) { _ = try JSONDocument(parsing: bytes, limits: limits) } catch {
            require([.tooDeep, .tooManyValues].contains(error.kind), "limits cause no other error: \(error)")
        }
    }

    private func checkWritten(_ document: JSONDocument) {
        var writer = JSONWriter()
        Self.write(document.root, to: &writer)
        do throws(JSONError) {
            let again = try JSONDocument(parsing: writer.bytes)
            require(Self.isSame(document.root, again.root), "a document survives being written anew")
            var second = JSONWriter()
            Self.write(again.root, to: &second)
            require(second.bytes == writer.bytes, "writing it once more changes nothing")
            let isPlain = writer.bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
            require(isPlain, "nothing that is written can act on a terminal")
        } catch { fatalError("broken: what was written is no JSON: \(error)") }
    }

    private static func write(_ value: JSONValue, to writer: inout JSONWriter) {
        switch value.kind {
        case .object:
            writer.beginObject()
            for (key, value) in value.members {
                writer.key(key.string ?? "")
                write(value, to: &writer)
            }
            writer.endObject()
        case .array:
            writer.beginArray()
            for element in value.elements { write(element, to: &writer) }
            writer.endArray()
        case .string:
            let bytes = value.stringBytes ?? []
            writer.string(bytes.span)
        case .number:
            let number = number(value)
            if let integer = value.integer ?? Int64(exactly: number) {
                writer.number(integer)
            } else {
                writer.number(thousandths: number)
            }
        case .bool: writer.bool(value.bool ?? false)
        case .null: writer.null()
        }
    }

    /// What the writer makes of a number that is not whole: it has three decimals, and an end.
    private static func number(_ value: JSONValue) -> Double {
        guard let number = value.number else { fatalError("broken: a number without a value") }
        return value.integer == nil ? (min(max(number, -1e12), 1e12) * 1000).rounded() / 1000 : number
    }

    private static func isSame(_ left: JSONValue, _ right: JSONValue) -> Bool {
        guard left.kind == right.kind else { return false }
        switch left.kind {
        case .object:
            let (left, right) = (left.members, right.members)
            return left.count == right.count && zip(left, right).allSatisfy { left, right in
                left.key.stringBytes == right.key.stringBytes && isSame(left.value, right.value)
            }
        case .array:
            let (left, right) = (left.elements, right.elements)
            return left.count == right.count && zip(left, right).allSatisfy { isSame($0, $1) }
        case .string: return left.stringBytes == right.stringBytes
        case .number: return number(left) == number(right)
        case .bool: return left.bool == right.bool
        case .null: return true
        }
    }

    private static func isSame(_ value: JSONValue, _ other: Any) -> Bool {
        switch value.kind {
        case .object:
            guard let other = other as? [String: Any] else { return false }
            let members = value.members
            // Foundation takes names for equal that Unicode calls equivalent, and keeps the last.
            if Set(members.compactMap(\.key.string)).count < members.count { return other.count < members.count }
            return members.allSatisfy { key, value in
                other[key.string ?? ""].map { isSame(value, $0) } ?? false
            } && members.count == other.count
        case .array:
            guard let other = other as? [Any] else { return false }
            let elements = value.elements
            return elements.count == other.count && zip(elements, other).allSatisfy { isSame($0, $1) }
        case .string: return (other as? String).map { Array($0.utf8) == value.stringBytes } ?? false
        case .number:
            guard let other = (other as? NSNumber)?.doubleValue, let number = value.number else { return false }
            // Foundation goes by way of a decimal for some, which is not exact.
            return other == number || abs(other - number) <= abs(number) * 0x1p-40
        case .bool: return (other as? NSNumber)?.boolValue == value.bool
        case .null: return other is NSNull
        }
    }
}
