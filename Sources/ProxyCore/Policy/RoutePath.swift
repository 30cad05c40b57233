/// A path that has routes.
struct RoutePath: Sendable {
    struct Entry: Sendable {
        /// What the route answers; for `GET` without another route that names `HEAD`, `HEAD` too.
        var methods: MethodSet
        var route: Int
    }

    var entries: [Entry] = []
    var allowed = MethodSet.none

    /// With `HEAD` following `GET` where no route names it.
    var finished: RoutePath {
        var path = self
        let named = path.entries.reduce(MethodSet.none) { $0.union($1.methods) }
        if !named.contains(MethodNames.head) {
            for index in path.entries.indices where path.entries[index].methods.contains(MethodNames.get) {
                path.entries[index].methods = path.entries[index].methods.inserting(MethodNames.head)
            }
        }
        path.allowed = path.entries.reduce(MethodSet.none) { $0.union($1.methods) }
        return path
    }
}
