/// What `check` warns of, in words.
enum RouteWarningText {
    static func sentence(_ warning: RouteReport.Warning, _ routes: RouteText) -> String {
        switch warning {
        case .publicRoute(let route): "\(routes.name(of: route)) is public: anybody may call it"
        case .anyMethod(let route): "\(routes.name(of: route)) names no methods: it answers all of them"
        case .noMethod(let route): "\(routes.name(of: route)) has an empty list of methods: it can never match"
        case .neverMatches(let route):
            "\(routes.name(of: route)) can never match: more specific routes own every path that it could"
        case .hidesMethods(let specific, let general, let methods):
            "\(routes.name(of: specific)) answers 405 to \(list(methods)), which \(routes.name(of: general)) would "
                + "allow: the most specific path owns a request"
        case .differsOnlyInCase(let one, let other):
            "\(routes.name(of: one)) and \(routes.name(of: other)) differ only in letter case: callers need to be "
                + "permitted by both, as some upstreams ignore it"
        case .parametersInLiteral(let route):
            "\(routes.name(of: route)) holds a ; in its path: callers need to be permitted without what follows it "
                + "too, as some upstreams strip that"
        case .looksLikeParameter(let route, let segment):
            "\(routes.name(of: route)) holds \(segment) as it stands: a parameter is written {name}"
        }
    }

    private static func list(_ methods: [String]) -> String {
        methods.isEmpty ? "every other method" : methods.joined(separator: ", ")
    }
}
