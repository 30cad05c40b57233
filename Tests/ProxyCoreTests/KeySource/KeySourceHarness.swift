import ProxyCore
import XCTest

/// A running key source and what it has said so far. Its pauses are milliseconds where they matter to a test, and hours
/// where nothing should happen.
final class KeySourceHarness {
    let snapshots = Recorder<KeySnapshot>()
    let events = Recorder<KeySourceEvent>()
    let source: KeySource

    init(
        _ origin: KeyOrigin, issuer: String = "https://issuer.example/", stateDirectory: String? = nil,
        _ adjust: (inout KeySchedule) -> Void = { _ in }
    ) throws {
        var schedule = KeySchedule(KeyRefresh())
        schedule.refresh.minLifetime = .milliseconds(1)
        schedule.refresh.defaultLifetime = .seconds(3600)
        schedule.retryMin = .milliseconds(10)
        schedule.retryMax = .milliseconds(40)
        adjust(&schedule)
        let settings = KeySourceSettings(
            issuer: 3, issuerName: issuer, origin: origin, schedule: schedule, stateDirectory: stateDirectory,
            access: .test)
        source = try KeySource(settings, publish: snapshots.record, log: events.record)
        try source.start()
    }

    deinit { source.stop() }

    var newest: KeySnapshot? { snapshots.values.last }

    /// The first failure with this cause, once it has come.
    @discardableResult
    func awaitFailure(_ cause: String, line: UInt = #line) throws -> KeySourceEvent {
        try events.await("failure", line: line) { event in
            guard case .fetchFailed(let failure, _, _) = event else { return false }
            return failure.cause.description == cause
        }
    }
}

extension KeyAccess {
    static let test = KeyAccess(proxies: .none, userAgent: "scopeproxy/test")
}

extension KeyOrigin {
    /// The issuer whose name is the address of `server` and this path.
    static func discovery(_ server: ScriptedServer, path: String = "") throws -> KeyOrigin {
        let issuer = "http://127.0.0.1:\(server.port)\(path)"
        return .discovery(try KeyDiscovery(issuer: issuer, allowsInsecure: false))
    }

    static func network(_ server: ScriptedServer) throws -> KeyOrigin {
        .network(try KeyLocation("http://127.0.0.1:\(server.port)/jwks.json"))
    }
}

/// Key sets to serve.
enum KeySetText {
    /// One usable key for each of `kids`: that of RFC 7517 appendix A.1, as nobody here checks signatures.
    static func with(_ kids: String...) -> String {
        let keys = kids.map { kid in
            """
            {"kty":"EC","crv":"P-256","kid":"\(kid)","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",\
            "y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}
            """
        }
        return "{\"keys\":[\(keys.joined(separator: ","))]}"
    }

    static let empty = "{\"keys\":[]}"
    static let unusable = "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AA\",\"kid\":\"secret\"}]}"

    /// The answer of a server that has this key set.
    static func response(_ body: String, _ fields: String = "") -> [ScriptedServer.Step] {
        [.send("HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\(fields)\r\n\(body)")]
    }
}

extension [ScriptedServer.Step] {
    static func json(_ text: String, _ fields: String = "") -> Self { KeySetText.response(text, fields) }

    static func keys(_ kid: String) -> Self { KeySetText.response(KeySetText.with(kid)) }

    /// Metadata of the issuer `base` with `path`, whose keys are at the target `keys` of the same server.
    static func metadata(_ base: String, _ path: String, keys: String, _ fields: String = "") -> Self {
        json("{\"issuer\":\"\(base)\(path)\",\"jwks_uri\":\"\(base)\(keys)\"}", fields)
    }
}
