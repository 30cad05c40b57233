/// What the environment says about proxies: the variables that curl reads, read as curl does.
///
/// `https_proxy` is for https addresses and `http_proxy` for http ones; `all_proxy` is for both when these are not set.
/// The upper-case names count when the lower-case ones do not, except `HTTP_PROXY`, which a web server sets from a
/// field of its caller's. Addresses that stay on this machine never go through a proxy.
package struct ForwardProxySettings: Sendable, Equatable {
    /// Where a connection to a key server leads first.
    package enum Route: Sendable, Equatable {
        case direct
        case proxy(ForwardProxy)
        /// The variable with this name is not usable. Nobody is called then: the operator wanted a proxy.
        case unusable(variable: String, ForwardProxy.Problem)
    }

    private let https: Route
    private let http: Route
    private let exceptions: ProxyExceptions

    /// No proxies.
    package static let none = ForwardProxySettings { _ in nil }

    package init(environment: (String) -> String?) {
        https = Self.route(by: ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"], environment)
        http = Self.route(by: ["http_proxy", "all_proxy", "ALL_PROXY"], environment)
        exceptions = ProxyExceptions(Self.first(of: ["no_proxy", "NO_PROXY"], environment)?.value ?? "")
    }

    package func route(to location: KeyLocation) -> Route {
        if location.isLoopback || exceptions.contain(location) { return .direct }
        return switch location.scheme {
        case .https: https
        case .http: http
        }
    }

    private static func route(by names: [String], _ environment: (String) -> String?) -> Route {
        guard let (name, value) = first(of: names, environment) else { return .direct }
        do throws(ForwardProxy.Problem) {
            return .proxy(try ForwardProxy(value))
        } catch {
            return .unusable(variable: name, error)
        }
    }

    /// The first variable that is set and not empty.
    private static func first(
        of names: [String], _ environment: (String) -> String?
    ) -> (name: String, value: String)? {
        for name in names {
            if let value = environment(name), !value.isEmpty { return (name, value) }
        }
        return nil
    }
}
