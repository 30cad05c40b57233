import ProxyCore
import XCTest

final class CheckCommandTests: XCTestCase {
    private let directory = TemporaryDirectory()

    override func setUp() {
        directory.write("{\"keys\":[\(TestSigner().jwk())]}", to: "keys.json")
    }

    func testTheTableStandsInOrderOfPrecedence() {
        let configuration = ConfigurationText(
            #"{"path":"/{rest...}","methods":["GET"],"authenticated":true,"id":"rest"}"#,
            #"{"path":"/u/{id}","methods":["GET","DELETE"],"any_scope":["a","b"],"mode":"observe"}"#,
            #"{"path":"/u/me","methods":["GET"],"scopes":["p:read"],"id":"me","claims":{"tenant":"acme","level":3}}"#,
            #"{"path":"/f/{name}","methods":["GET","HEAD"],"scopes":["x","y"],"allow_encoded_slash":true,"id":"f"}"#,
            #"{"path":"/f/{name}","methods":["PURGE"],"scopes":["x"],"claims":{"owner":"{name}"}}"#,
            #"{"path":"/healthz","public":true}"#)
        let run = CommandRun("check", directory.write(configuration.text, to: "routes.json"))
        XCTAssertEqual(run.errors, [])
        XCTAssertEqual(run.status, .success)
        let expected = #"""
            METHODS          PATH        REQUIREMENT    CONDITIONS                    MODE     ID
            GET,HEAD         /f/{name}   scopes x y     allow_encoded_slash           enforce  f
            PURGE            /f/{name}   scopes x       owner = {name}                enforce  PURGE /f/{name}
            any              /healthz    public         -                             enforce  * /healthz
            GET,HEAD         /u/me       scopes p:read  tenant = "acme", level = "3"  enforce  me
            GET,HEAD,DELETE  /u/{id}     any_scope a b  -                             observe  GET,DELETE /u/{id}
            GET,HEAD         /{rest...}  authenticated  -                             enforce  rest

            warning: * /healthz is public: anybody may call it
            warning: * /healthz names no methods: it answers all of them
            warning: me (/u/me) answers 405 to DELETE, which GET,DELETE /u/{id} would allow: the most specific path \#
            owns a request
            """#
        let first = ["\(directory.path("routes.json")) is valid: 6 routes, 1 issuer", ""]
        let rest = expected.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        XCTAssertEqual(run.output, first + rest)
    }

    func testTheMemoryThatAllLimitsComeTo() throws {
        var configuration = ConfigurationText(#"{"path":"/a","methods":["GET"],"authenticated":true}"#)
        configuration.more = #""workers":2,"limits":{"connections":1000,"token_cache_entries":10},"#
        let run = CommandRun("check", directory.write(configuration.text, to: "routes.json"))
        XCTAssertEqual(run.status, .success, "\(run.errors)")
        let numbers = run.memory.dropFirst().dropLast().compactMap { line in
            Int(line.drop { $0 == " " }.prefix { $0 != " " })
        }
        XCTAssertEqual(run.memory.count, numbers.count + 2)
        XCTAssertEqual(run.memory.dropFirst().first, "  125 MiB  two buffers of each (limits.connections)")
        XCTAssertEqual(run.memory.last, "memory: for less, lower limits.connections")
        let first = try XCTUnwrap(run.memory.first?.split(separator: " ").compactMap { Int($0) }.first)
        // Each is rounded up by itself.
        XCTAssertTrue((numbers.reduce(0, +) - numbers.count...numbers.reduce(0, +)).contains(first), "\(run.memory)")
        XCTAssertEqual(CommandRun("check", directory.path("absent.json")).memory, [])
    }

    func testEveryWarning() {
        let table: [([String], [String])] = [
            ([#"{"path":"/a","methods":["GET"],"authenticated":true}"#], []),
            (
                [
                    #"{"path":"/a/{b}","authenticated":true,"methods":["GET"]}"#,
                    #"{"path":"/a/b","authenticated":true,"methods":["POST"]}"#,
                ],
                [
                    "POST /a/b answers 405 to GET, HEAD, which GET /a/{b} would allow: "
                        + "the most specific path owns a request"
                ]
            ),
            (
                [
                    #"{"path":"/a","authenticated":true,"methods":["GET"]}"#,
                    #"{"path":"/a/{b}/{c...}","authenticated":true,"methods":["GET"]}"#,
                    #"{"path":"/a/{b...}","authenticated":true,"methods":["GET"]}"#,
                ], ["GET /a/{b...} can never match: more specific routes own every path that it could"]
            ),
            (
                [
                    #"{"path":"/a","authenticated":true,"methods":["GET"]}"#,
                    #"{"path":"/A","authenticated":true,"methods":["GET"]}"#,
                ],
                [
                    "GET /a and GET /A differ only in letter case: callers need to be permitted by both, "
                        + "as some upstreams ignore it"
                ]
            ),
            (
                [#"{"path":"/a;v=1/:id","authenticated":true,"methods":["GET"]}"#],
                [
                    "GET /a;v=1/:id holds a ; in its path: callers need to be permitted without what follows it too, "
                        + "as some upstreams strip that",
                    "GET /a;v=1/:id holds :id as it stands: a parameter is written {name}",
                ]
            ),
        ]
        for (routes, warnings) in table {
            var configuration = ConfigurationText()
            configuration.routes = routes
            let run = CommandRun("check", directory.write(configuration.text, to: "routes.json"))
            XCTAssertEqual(run.status, .success)
            let expected = warnings.map { "warning: \($0)" }
            XCTAssertEqual(run.output.filter { $0.hasPrefix("warning: ") }, expected, "\(routes)")
        }
    }

    func testAFileOfKeysThatIsNotThereIsWarnedOf() {
        var configuration = ConfigurationText(#"{"path":"/a","methods":["GET"],"authenticated":true}"#)
        configuration.keys = #""jwks_file":"absent.json""#
        let run = CommandRun("check", directory.write(configuration.text, to: "routes.json"))
        XCTAssertEqual(run.status, .success)
        XCTAssertEqual(
            run.output.last,
            "warning: issuer \(ConfigurationText.issuer): no keys yet from \(directory.path("absent.json")): "
                + "the file cannot be read: No such file or directory")
    }

    func testTargetsAreListedAndTheirCredentialsLookedAt() {
        var configuration = ConfigurationText(#"{"path":"/a","methods":["GET"],"authenticated":true}"#)
        configuration.keys = #""jwks_uri":"https://issuer.test/keys""#
        configuration.more = """
            "egress":{"listen":"127.0.0.1:0","targets":[{"host":"api.test","upstream":"https://api.test","token":
            {"token_endpoint":"https://auth.test/token?x=1","client_id":"job","client_secret":"${file:secret}"}},
            {"path_prefix":"/b","upstream":"unix:/b","token":{"issuer":"https://auth.test","client_id":"b",
            "private_key":"key.pem"}}]},
            """
        directory.write("hush", to: "secret")
        let run = CommandRun("check", directory.write(configuration.text, to: "routes.json"))
        XCTAssertEqual(run.status, .success, "\(run.errors)")
        XCTAssertTrue(run.output.contains("TARGET    CALLS FOR  GO TO                 TOKENS FROM              AS"))
        XCTAssertTrue(run.output.contains("api.test  api.test   https://api.test:443  https://auth.test/token  job"))
        XCTAssertTrue(run.output.contains("/b        /b/...     unix:/b               https://auth.test        b"))
        let key = directory.path("key.pem")
        XCTAssertEqual(
            run.output.last, "warning: target /b: no token yet: \(key) cannot be read: No such file or directory")
        XCTAssertFalse(run.output.joined().contains("hush"))
    }

    func testProblemsAreToldAllAtOnce() {
        let text = """
            {
              "listen": "nowhere",
              "upstrem": "http://127.0.0.1:9000",
              "routes": []
            }
            """
        let path = directory.write(text, to: "routes.json")
        let fromFile = CommandRun("check", path)
        XCTAssertEqual(fromFile.status, .usage)
        XCTAssertEqual(fromFile.output, [])
        XCTAssertEqual(fromFile.errors.count, 3)
        XCTAssertEqual(fromFile.errors[1], "\(path):3:3: upstrem: unknown key; did you mean \"upstream\"?")
        for command in [["check"], ["serve"], ["explain"]] {
            let rest = command == ["explain"] ? ["GET", "/"] : []
            XCTAssertEqual(CommandRun(command + [path] + rest).errors, fromFile.errors)
        }
        let fromInput = CommandRun("check", "-", input: text)
        XCTAssertEqual(fromInput.status, .usage)
        XCTAssertEqual(fromInput.errors[1], "standard input:3:3: upstrem: unknown key; did you mean \"upstream\"?")
    }

    func testAConfigurationOnStandardInput() {
        var configuration = ConfigurationText(#"{"path":"/a","methods":["GET"],"public":true}"#)
        configuration.keys = "\"jwks\":{\"keys\":[\(TestSigner().jwk())]}"
        let run = CommandRun("check", "-", input: configuration.text)
        XCTAssertEqual(run.errors, [])
        XCTAssertEqual(run.output.first, "standard input is valid: 1 route, 1 issuer")
    }
}
