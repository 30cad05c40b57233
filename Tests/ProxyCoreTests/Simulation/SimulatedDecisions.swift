#if FAULT_INJECTION
    /// What may come of a request under the rules, keys and times that there were while it may have been judged.
    struct SimulatedDecisions {
        /// The rules that permit it.
        private(set) var permittedBy: [SimulatedRules] = []
        /// The codes with which it may be refused.
        private(set) var codes: Set<String> = []
        /// The rules that there were.
        private(set) var rules: [SimulatedRules] = []

        var forward: Bool { !permittedBy.isEmpty }

        private static let ambiguous: Set = [
            "ambiguous_path", "missing_token", "invalid_request", "invalid_token", "keys_unavailable", "no_route",
        ]
        private static let briefEnd = SimulatedTokens.wallStart + SimulatedTokens.briefSeconds

        init(
            _ request: PlannedRequest, rules: [SimulatedRules], keys: [[String]?], walls: ClosedRange<Int64>
        ) {
            self.rules = rules
            for rules in rules { judge(request, rules, keys, walls) }
        }

        private mutating func judge(
            _ request: PlannedRequest, _ rules: SimulatedRules, _ keys: [[String]?], _ walls: ClosedRange<Int64>
        ) {
            guard request.route != .ambiguous else {
                codes.formUnion(Self.ambiguous)
                return
            }
            let need = rules.need(request.route)
            if need == .nothing {
                let isTooLarge = request.route == .small && request.body.count > rules.smallMax ?? .max
                if isTooLarge { codes.insert("content_too_large") }
                if !isTooLarge || request.isChunked { permit(rules) }
                return
            }
            switch request.credentials {
            case .none: codes.insert("missing_token")
            case .twice: codes.insert("invalid_request")
            case .garbage: codes.insert("invalid_token")
            case .reader, .writer, .rotated, .brief, .unknownKey, .expired, .forged:
                for keys in keys { judgeToken(request, rules, need, keys, walls) }
            }
        }

        private mutating func judgeToken(
            _ request: PlannedRequest, _ rules: SimulatedRules, _ need: SimulatedRules.Need, _ keys: [String]?,
            _ walls: ClosedRange<Int64>
        ) {
            guard rules.knowsIssuer else {
                codes.insert("invalid_token")
                return
            }
            guard let keys else {
                codes.insert("keys_unavailable")
                if mayHaveExpired(request, walls) || !rules.isAudience { codes.insert("invalid_token") }
                return
            }
            for isValid in rules.isAudience ? validities(request, keys, walls) : [false] {
                switch (isValid, need) {
                case (false, _): codes.insert("invalid_token")
                case (true, .unreachable): codes.insert("no_route")
                case (true, .scope(let scope)) where !request.credentials.scopes.contains(scope):
                    codes.insert("insufficient_scope")
                case (true, _): permit(rules)
                }
            }
        }

        private mutating func permit(_ rules: SimulatedRules) {
            if !permittedBy.contains(rules) { permittedBy.append(rules) }
        }

        private func validities(
            _ request: PlannedRequest, _ keys: [String], _ walls: ClosedRange<Int64>
        ) -> Set<Bool> {
            guard let key = request.credentials.key, keys.contains(key) else { return [false] }
            switch request.credentials {
            case .expired, .forged, .none, .garbage, .twice, .unknownKey: return [false]
            case .reader, .writer, .rotated: return [true]
            case .brief:
                var validities: Set<Bool> = []
                if walls.lowerBound <= Self.briefEnd { validities.insert(true) }
                if mayHaveExpired(request, walls) { validities.insert(false) }
                return validities
            }
        }

        private func mayHaveExpired(_ request: PlannedRequest, _ walls: ClosedRange<Int64>) -> Bool {
            switch request.credentials {
            case .expired: true
            case .brief: walls.upperBound >= Self.briefEnd
            case .none, .reader, .writer, .rotated, .unknownKey, .forged, .garbage, .twice: false
            }
        }
    }
#endif
