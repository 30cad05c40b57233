/// Why a redirect is not followed.
package enum RedirectProblem: Error, Sendable, Equatable {
    /// To another host, or to another port of it.
    case elsewhere(origin: String)
    case fromHTTPSToHTTP
    case malformedTarget
    case noTarget
    case tooMany

    /// A clause for people.
    package var message: String {
        switch self {
        case .elsewhere(let origin): "the server redirects to another one, \(origin), which is not followed"
        case .fromHTTPSToHTTP: "the server redirects from https to http, which is not followed"
        case .malformedTarget: "the server redirects to something that is not an https or http address"
        case .noTarget: "the server redirects without saying where to"
        case .tooMany: "the server redirects again and again"
        }
    }
}
