/// Reads `routes`.
struct RouteReader {
    private let object: ConfigurationObject

    /// The routes; nil when one of them is not usable, or they are no table.
    static func readAll(_ value: ConfigurationValue) -> [RouteDefinition]? {
        guard let elements = value.elements(of: "routes") else { return nil }
        var routes: [RouteDefinition] = []
        // The place in the file of each of `routes`.
        var places: [(index: Int, value: ConfigurationValue)] = []
        for (index, element) in elements.enumerated() {
            guard let object = element.object(.route), let route = RouteReader(object: object).read() else { continue }
            routes.append(route)
            places.append((index, element))
        }
        checkIDs(routes, places)
        checkTable(routes, places)
        return routes.count == elements.count ? routes : nil
    }

    static func readMode(_ value: ConfigurationValue) -> EnforcementMode? {
        value.choice(["enforce": .enforce, "observe": .observe])
    }

    private func read() -> RouteDefinition? {
        let template = object.required("path", "missing: a template like /v2/users/{uid}").flatMap(readTemplate)
        let methods = object["methods"]?.list(of: "methods", Self.readMethod)
        let requirement = readRequirement()
        let claims = object["claims"].map { readClaims($0, template, requirement) }
        let id = object["id"].flatMap(Self.readID)
        var overrides = LimitsReader.readRouteOverrides(object)
        overrides.cutsAtExpiry = readCutAtExpiry(requirement)
        let mode = object["mode"].flatMap(Self.readMode)
        let allowsEncodedSlash = object["allow_encoded_slash"]?.bool() ?? false
        guard let template, let requirement else { return nil }
        let name = "\(methods?.joined(separator: ",") ?? "*") \(template.text)"
        var route = RouteDefinition(id: id ?? name, template: template, methods: methods, requirement: requirement)
        route.claims = claims ?? []
        route.mode = mode
        route.allowsEncodedSlash = allowsEncodedSlash
        route.overrides = overrides
        return route
    }

    private func readTemplate(_ value: ConfigurationValue) -> PathTemplate? {
        guard let text = value.text() else { return nil }
        do throws(PathTemplateError) {
            return try PathTemplate(text)
        } catch {
            value.report(error.message, atByte: error.offset, of: text)
            return nil
        }
    }

    private func readRequirement() -> RouteDefinition.Requirement? {
        let kinds = ["scopes", "any_scope", "authenticated", "public"].filter(object.has)
        guard let kind = kinds.first else {
            object.report("names none of scopes, any_scope, authenticated and public: say who may call it")
            return nil
        }
        for other in kinds.dropFirst() { object.report(key: other, "contradicts \(kind): a route has one of them") }
        guard let value = object[kind] else { return nil }
        switch kind {
        case "scopes": return value.list(of: "scopes", Self.readScope).map { .all($0) }
        case "any_scope": return value.list(of: "scopes", Self.readScope).map { .any($0) }
        case "public": return readTrue(value) ? .public : nil
        case _: return readTrue(value) ? .authenticated : nil
        }
    }

    private func readTrue(_ value: ConfigurationValue) -> Bool {
        guard let bool = value.bool() else { return false }
        if !bool { value.report("can only be true: for anything else leave the key out, and name the scopes") }
        return bool
    }

    private func readClaims(
        _ value: ConfigurationValue, _ template: PathTemplate?, _ requirement: RouteDefinition.Requirement?
    ) -> [ClaimCondition] {
        if requirement == .public {
            object.report(key: "claims", "contradicts public: without a token there are no claims")
        }
        guard let entries = value.entries(of: "claims and their values") else { return [] }
        if entries.isEmpty { value.report("must not be empty: name a claim, or leave the key out") }
        var conditions: [ClaimCondition] = []
        for (key, value) in entries {
            let claim = ClaimPath(dotted: key.written)
            if claim == nil { key.report(IssuerReader.claimPathRule) }
            let expectation = readExpectation(value, template)
            if let claim, let expectation { conditions.append(ClaimCondition(claim: claim, expectation: expectation)) }
        }
        return conditions
    }

    private func readExpectation(
        _ value: ConfigurationValue, _ template: PathTemplate?
    ) -> ClaimCondition.Expectation? {
        if let number = value.json.integer { return .value("\(number)") }
        guard value.isString else { return value.mismatch("a string or a whole number") }
        guard let text = value.text() else { return nil }
        // Braces are looked for in what the file says: what a reference stands for is a value, whatever it holds.
        let written = value.written.utf8
        guard written.contains(0x7B) || written.contains(0x7D), !written.contains(0x24) else { return .value(text) }
        guard text.utf8.first == 0x7B, text.utf8.last == 0x7D, text.utf8.count > 2 else {
            value.report("a path parameter stands alone: \"{name}\"")
            return nil
        }
        let name = String(text.dropFirst().dropLast())
        guard let template else { return nil }
        guard template.parameterNames.contains(name) else {
            let names = template.parameterNames
            let nearest = EditDistance.nearest(to: name, among: names)
            value.report("the path has no parameter {\(name)}", suggestion: nearest.map { "{\($0)}" })
            return nil
        }
        return .parameter(name)
    }

    private func readCutAtExpiry(_ requirement: RouteDefinition.Requirement?) -> Bool {
        guard object["cut_at_expiry"]?.bool() ?? false else { return false }
        if requirement == .public {
            object.report(key: "cut_at_expiry", "contradicts public: without a token nothing expires")
        }
        return true
    }

    static func readID(_ value: ConfigurationValue) -> String? {
        guard let text = value.text() else { return nil }
        let isPrintable = text.utf8.allSatisfy { $0 >= ASCII.space && $0 < ASCII.delete }
        if isPrintable, text.utf8.count <= 256 { return text }
        value.report("must be at most 256 printable ASCII characters")
        return nil
    }

    private static func readMethod(_ value: ConfigurationValue, _ text: String) -> String? {
        let standard = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
        let upper = text.uppercased()
        if upper == "CONNECT" || upper == "TRACE" {
            value.report("is never forwarded: the proxy refuses it")
        } else if standard.contains(upper), upper != text {
            value.report("methods are case-sensitive", suggestion: upper)
        } else if text == "*" {
            value.report("for every method leave the key methods out")
        } else if !HeaderRules.isToken(text) {
            value.report("not a method")
        } else {
            return text
        }
        return nil
    }

    private static func readScope(_ value: ConfigurationValue, _ text: String) -> String? {
        let name = text
        if ScopeToken.isValid(name.utf8.span) { return name }
        value.report("a scope holds printable ASCII characters without spaces, \" and \\: name each one by itself")
        return nil
    }

    private static func checkIDs(_ routes: [RouteDefinition], _ places: [(index: Int, value: ConfigurationValue)]) {
        var first: [String: Int] = [:]
        for (route, place) in zip(routes, places) {
            guard let earlier = first[route.id] else {
                first[route.id] = place.index
                continue
            }
            if let id = place.value.json["id"] {
                ConfigurationValue(json: id, source: place.value.source)
                    .report("the same id as that of routes[\(earlier)]")
            } else if places.contains(where: { $0.index == earlier && $0.value.json["id"] != nil }) {
                place.value.report("its default id is the id of routes[\(earlier)]: give it one of its own")
            }
            // Two default ids are only the same when the routes conflict, which is told in better words.
        }
    }

    private static func checkTable(_ routes: [RouteDefinition], _ places: [(index: Int, value: ConfigurationValue)]) {
        do throws(RouteTableError) {
            _ = try RouteTable(routes)
        } catch {
            for problem in error.problems {
                switch problem {
                case .conflict(let first, let second, let methods):
                    let common =
                        methods.isEmpty
                        ? "one of them answers any method" : "both answer \(methods.joined(separator: ", "))"
                    places[second].value.report(
                        "conflicts with routes[\(places[first].index)] (\(routes[first].id)): "
                            + "their paths have the same shape, and \(common)")
                case .unknownParameter(let route, let name):
                    places[route].value.report("the path has no parameter {\(name)}")
                case .tooManyMethods(let route):
                    places[route].value.report("the table names more different methods than it can hold")
                }
            }
        }
    }
}
