/// What is decided otherwise by one policy than by another.
package struct PolicyChange: Sendable, Equatable {
    package enum Kind: String, Sendable {
        /// Requests get through that no route was for.
        case added
        /// Requests do not get through any more: their route is gone.
        case removed
        /// More get through than before.
        case loosened
        /// Fewer get through than before.
        case tightened
        /// Some get through that did not, and others do not that did.
        case changed
    }

    package let kind: Kind
    /// The identifiers of the routes that own the requests, before and after; nil when none does.
    package let before: String?
    package let after: String?
    /// Those of the requests; empty for any that is not told of otherwise.
    package let methods: [String]
    /// A template: `/v2/users/{uid}`. More specific routes have what is theirs.
    package let path: String
    /// Who gets through before and after, in words.
    package let accessBefore: String
    package let accessAfter: String

    /// Whether anybody gets through who did not.
    package var permitsMore: Bool {
        switch kind {
        case .added, .loosened, .changed: true
        case .removed, .tightened: false
        }
    }
}

/// Compares what two policies decide, request by request, whatever their tables look like: also where one route going
/// makes its paths fall to another.
///
/// Where `A` owns a path in one table and `B` in the other, they do so for all that both templates match and nothing
/// more specific does. So it is enough to look at the templates of both tables and at what any two of them have in
/// common, with rests of every length up to the longest template. Pure; takes time in proportion to the routes that
/// differ times all routes.
package struct PolicyComparison: Sendable {
    package private(set) var changes: [PolicyChange] = []
    /// False when there was more to compare than is done, or it was cancelled.
    package private(set) var isComplete = true

    /// Some tenths of a second.
    private static let pointsMax = 200_000
    private static let pairsMax = 4_000_000

    /// - Parameter isCancelled: asked all the time; true ends the comparison, which then is not complete.
    package init(from old: AccessPolicy, to new: AccessPolicy, isCancelled: () -> Bool = { false }) {
        let (before, after) = (PolicyView(old), PolicyView(new))
        let differing = before.templates(otherThanIn: after) + after.templates(otherThanIn: before)
        var methods: [String?] = [nil]
        for name in before.methodNames + after.methodNames where !methods.contains(name) { methods.append(name) }
        var points: [[PathTemplate.Segment]] = []
        var seen: Set<[PointSegment]> = []
        let depth = (before.templates + after.templates).map(\.count).max() ?? 0
        func add(_ segments: [PathTemplate.Segment]) {
            guard seen.insert(segments.map(PointSegment.init)).inserted else { return }
            points.append(segments)
            guard case .rest? = segments.last else { return }
            // Short rests may be those of another template, of which a long one is not.
            for count in 0..<max(1, depth - segments.count + 2) {
                let short = (0..<count).map { PathTemplate.Segment.parameter("\($0 + 1)") }
                add(segments.dropLast() + short)
            }
        }
        // Where one of the templates stands alone, then where two meet.
        for template in differing { add(template) }
        let all = before.templates + after.templates
        isComplete = differing.count * all.count <= Self.pairsMax
        for template in isComplete ? differing : [] {
            for other in all where points.count < Self.pointsMax && !isCancelled() {
                if let meeting = Self.meeting(of: template[...], other[...]) { add(meeting) }
            }
        }
        if points.count >= Self.pointsMax || isCancelled() { isComplete = false }
        var told: Set<PolicyChangeKey> = []
        compareDefaults(before, after)
        for point in points {
            guard !isCancelled() else {
                isComplete = false
                break
            }
            compare(before, after, point, methods, &told)
        }
        changes.sort { one, other in
            (one.path, one.kind.rawValue, one.methods.first ?? "")
                < (other.path, other.kind.rawValue, other.methods.first ?? "")
        }
    }

    /// What is decided of paths that no route is for.
    private mutating func compareDefaults(_ before: PolicyView, _ after: PolicyView) {
        let (old, new) = (before.accessWithoutRoute, after.accessWithoutRoute)
        guard let kind = Self.kind(old, new, isKnownBefore: true, isKnownAfter: true) else { return }
        changes.append(
            PolicyChange(
                kind: kind, before: nil, after: nil, methods: [], path: "(no route)",
                accessBefore: old.description, accessAfter: new.description))
    }

    private mutating func compare(
        _ before: PolicyView, _ after: PolicyView, _ point: [PathTemplate.Segment], _ methods: [String?],
        _ told: inout Set<PolicyChangeKey>
    ) {
        let (oldPath, newPath) = (before.owner(of: point), after.owner(of: point))
        var groups: [PolicyChangeKey: [String?]] = [:]
        var order: [PolicyChangeKey] = []
        for method in methods {
            let (old, new) = (before.landing(on: oldPath, method), after.landing(on: newPath, method))
            let isKnownBefore = new.id.map(before.knows) ?? true
            let isKnownAfter = old.id.map(after.knows) ?? true
            // That no route is for a path is told once for all such paths.
            guard old.id != nil || new.id != nil,
                let kind = Self.kind(old.access, new.access, isKnownBefore: isKnownBefore, isKnownAfter: isKnownAfter)
            else { continue }
            let key = PolicyChangeKey(
                kind: kind, before: old.id, after: new.id, accessBefore: old.access.description,
                accessAfter: new.access.description)
            if groups[key] == nil { order.append(key) }
            groups[key, default: []].append(method)
        }
        for key in order {
            let methods = groups[key] ?? []
            // Those that no route names are told of as "any", together with the others.
            let names = methods.contains(nil) ? [] : methods.compactMap { $0 }.sorted()
            var whole = key
            whole.methods = names
            guard told.insert(whole).inserted else { continue }
            changes.append(
                PolicyChange(
                    kind: key.kind, before: key.before, after: key.after, methods: names, path: Self.text(of: point),
                    accessBefore: key.accessBefore, accessAfter: key.accessAfter))
        }
    }

    /// nil when the same get through.
    private static func kind(
        _ old: RouteAccess, _ new: RouteAccess, isKnownBefore: Bool, isKnownAfter: Bool
    ) -> PolicyChange.Kind? {
        let (fewer, more) = (new.isContained(in: old), old.isContained(in: new))
        if fewer, more {
            // What is only observed becomes public, or the other way round: the application is told other things.
            return old.letsAnybodyThrough && old.isObserved != new.isObserved ? .changed : nil
        }
        if more { return !isKnownBefore && old.requirement == .nobody ? .added : .loosened }
        if fewer { return !isKnownAfter && new.requirement == .nobody ? .removed : .tightened }
        return .changed
    }

    // MARK: - Paths

    /// What both match, as a template; nil when there is no such path.
    static func meeting(
        of one: ArraySlice<PathTemplate.Segment>, _ other: ArraySlice<PathTemplate.Segment>
    ) -> [PathTemplate.Segment]? {
        var (one, other) = (one, other)
        var common: [PathTemplate.Segment] = []
        while true {
            if case .rest? = one.first { return common + other }
            if case .rest? = other.first { return common + one }
            if one.isEmpty, other.isEmpty { return common }
            guard let first = one.popFirst(), let second = other.popFirst() else { return nil }
            switch (first, second) {
            case (.literal(let left), .literal(let right)):
                guard left == right else { return nil }
                common.append(first)
            case (.literal, _): common.append(first)
            case (_, .literal): common.append(second)
            case (.parameter, _), (.rest, _): common.append(first)
            }
        }
    }

    private static func text(of point: [PathTemplate.Segment]) -> String {
        guard !point.isEmpty else { return "/" }
        return point.map { segment in
            switch segment {
            case .literal(let bytes): "/" + String(decoding: bytes, as: UTF8.self)
            case .parameter(let name): "/{\(name)}"
            case .rest(let name): "/{\(name)...}"
            }
        }.joined()
    }
}

/// What makes two changes one.
private struct PolicyChangeKey: Hashable {
    let kind: PolicyChange.Kind
    let before: String?
    let after: String?
    let accessBefore: String
    let accessAfter: String
    var methods: [String] = []
}

/// A segment, whatever its parameter is called.
private enum PointSegment: Hashable {
    case literal([UInt8])
    case parameter
    case rest

    init(_ segment: PathTemplate.Segment) {
        switch segment {
        case .literal(let bytes): self = .literal(bytes)
        case .parameter: self = .parameter
        case .rest: self = .rest
        }
    }
}
