"""The table of answers: every row of it by curl, through the built binary, in front of nginx."""

import time
import unittest
import uuid

from support import world
from support.caller import Call, curl, exchange, heads
from support.keyserver import KeyServer
from support.proxy import Proxy, issuer
from support.tokens import (
    Signer, forged, key_set, unsigned, with_changed_claims, with_changed_signature,
)
from support.upstream import CLOSE, HANG, Misbehaving, RESET

AWAY = "https://away.example/"


class AnswersTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.upstream = world.nginx()
        cls.signer = Signer()
        cls.nobody = KeyServer(Signer(), listening=False)
        cls.addClassCleanup(cls.nobody.die)
        cls.proxy = Proxy(
            cls.upstream.url, issuer(key_set(cls.signer), max_token_lifetime_seconds=3600),
            issuer(cls.nobody.uri, AWAY), limits={"body_bytes": 1000, "token_bytes": 4096},
            timeouts={"request_head_seconds": 0.5})
        cls.addClassCleanup(cls.proxy.stop)
        cls.calls = 0
        cls.refused = set()

    @classmethod
    def tearDownClass(cls):
        cls.proxy.stop()
        cls.proxy.check_log()

    # MARK: - Helpers

    def call(self, path, *arguments, **options):
        type(self).calls += 1
        return curl(self.proxy.url + path, *arguments, **options)

    def user(self):
        """A path that no other test asks for."""
        return f"/v2/users/{uuid.uuid4().hex}"

    def assert_refused(self, answer, status, code, challenge=None, reason=None):
        self.assertEqual(answer.status, status, answer.complaint)
        problem = answer.problem
        self.assertEqual(problem["status"], status)
        self.assertEqual(problem["code"], code)
        self.assertEqual(set(problem), {"type", "title", "status", "code", "request_id"})
        self.assertEqual(problem["title"], answer.head.reason)
        self.assertEqual(answer.head["X-Request-Id"], problem["request_id"])
        self.assertEqual(answer.head["WWW-Authenticate"], challenge)
        self.assertEqual(answer.head["Cache-Control"], "no-store")
        self.refused.add(problem["request_id"])
        entry = self.proxy.wait_for("request", request_id=problem["request_id"])
        self.assertEqual(entry["status"], status)
        if reason:
            self.assertEqual(entry["reason"], reason)
        return entry

    # MARK: - Forwarded

    def test_good_token_is_forwarded_with_identity_and_without_the_token(self):
        path = self.user()
        answer = self.call(f"{path}?page=2&x=%2F", token=self.signer.token("profile:read profile:create"))
        self.assertEqual((answer.status, answer.body), (200, b"application\n"))
        self.assertEqual(answer.head["X-Application"], "nginx")
        seen = self.upstream.seen(f"{path}?page=2&x=%2F")
        self.assertEqual(
            (seen["subject"], seen["client"], seen["issuer"], seen["scopes"]),
            ("sync-daemon", "client-7", "https://issuer.example/", "profile:read profile:create"))
        self.assertEqual((seen["method"], seen["authorization"]), ("GET", ""))
        self.assertEqual(seen["host"], f"127.0.0.1:{self.proxy.port}")
        self.assertEqual((seen["forwarded_for"], seen["forwarded_proto"]), ("127.0.0.1", "http"))
        entry = self.proxy.wait_for("request", request_id=seen["id"])
        self.assertEqual((entry["status"], entry["route"], entry["client_id"]),
                         (200, "GET /v2/users/{uid}", "client-7"))
        self.assertEqual(entry["path"], path)

    def test_what_callers_say_about_identity_is_removed(self):
        path = self.user()
        spoofed = ["X-Auth-Subject: root", "x_auth_subject: root", "X.Auth.Subject: root", "X-AUTH-Admin: yes",
                   "X_Auth-Tenant: theirs", "X-Forwarded-For: 10.0.0.1", "X-Request-Id: mine", "X-Custom: kept",
                   "Connection: close, X-Auth-Subject, X-Auth-Client-Id", "Upgrade: h2c", "TE: trailers"]
        arguments = [part for field in spoofed for part in ("-H", field)]
        answer = self.call(path, *arguments, token=self.signer.token("profile:read"))
        self.assertEqual(answer.status, 200)
        seen = self.upstream.seen(path)
        self.assertEqual((seen["subject"], seen["client"]), ("sync-daemon", "client-7"))
        self.assertEqual((seen["admin"], seen["tenant"]), ("", ""))
        self.assertEqual((seen["forwarded_for"], seen["custom"]), ("127.0.0.1", "kept"))
        self.assertEqual((seen["upgrade"], seen["te"]), ("", ""))
        self.assertNotEqual(seen["id"], "mine")

    def test_public_route_needs_no_token_and_looks_at_none(self):
        for number, token in enumerate([None, self.signer.token(), "rubbish"]):
            path = f"/public/{uuid.uuid4().hex}"
            answer = self.call(path, "-H", "X-Auth-Subject: root", token=token)
            with self.subTest(number=number):
                self.assertEqual(answer.status, 200)
                seen = self.upstream.seen(path)
                self.assertEqual((seen["subject"], seen["authorization"]), ("", ""))

    def test_requirements_of_every_kind(self):
        cases = [
            ("GET", "/v2/users", "profile:read", 200), ("GET", "/v2/users/", "profile:read", 200),
            ("HEAD", "/v2/users", "profile:read", 200), ("POST", "/v2/users", "profile:create", 200),
            ("POST", "/v2/users", "profile:read", 403), ("GET", "/v2/users", "profile:readable", 403),
            ("GET", "/v2/users", "Profile:Read", 403), ("DELETE", "/v2/users/1", "profile:delete", 403),
            ("DELETE", "/v2/users/1", "profile:delete profile:read", 200), ("GET", "/v2/either", "one", 200),
            ("GET", "/v2/either", "other", 200), ("GET", "/v2/either", "neither", 403),
            ("GET", "/v2/nothing", "", 204), ("PATCH", "/v2/nothing", "", 204),
        ]
        for method, path, scope, status in cases:
            with self.subTest(method=method, path=path, scope=scope):
                arguments = ["--head"] if method == "HEAD" else ["-X", method]
                self.assertEqual(self.call(path, *arguments, token=self.signer.token(scope)).status, status)

    def test_scopes_may_be_lists_and_in_scp(self):
        for changes in [{"scope": ["profile:read"]}, {"scope": None, "scp": "x profile:read"},
                        {"scope": None, "scp": ["x", "profile:read"]}]:
            with self.subTest(**changes):
                token = self.signer.token(**changes)
                self.assertEqual(self.call(self.user(), token=token).status, 200)

    # MARK: - Refused

    def test_401_without_a_token(self):
        for arguments in [[], ["-H", "Authorization: Basic dTpw"], ["-u", "client:secret"],
                          ["-H", "X-Access-Token: " + self.signer.token("profile:read")]]:
            answer = self.call(self.user(), *arguments)
            with self.subTest(arguments=arguments[:1]):
                self.assert_refused(answer, 401, "missing_token", 'Bearer realm="api"')

    def test_401_though_the_token_is_in_query_or_body(self):
        token = self.signer.token("profile:read profile:create")
        answer = self.call(f"{self.user()}?access_token={token}")
        self.assert_refused(answer, 401, "missing_token", 'Bearer realm="api"')
        answer = self.call("/v2/users", "--data", f"access_token={token[:500]}")
        self.assert_refused(answer, 401, "missing_token", 'Bearer realm="api"')

    def test_401_wherever_strangers_look(self):
        for path in ["/", "/v2/unknown", "/v2/users", "/v2/reports/acme"]:
            with self.subTest(path=path):
                self.assert_refused(self.call(path), 401, "missing_token", 'Bearer realm="api"')

    def test_400_for_malformed_credentials(self):
        token = self.signer.token("profile:read")
        fields = [["Bearer"], ["Bearer " + token + " x"], ["Bearer a,b"], ["Bearer \u00e4"], ['Bearer "' + token + '"'],
                  ["Bearer " + token, "Bearer " + token], ["Basic dTpw", "Bearer " + token]]
        for number, values in enumerate(fields):
            arguments = [part for value in values for part in ("-H", f"Authorization: {value}")]
            answer = self.call(self.user(), *arguments)
            with self.subTest(number=number):
                challenge = 'Bearer realm="api", error="invalid_request"'
                self.assert_refused(answer, 400, "invalid_request", challenge)

    def test_401_for_bad_tokens(self):
        now = int(time.time())
        good = self.signer.token("profile:read")
        other = Signer(kid=self.signer.kid)
        cases = {
            "expired": self.signer.token("profile:read", exp=now - 31),
            "not_yet_valid": self.signer.token("profile:read", nbf=now + 60),
            "issued_in_future": self.signer.token("profile:read", iat=now + 60),
            "missing_expiry": self.signer.token("profile:read", exp=None),
            "lifetime_too_long": self.signer.token("profile:read", exp=now + 7200),
            "wrong_audience": self.signer.token("profile:read", aud="https://elsewhere.example"),
            "unknown_issuer": self.signer.token("profile:read", iss="https://evil.example/"),
            "missing_issuer": self.signer.token("profile:read", iss=None),
            "invalid_claims": self.signer.token("profile:read", exp=str(now + 60)),
            "wrong_token_type": self.signer.token("profile:read", {"typ": "id+jwt"}),
            "nested_token": self.signer.token("profile:read", {"cty": "JWT"}),
            "bad_signature": with_changed_signature(good),
            "bad_signature of another key": other.token("profile:read"),
            "bad_signature under other claims": with_changed_claims(good, scope="profile:read profile:delete"),
            "no_matching_key": Signer().token("profile:read"),
            "unsupported_algorithm": unsigned("none"),
            "unsupported_algorithm in capitals": unsigned("NONE"),
            "unsupported_algorithm, symmetric": unsigned("HS256", b"x" * 32),
            "malformed_token": "rubbish",
            "malformed_token of two parts": good.rpartition(".")[0],
            "encrypted_token": "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..YQ.YQ.YQ",
            "token_too_long": self.signer.token("profile:read", more="x" * 5000),
        }
        descriptions = set()
        for name, token in cases.items():
            with self.subTest(name):
                answer = self.call(self.user(), token=token)
                challenge = answer.head["WWW-Authenticate"]
                start = 'Bearer realm="api", error="invalid_token", error_description="'
                self.assertTrue(challenge.startswith(start), challenge)
                descriptions.add(challenge)
                self.assert_refused(answer, 401, "invalid_token", challenge, name.split()[0].rstrip(","))
        self.assertEqual(len(descriptions), len({name.split()[0].rstrip(",") for name in cases}))

    def test_tokens_within_the_clock_skew_pass(self):
        now = int(time.time())
        for changes in [{"exp": now - 5}, {"nbf": now + 20}, {"iat": now + 20}]:
            with self.subTest(**changes):
                token = self.signer.token("profile:read", **changes)
                self.assertEqual(self.call(self.user(), token=token).status, 200)

    def test_403_names_the_scopes_that_the_route_needs(self):
        challenge = 'Bearer realm="api", error="insufficient_scope", scope="{}"'
        answer = self.call(self.user(), token=self.signer.token("profile:create"))
        entry = self.assert_refused(answer, 403, "insufficient_scope", challenge.format("profile:read"))
        self.assertEqual((entry["missing_scopes"], entry["client_id"]), ("profile:read", "client-7"))
        answer = self.call(self.user(), "-X", "DELETE", token=self.signer.token("profile:read"))
        entry = self.assert_refused(
            answer, 403, "insufficient_scope", challenge.format("profile:read profile:delete"))
        self.assertEqual(entry["missing_scopes"], "profile:delete")

    def test_403_when_a_claim_does_not_fit_the_path(self):
        token = self.signer.token("reports:read", tenant="acme")
        self.assertEqual(self.call("/v2/reports/acme", token=token).status, 200)
        challenge = 'Bearer realm="api", error="insufficient_scope", scope="reports:read"'
        for path, bad in [("other", token), ("acme", self.signer.token("reports:read")),
                          ("acme", self.signer.token("reports:read", tenant=["acme"]))]:
            answer = self.call(f"/v2/reports/{path}", token=bad)
            self.assert_refused(answer, 403, "insufficient_scope", challenge)

    def test_404_and_405_for_callers_with_a_token(self):
        token = self.signer.token()
        for path in ["/", "/v2", "/v2/unknown", "/v2/users/1/2", "/v3/users"]:
            self.assert_refused(self.call(path, token=token), 404, "no_route")
        answer = self.call("/v2/users", "-X", "DELETE", token=token)
        self.assert_refused(answer, 405, "method_not_allowed")
        self.assertEqual(sorted(answer.head["Allow"].split(", ")), ["GET", "HEAD", "POST"])
        answer = self.call("/v2/users", "-X", "get", token=token)
        self.assert_refused(answer, 405, "method_not_allowed")

    def test_400_when_the_readings_of_a_path_disagree(self):
        token = self.signer.token("profile:read")
        for path in ["/public/../v2/reports/acme", "/public/%2e%2e/v2/reports/acme", "//v2/users/1",
                     "/public/..%2fv2%2freports%2facme", "/public/..;/v2/reports/acme", "/v2/users/..%2f..%2fsecret",
                     "/public/..%5cv2%5creports%5cacme"]:
            with self.subTest(path=path):
                self.assert_refused(self.call(path, token=token), 400, "ambiguous_path")
        for path in ["/public/../v2/users/1", "/public/%2e%2e/v2/users/1"]:
            with self.subTest(path=path, token=None):
                self.assertIn(self.call(path).status, (400, 401))
        # Public and permitted: whichever way the upstream reads it, this caller may.
        self.assertEqual(self.call("/public/../v2/users/1", token=token).status, 200)

    def test_400_for_invalid_paths(self):
        token = self.signer.token("profile:read")
        for path in ["/v2/users/%zz", "/v2/users/%00", "/v2/users/a%0d%0ab", "/v2/users/a%7f", "/v2/users/%"]:
            with self.subTest(path=path):
                self.assert_refused(self.call(path, token=token), 400, "invalid_path")

    def test_503_while_an_issuer_has_no_keys(self):
        answer = self.call(self.user(), token=self.signer.token("profile:read", iss=AWAY))
        self.assert_refused(answer, 503, "keys_unavailable")
        self.assertGreaterEqual(int(answer.head["Retry-After"]), 1)

    # MARK: - What is not HTTP as it has to be

    def test_limits_of_requests(self):
        token = self.signer.token("profile:create profile:read")
        cases = [
            (413, "content_too_large", ["/v2/users", "--data", "x" * 1001]),
            (413, "content_too_large", ["/v2/users", "--data", "x" * 1001, "-H", "Transfer-Encoding: chunked"]),
            (414, "uri_too_long", ["/v2/users/" + "x" * 9000]),
            (431, "request_header_fields_too_large", ["/v2/users", "-H", "X-Large: " + "x" * 33000]),
            (431, "request_header_fields_too_large",
             ["/v2/users", *[part for number in range(101) for part in ("-H", f"X-{number}: x")]]),
            (501, "not_implemented", ["/v2/users", "-X", "TRACE"]),
        ]
        for status, code, (path, *arguments) in cases:
            with self.subTest(status=status):
                answer = self.call(path, *arguments, token=token)
                self.assert_refused(answer, status, code)
                self.assertEqual(answer.head["Connection"], "close")
        self.assertEqual(self.call("/v2/users", "--data", "x" * 1000, token=token).status, 200)

    def test_405_for_connect(self):
        type(self).calls += 1
        # curl speaks to the proxy as if it were one that tunnels.
        answer = Call("http://127.0.0.1:1/", "--proxy", self.proxy.url, "--proxytunnel", "--noproxy", "").answer()
        self.assertEqual(answer.facts["http_connect"], 405)

    def test_malformed_requests_are_refused_and_the_connection_closed(self):
        type(self).calls += 15
        host = b"Host: x\r\n"
        cases = [
            (400, b"POST /v2/users HTTP/1.1\r\n" + host + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"),
            (400, b"POST /v2/users HTTP/1.1\r\n" + host + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc"),
            (400, b"POST /v2/users HTTP/1.1\r\n" + host + b"Content-Length: +3\r\n\r\nabc"),
            (400, b"POST /v2/users HTTP/1.1\r\n" + host + b"Content_Length: 3\r\n\r\nabc"),
            (400, b"POST /v2/users HTTP/1.0\r\n" + host + b"Transfer-Encoding: chunked\r\n\r\n"),
            (501, b"POST /v2/users HTTP/1.1\r\n" + host + b"Transfer-Encoding: gzip, chunked\r\n\r\n"),
            (400, b"GET /v2/users HTTP/1.1\r\n\r\n"),
            (400, b"GET /v2/users HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n"),
            (400, b"GET /v2/users HTTP/1.1\r\nHost : x\r\n\r\n"),
            (400, b"GET /v2/users HTTP/1.1\r\n" + host + b"X: a\r\n b\r\n\r\n"),
            (400, b"GET /v2/users HTTP/1.1\nHost: x\n\n"),
            (400, b"GET http://other/v2/users HTTP/1.1\r\n" + host + b"\r\n"),
            (400, b"GET /v2/users#x HTTP/1.1\r\n" + host + b"\r\n"),
            (400, b"GET v2/users HTTP/1.1\r\n" + host + b"\r\n"),
            (505, b"GET /v2/users HTTP/2.0\r\n" + host + b"\r\n"),
        ]
        for status, request in cases:
            with self.subTest(request=request):
                head, _, rest = exchange(self.proxy.port, request).partition(b"\r\n\r\n")
                answer = heads(head.decode())[0]
                self.assertEqual((answer.status, answer["Connection"]), (status, "close"))
                self.assertNotIn(b"HTTP/1.1", rest)
                self.refused.add(answer["X-Request-Id"])

    def test_408_for_a_head_that_does_not_come(self):
        type(self).calls += 1
        answer = exchange(self.proxy.port, b"GET /v2/users HTTP/1.1\r\nHost: x\r\n")
        self.assertEqual(heads(answer.decode().partition("\r\n\r\n")[0])[0].status, 408)

    # MARK: - All together

    def test_z_nothing_that_was_refused_has_reached_the_upstream(self):
        path = self.user()
        self.call(path, token=self.signer.token("profile:read"))
        # nginx has one worker, so whatever went there before has been seen before.
        self.upstream.seen(path)
        seen = {request["id"] for request in self.upstream.requests}
        self.assertGreater(len(self.refused), 50)
        self.assertEqual(seen & self.refused, set())

    def test_z_one_line_in_the_log_for_each_request(self):
        last = self.call("/").problem["request_id"]
        self.proxy.wait_for("request", request_id=last)
        lines = self.proxy.requests()
        self.assertEqual(len(lines), self.calls)
        self.assertEqual(len({line["request_id"] for line in lines}), self.calls)
        for line in lines:
            self.assertTrue({"status", "duration_ms", "peer"} <= line.keys(), line)
            # A head that is no HTTP has no method and no path that could be told.
            self.assertEqual("method" in line, "path" in line, line)
            if line["status"] in (200, 401, 403, 404):
                self.assertIn("method", line)


class UpstreamAnswersTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.signer = Signer()
        cls.issuer = issuer(key_set(cls.signer))
        cls.token = cls.signer.token("profile:read profile:create")

    def assert_failure(self, proxy, status, code, *arguments):
        answer = curl(proxy.url + "/v2/users", *arguments, token=self.token)
        self.assertEqual((answer.status, answer.problem["code"]), (status, code))
        self.assertIsNone(answer.head["WWW-Authenticate"])
        self.assertNotIn(b"127.0.0.1", answer.body)
        entry = proxy.wait_for("request", request_id=answer.problem["request_id"])
        self.assertEqual((entry["status"], entry["reason"]), (status, code))

    def test_502_when_nobody_is_there(self):
        with Misbehaving() as upstream:
            upstream.listener.close()
            for address in [upstream.url, "unix:/nonexistent/socket"]:
                with Proxy(address, self.issuer) as proxy:
                    self.assert_failure(proxy, 502, "upstream_unreachable")

    def test_502_when_the_upstream_closes_resets_or_talks_nonsense(self):
        cases = [
            (CLOSE, "upstream_closed"), (RESET, "upstream_reset"), (b"SSH-2.0-OpenSSH\r\n\r\n", None),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx", "upstream_invalid_response"),
            (b"HTTP/1.1 200 OK\r\nX Y: z\r\n\r\n", "upstream_invalid_response"),
            (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n", "upstream_invalid_response"),
        ]
        for trick, code in cases:
            with self.subTest(trick=str(trick)), Misbehaving(trick) as upstream, \
                    Proxy(upstream.url, self.issuer) as proxy:
                self.assert_failure(proxy, 502, code or "upstream_invalid_response", "--data", "x")

    def test_504_when_the_upstream_is_too_slow(self):
        with Misbehaving(HANG) as upstream, \
                Proxy(upstream.url, self.issuer, timeouts={"upstream_first_byte_seconds": 0.2}) as proxy:
            self.assert_failure(proxy, 504, "upstream_response_timeout")

    def test_a_truncated_body_is_a_broken_transfer(self):
        cases = [
            b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nnonsense\r\n",
        ]
        for response in cases:
            with self.subTest(response=response), Misbehaving(response, response) as upstream, \
                    Proxy(upstream.url, self.issuer) as proxy:
                for arguments in [[], ["-0"]]:
                    answer = curl(proxy.url + "/v2/users", *arguments, token=self.token)
                    self.assertEqual(answer.status, 200)
                    self.assertIn(answer.exit_status, (18, 56), answer.complaint)

    def test_an_idempotent_request_survives_the_upstreams_restart(self):
        upstream = world.nginx()
        with Proxy(upstream.url, self.issuer, workers=1) as proxy:
            self.assertEqual(curl(proxy.url + "/v2/users", token=self.token).status, 200)
            upstream.stop()
            upstream.start()
            self.assertEqual(curl(proxy.url + "/v2/users", token=self.token).status, 200)
