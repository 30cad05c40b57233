/// Why a request would be allowed or refused: what the gate sees and what it makes of it.
package struct Explanation: Sendable {
    /// One reading of the path.
    package struct Line: Sendable, Equatable {
        package let path: String
        /// What an upstream does to read it like this; empty as sent.
        package let steps: [PathStep]
        package let ignoresCase: Bool
        package let landing: RouteLanding
        /// What speaks against this caller here; nil when nothing does.
        package let denial: Denial?
    }

    package enum Answer: Sendable, Equatable {
        /// Forwarded without looking for a token.
        case publicRoute
        case permitted
        /// Forwarded only because of `observe`.
        case observed(Denial)
        case refused(Denial)
        /// Held back until the issuer's keys have been fetched anew.
        case awaitsKeys(issuer: Int)
    }

    /// The readings, the path as sent first; empty when the path is refused unread.
    package let lines: [Line]
    package let route: Int?
    package let answer: Answer
    /// True when a reading hides dot segments behind an encoded slash that its route takes for data.
    package let hidesDotSegments: Bool
    /// Whose token it is, when one was given and is valid.
    package let caller: AuthenticatedCaller?
}

/// In whose name a request is explained.
package enum ExplainedCaller: Sendable {
    case nobody
    /// The value of an `Authorization: Bearer` field, and the certificate that the caller shows.
    case token([UInt8], certificate: CertificateThumbprint? = nil)
    /// Somebody whose valid token carries these scopes, and none of the claims that conditions name.
    case scopes([String])
}

extension Gate {
    /// What `judge` would say, step by step; by the same code, so that it cannot differ.
    package func explain(method: String, path: String, _ caller: ExplainedCaller, now: UnixTime) -> Explanation {
        let pathBytes = Array(path.utf8)
        let methodBytes = Array(method.utf8)
        let number = policy.table.methods.number(of: methodBytes.span)
        let landings: PathLandings
        do throws(PathProblem) {
            landings = try PathLandings(pathBytes.span, method: number, in: policy.table)
        } catch {
            return Explanation(
                lines: [], route: nil, answer: .refused(error.denial), hidesDotSegments: false, caller: nil)
        }
        let standing: AccessPolicy.Standing
        var authenticated: AuthenticatedCaller?
        switch caller {
        case .nobody: standing = .denied(.missingToken)
        case .scopes(let scopes):
            standing = .granted(CallerGrants(scopes: scopes.map { Array($0.utf8) }, in: policy.table))
        case .token(let token, let certificate):
            let authentication = authenticate(
                .token(ByteRange(0, token.count)), in: token.span, certificate: certificate, now: now)
            standing = authentication.standing
            authenticated = authentication.caller
        }
        return Explanation(
            lines: lines(landings, pathBytes, standing), route: landings.route,
            answer: answer(landings, pathBytes, standing), hidesDotSegments: landings.hidesDotSegments,
            caller: authenticated)
    }

    private func answer(
        _ landings: PathLandings, _ path: [UInt8], _ standing: AccessPolicy.Standing
    ) -> Explanation.Answer {
        if policy.isPublic(landings) { return .publicRoute }
        return switch policy.decide(landings, path: path.span, standing, mayAwaitKeys: true) {
        case .permit: .permitted
        case .observe(let denial): .observed(denial)
        case .refuse(let denial): .refused(denial)
        case .awaitKeys(let issuer): .awaitsKeys(issuer: issuer)
        }
    }

    private func lines(
        _ landings: PathLandings, _ path: [UInt8], _ standing: AccessPolicy.Standing
    ) -> [Explanation.Line] {
        let first = Explanation.Line(
            path: String(decoding: path, as: UTF8.self), steps: [], ignoresCase: false,
            landing: landings.asSent, denial: denial(landings.asSent, path, standing))
        return [first]
            + landings.others.map { other in
                Explanation.Line(
                    path: other.reading.text, steps: other.reading.steps, ignoresCase: other.ignoresCase,
                    landing: other.landing, denial: denial(other.landing, other.reading.bytes, standing))
            }
    }

    private func denial(_ landing: RouteLanding, _ path: [UInt8], _ standing: AccessPolicy.Standing) -> Denial? {
        if case .route(let route) = landing, policy.table.rules[route].isPublic { return nil }
        return switch standing {
        case .granted(let grants): policy.denial(landing, path: path.span, grants)
        case .denied(let denial): denial
        case .keyNeeded(_, let denial): denial
        }
    }
}
