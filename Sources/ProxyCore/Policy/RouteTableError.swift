/// Everything that keeps a list of routes from being a table. Routes are named by their index in the list.
package struct RouteTableError: Error, Sendable, Equatable {
    package enum Problem: Sendable, Equatable {
        /// Two routes of the same shape answer the same method; `methods` are those both name, none when one of them
        /// answers any method.
        case conflict(Int, Int, methods: [String])
        /// A claim condition names a parameter that the route's path does not have.
        case unknownParameter(route: Int, name: String)
        /// The table names more methods than can be told apart.
        case tooManyMethods(route: Int)
    }

    package let problems: [Problem]
}
