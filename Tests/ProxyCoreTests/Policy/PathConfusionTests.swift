import ProxyCore
import XCTest

/// The tricks with which other proxies were talked into another route than the upstream's.
final class PathConfusionTests: XCTestCase {
    private func routes() throws -> [RouteDefinition] {
        [
            try .route("GET /public/{rest...}", .public),
            try .route("GET /admin", .all(["admin"])),
            try .route("GET /admin/{rest...}", .all(["admin"])),
            try .route("GET /info/{name}", .all(["read"])),
            try .route("GET /cert-manager.io", .all(["read"])),
            try .route("GET /user/profile", .all(["admin"])),
        ]
    }

    /// Paths that some upstream reads as `/admin` or below.
    private let disguises = [
        "/public/../admin", "/public/%2e%2e/admin", "/public/..%2fadmin", "/public/..%2Fadmin/x",
        "/public/%2E./admin", "/public/..;/admin", "/public/..;a=b/admin", "/public/.;/../admin",
        "/public/..%3B/admin", "/public/\\..\\..\\admin", "/public/..%5cadmin", "/public\\..\\admin",
        "/public/%2e%2e%5cadmin", "/public//../../admin", "/public/x/..//../admin", "/public/./../admin",
        "/public/x%2f..%2f..%2fadmin", "/public/%2e%2e%2fadmin", "/public/;/../../admin", "/public/../../../admin",
        "/public/..%2f/admin", "/public/x;/../..;y/admin", "/public/..%2F%41dmin", "/public/../ADMIN",
        "/public/..%2fAdMiN", "/public/%2e%2e;/%61dmin", "/public/%252e%252e/admin", "/public/.%252E/admin",
        "/public/%252e%2e/%61dmin", "/public/%252e%252e%2fadmin",
    ]

    /// Paths that some upstream reads as `/admin` or below, and none of whose readings is public.
    private let odd = [
        "//admin", "/./admin", "/admin//x", "/%61dmin", "/admin%2fx", "/admin%5Cx", "/admin\\x", "/admin;x", "/ADMIN",
        "/Admin/x", "/x/../admin", "/;/admin", "/admin/.", "/admin/;x", "/%2fadmin", "/%5cadmin", "/.;/admin",
        "/info/..%2fadmin", "/info/../admin", "/admin%3Bx", "/info/x/../../admin",
    ]

    func testAPublicRouteOpensNothingElse() throws {
        let gate = try GateHarness(routes())
        let reader = gate.bearer("read")
        for path in disguises {
            XCTAssertEqual(gate.judge("GET \(path)"), .refuse(.missingToken), path)
            XCTAssertEqual(gate.judge("GET \(path)", reader), .refuse(.ambiguousPath), path)
        }
        for path in odd {
            XCTAssertEqual(gate.judge("GET \(path)"), .refuse(.missingToken), path)
            let outcome = gate.judge("GET \(path)", reader)
            let refusals: [GateHarness.Outcome] = [
                .refuse(.ambiguousPath), .refuse(.insufficientScope(route: 1)), .refuse(.insufficientScope(route: 2)),
            ]
            XCTAssertTrue(refusals.contains(outcome), "\(path): \(outcome)")
        }
    }

    func testWhoMayDoItUnderEveryReadingMayDoIt() throws {
        let gate = try GateHarness(routes() + [.route("GET /{any...}", .all(["admin"]))])
        let admin = gate.bearer("admin read")
        for path in disguises + odd {
            guard case .permit(_, identified: true) = gate.judge("GET \(path)", admin) else {
                XCTFail("\(path): every reading leads to a route that permits this caller")
                continue
            }
        }
        XCTAssertEqual(gate.judge("GET /public/../admin", admin), .permit(route: 0, identified: true))
    }

    func testAPathIsNoAuthorityToBeDropped() throws {
        let gate = try GateHarness([
            .route("GET /{rest...}", .all(["read"])), .route("GET /admin/{rest...}", .all(["admin"])),
        ])
        for path in [
            "//x/admin/users", "///x/admin/users", "/\\x/admin", "/\\x\\admin", "/%2fx/admin", "/%5C%2fx/%61dmin/x",
            "/.//x/admin/users", "/a/..//x/admin", "//x//admin/", "//u:p@x:80/admin", "//x/ADMIN/users",
            "//x//y/admin/z", "/;/x/admin/users",
        ] {
            XCTAssertEqual(gate.judge("GET \(path)", gate.bearer("read")), .refuse(.ambiguousPath), path)
            XCTAssertEqual(
                gate.judge("GET \(path)", gate.bearer("read admin")), .permit(route: 0, identified: true), path)
        }
        for path in ["//x/y", "//admins/x", "/x//admin", "//", "///"] {
            XCTAssertEqual(gate.judge("GET \(path)", gate.bearer("read")), .permit(route: 0, identified: true), path)
        }
    }

    func testADecodedPathIsParsedOnceMore() throws {
        let gate = try GateHarness([
            .route("GET /pub/{rest...}", .all(["read"])), .route("GET /pub/secret", .all(["admin"])),
            .route("GET /files/{name}", .all(["read"])) { $0.allowsEncodedSlash = true },
        ])
        for path in [
            "/pub/secret%23x", "/pub/secret%3Fx", "/pub/secret%3f", "/pub/secret/%23", "/pub/secret%23/../x",
            "/pub/%73ecret%3Fa%23b", "/pub/x/..%2fsecret%23", "/pub/secret;%3Fx", "/pub/SECRET%23x", "/files/%23",
            "/files/a%2F..%3Fx", "/files/a%2F..%23",
        ] {
            XCTAssertEqual(gate.judge("GET \(path)", gate.bearer("read")), .refuse(.ambiguousPath), path)
        }
        for path in ["/pub/secrets%23x", "/pub/%23secret", "/pub/a%3Fsecret", "/pub/secret%2523"] {
            XCTAssertEqual(gate.judge("GET \(path)", gate.bearer("read")), .permit(route: 0, identified: true), path)
        }
    }

    func testLiteralsAreLiteral() throws {
        let gate = try GateHarness(routes())
        let reader = gate.bearer("read")
        XCTAssertEqual(gate.judge("GET /cert-manager.io", reader), .permit(route: 4, identified: true))
        XCTAssertEqual(gate.judge("GET /cert-managerXio", reader), .refuse(.noRoute))
        XCTAssertEqual(gate.judge("GET /public", reader), .permit(route: 0, identified: false))
        XCTAssertEqual(gate.judge("GET /publicity"), .refuse(.missingToken))
    }

    func testRefusedUnread() throws {
        let gate = try GateHarness(routes())
        for (path, problem) in [
            ("/public/%00", PathProblem.encodedControl), ("/public/%0d%0aX", .encodedControl),
            ("/public/%zz", .invalidPercentEncoding), ("/public/%", .invalidPercentEncoding),
            ("/public/%c0%ae%c0%ae/admin", .overlongUTF8),
        ] {
            XCTAssertEqual(gate.judge("GET \(path)"), .refuse(.invalidPath(problem)), path)
        }
        let endless = "/public/" + String(repeating: "%2e%2e%2f;\\", count: 700)
        XCTAssertEqual(gate.judge("GET \(endless)"), .refuse(.ambiguousPath))
    }

    func testHarmlessOddPathsPass() throws {
        let gate = try GateHarness(routes())
        let reader = gate.bearer("read")
        for path in [
            "/info/a%20b", "/info/%C3%A9", "/info/C%23", "/info/a%3Fb", "/info/a;v=1", "/info/100%25", "/info/a%40b",
            "/info/a/", "/info/..a", "/info/a..", "/info/...", "/info/.hidden", "/info/x|y", "/info/{x}",
        ] {
            XCTAssertEqual(gate.judge("GET \(path)", reader), .permit(route: 3, identified: true), path)
        }
        for path in ["/public/a//b", "/public/a%2Fb", "/public/a/../b", "/public/%41", "/public/a\\b", "/PUBLIC/x"] {
            let expected: GateHarness.Outcome =
                path == "/PUBLIC/x" ? .refuse(.missingToken) : .permit(route: 0, identified: false)
            XCTAssertEqual(gate.judge("GET \(path)"), expected, path)
        }
    }

    func testLetterCase() throws {
        let gate = try GateHarness([
            .route("GET /Admin", .all(["admin"])), .route("GET /{name}", .all(["read"])),
            .route("GET /Both/x", .all(["read"])), .route("GET /both/x", .all(["admin"])),
        ])
        let reader = gate.bearer("read")
        let both = gate.bearer("read admin")
        XCTAssertEqual(gate.judge("GET /other", reader), .permit(route: 1, identified: true))
        XCTAssertEqual(gate.judge("GET /admin", reader), .refuse(.ambiguousPath))
        XCTAssertEqual(gate.judge("GET /admin", both), .permit(route: 1, identified: true))
        XCTAssertEqual(gate.judge("GET /Both/x", reader), .refuse(.ambiguousPath))
        XCTAssertEqual(gate.judge("GET /Both/x", both), .permit(route: 2, identified: true))
        XCTAssertEqual(gate.judge("GET /BOTH/x", both), .refuse(.ambiguousPath), "as sent it is nobody's path")
    }

    func testEncodedSlashAsData() throws {
        func files(_ allows: Bool) throws -> GateHarness {
            try GateHarness([
                .route("GET /files/{name}", .all(["read"])) { $0.allowsEncodedSlash = allows },
                .route("GET /files/{name}/meta", .all(["read"])),
                .route("GET /tree/{path...}", .all(["read"])) { $0.allowsEncodedSlash = allows },
                .route("GET /admin/{rest...}", .all(["admin"])),
            ])
        }
        let keeping = try files(true)
        let splitting = try files(false)
        let rows: [(path: String, kept: GateHarness.Outcome, split: GateHarness.Outcome)] = [
            ("/files/a%2Fb", .permit(route: 0, identified: true), .refuse(.ambiguousPath)),
            ("/files/a%2fb%20c", .permit(route: 0, identified: true), .refuse(.ambiguousPath)),
            ("/files/a%2Fmeta", .permit(route: 0, identified: true), .permit(route: 0, identified: true)),
            ("/files/a%2Fb/meta", .refuse(.ambiguousPath), .refuse(.ambiguousPath)),
            ("/files/..%2F..%2Fadmin%2Fx", .refuse(.ambiguousPath), .refuse(.ambiguousPath)),
            ("/files/a%2F..%2Fb", .refuse(.ambiguousPath), .refuse(.ambiguousPath)),
            ("/files/a%2F%2e%2e", .refuse(.ambiguousPath), .refuse(.ambiguousPath)),
            ("/files/a%5Cb%2Fc", .refuse(.ambiguousPath), .refuse(.ambiguousPath)),
            ("/files/x%2Fy/../../admin/z", .refuse(.ambiguousPath), .refuse(.ambiguousPath)),
            ("/tree/a%2Fb/c", .permit(route: 2, identified: true), .permit(route: 2, identified: true)),
            ("/tree/a%2F..%2F..%2Fadmin", .refuse(.ambiguousPath), .refuse(.ambiguousPath)),
        ]
        for (path, kept, split) in rows {
            XCTAssertEqual(keeping.judge("GET \(path)", keeping.bearer("read")), kept, "kept: \(path)")
            XCTAssertEqual(splitting.judge("GET \(path)", splitting.bearer("read")), split, "split: \(path)")
            XCTAssertEqual(keeping.judge("GET \(path)"), .refuse(.missingToken), path)
        }
    }

    func testTheSameWithOneAndWithAThousandRoutes() throws {
        let one = try RouteDefinition.route("GET /Only/{id}", .all(["read"]))
        let others = try (0..<999).map { try RouteDefinition.route("GET /Other\($0)/{id}", .all(["other"])) }
        let small = try GateHarness([one])
        let large = try GateHarness([one] + others)
        for path in ["/Only/1", "/only/1", "/Only/%31", "/Only//1", "/Only/a%2Fb", "/Only/../Only/1", "/x", "/Only"] {
            for scopes in ["read", "", "other"] {
                XCTAssertEqual(
                    small.judge("GET \(path)", small.bearer(scopes)), large.judge("GET \(path)", large.bearer(scopes)),
                    "\(path) \(scopes)")
            }
        }
    }
}
