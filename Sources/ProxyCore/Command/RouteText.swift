/// A route in words: those of the configuration, where it has some.
struct RouteText {
    private let table: RouteTable
    private let mode: EnforcementMode
    private let answered: [MethodSet]

    /// - Parameter mode: for routes that have none of their own.
    init(_ table: RouteTable, mode: EnforcementMode) {
        self.table = table
        self.mode = mode
        answered = table.answeredMethods
    }

    /// As in "GET,HEAD".
    func methods(of route: Int) -> String {
        if answered[route] == .any { return "any" }
        let names = table.methods.names(in: answered[route])
        return names.isEmpty ? "none" : names.joined(separator: ",")
    }

    func requirement(of route: Int) -> String {
        switch table.definitions[route].requirement {
        case .all: "scopes \(table.scopeList(of: route))"
        case .any: "any_scope \(table.scopeList(of: route))"
        case .authenticated: "authenticated"
        case .public: "public"
        }
    }

    /// As in `tenant = {tenant}`.
    func conditions(of route: Int) -> [String] { table.definitions[route].claims.map(Self.condition) }

    func mode(of route: Int?) -> EnforcementMode { route.flatMap { table.definitions[$0].mode } ?? mode }

    static func mode(_ mode: EnforcementMode) -> String {
        switch mode {
        case .enforce: "enforce"
        case .observe: "observe"
        }
    }

    /// The route's id, and its path unless the id holds it.
    func name(of route: Int) -> String {
        let definition = table.definitions[route]
        let isInID = definition.id.split(separator: " ").contains { $0 == definition.template.text }
        return isInID ? definition.id : "\(definition.id) (\(definition.template.text))"
    }

    static func condition(_ condition: ClaimCondition) -> String {
        switch condition.expectation {
        case .value(let value): "\(condition.claim.text) = \"\(value)\""
        case .parameter(let name): "\(condition.claim.text) = {\(name)}"
        }
    }
}
