"""The authorization server: real clients get tokens of it, real verifiers read them."""

import base64
import fcntl
import hashlib
import json
import os
import signal
import ssl
import time
import unittest

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"

from authlib.integrations.requests_client import OAuth2Session  # noqa: E402
from authlib.oauth2.rfc7523 import PrivateKeyJWT  # noqa: E402
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata  # noqa: E402
from joserfc import jwk, jwt  # noqa: E402
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey  # noqa: E402
from oauthlib.oauth2 import BackendApplicationClient, OAuth2Error  # noqa: E402
from requests_oauthlib import OAuth2Session as RequestsSession  # noqa: E402

from support import processes, world  # noqa: E402
from support.caller import curl  # noqa: E402
from support.certificates import Authority  # noqa: E402
from support.issuer import Issuer  # noqa: E402
from support.proxy import Proxy, command  # noqa: E402

API = "https://api.example"


def get(url):
    answer = curl(url)
    assert answer.status == 200, answer.status
    return json.loads(answer.body)


def claims_of(issuer, token, audience=API):
    """The claims, once joserfc has verified the token with the published keys."""
    keys = KeySet.import_key_set(get(issuer.url + "/.well-known/jwks.json"))
    read = jwt.decode(token, keys, algorithms=["ES256", "RS256", "EdDSA", "Ed25519"])
    assert read.header["typ"] == "at+jwt", read.header
    rules = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": issuer.issuer}, aud={"essential": True, "value": audience},
        exp={"essential": True}, iat={"essential": True}, sub={"essential": True}, jti={"essential": True})
    rules.validate(read.claims)
    return read.claims


class IssuerClientsTests(unittest.TestCase):
    """One issuer, asked by programs that are not ours."""

    @classmethod
    def setUpClass(cls):
        cls.issuer = Issuer().start()
        cls.addClassCleanup(cls.issuer.stop)
        cls.secret = cls.issuer.add("daemon", "--claims", "tenant=acme")

    @classmethod
    def tearDownClass(cls):
        cls.issuer.stop()
        cls.issuer.check_records()

    def test_curl_by_both_ways_to_send_a_secret(self):
        ways = [["-u", f"daemon:{self.secret}"],
                ["--data-urlencode", "client_id=daemon", "--data-urlencode", f"client_secret={self.secret}"]]
        for way in ways:
            answer = curl(
                self.issuer.token_endpoint, *way, "-d", "grant_type=client_credentials", "-d", "scope=profile:read")
            self.assertEqual(answer.status, 200)
            self.assertEqual(answer.head["Cache-Control"], "no-store")
            self.assertEqual(answer.head["Pragma"], "no-cache")
            self.assertEqual(answer.head["Content-Type"], "application/json")
            given = json.loads(answer.body)
            self.assertEqual({"access_token", "token_type", "expires_in", "scope"}, given.keys())
            self.assertEqual(
                (given["token_type"], given["expires_in"], given["scope"]), ("Bearer", 300, "profile:read"))
            claims = claims_of(self.issuer, given["access_token"])
            self.assertEqual((claims["client_id"], claims["sub"], claims["tenant"]), ("daemon", "daemon", "acme"))

    def test_curl_with_json(self):
        content = {"grant_type": "client_credentials", "client_id": "daemon", "client_secret": self.secret,
                   "audience": "https://other.example"}
        answer = curl(self.issuer.token_endpoint, "--json", json.dumps(content))
        self.assertEqual(answer.status, 200)
        claims_of(self.issuer, json.loads(answer.body)["access_token"], "https://other.example")

    def test_authlib_by_secret(self):
        for method in ["client_secret_basic", "client_secret_post"]:
            session = OAuth2Session("daemon", self.secret, token_endpoint_auth_method=method, scope="profile:read")
            with session:
                token = session.fetch_token(self.issuer.token_endpoint, grant_type="client_credentials")
                claims = claims_of(self.issuer, token["access_token"])
                self.assertEqual(claims["scope"], "profile:read")
                found = session.introspect_token(
                    self.issuer.url + "/oauth/introspect", token=token["access_token"]).json()
                self.assertTrue(found["active"])
                self.assertEqual(found["jti"], claims["jti"])
                gone = session.revoke_token(self.issuer.url + "/oauth/revoke", token=token["access_token"])
                self.assertEqual(gone.status_code, 200)
                found = session.introspect_token(self.issuer.url + "/oauth/introspect", token=token["access_token"])
                self.assertEqual(found.json(), {"active": False})

    def test_authlib_by_key(self):
        keys = {"ES256": ECKey.generate_key("P-256"), "RS256": RSAKey.generate_key(2048),
                "EdDSA": OKPKey.generate_key("Ed25519")}
        for algorithm, key in keys.items():
            public = self.issuer.folder / "public.json"
            public.write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
            name = f"signer-{algorithm}"
            self.issuer.add(name, "--jwks", public, "--no-secret")
            with OAuth2Session(name, key, token_endpoint_auth_method="private_key_jwt") as session:
                session.register_client_auth_method(PrivateKeyJWT(self.issuer.token_endpoint, alg=algorithm))
                token = session.fetch_token(self.issuer.token_endpoint, grant_type="client_credentials")
                self.assertEqual(claims_of(self.issuer, token["access_token"])["client_id"], name)

    def test_requests_oauthlib(self):
        session = RequestsSession(client=BackendApplicationClient("daemon", scope=["profile:read", "reports:read"]))
        token = session.fetch_token(self.issuer.token_endpoint, client_id="daemon", client_secret=self.secret)
        self.assertEqual(token["scope"], ["profile:read", "reports:read"])
        claims_of(self.issuer, token["access_token"])
        session = RequestsSession(client=BackendApplicationClient("daemon", scope=["profile:delete"]))
        with self.assertRaises(OAuth2Error) as caught:
            session.fetch_token(self.issuer.token_endpoint, client_id="daemon", client_secret=self.secret)
        self.assertEqual(caught.exception.error, "invalid_scope")

    def test_metadata_as_authlib_reads_it(self):
        for path in ["oauth-authorization-server", "openid-configuration"]:
            document = AuthorizationServerMetadata(get(f"{self.issuer.url}/.well-known/{path}"))
            self.assertEqual(document["issuer"], self.issuer.url)
            # Everything but that addresses are https, which they are not here.
            for rule in ["response_types_supported", "response_modes_supported", "grant_types_supported",
                         "token_endpoint_auth_methods_supported", "token_endpoint_auth_signing_alg_values_supported",
                         "revocation_endpoint_auth_methods_supported", "introspection_endpoint_auth_methods_supported"]:
                getattr(document, f"validate_{rule}")()
            self.assertEqual(get(document["jwks_uri"]), get(self.issuer.url + "/.well-known/jwks.json"))

    def test_haproxy_verifies_the_token(self):
        answer = curl(self.issuer.token_endpoint, "-u", f"daemon:{self.secret}", "-d", "grant_type=client_credentials")
        token = json.loads(answer.body)["access_token"]
        folder = processes.new_folder("haproxy")
        key = jwk.import_key(get(self.issuer.url + "/.well-known/jwks.json")["keys"][0])
        (folder / "key.pem").write_bytes(key.as_pem(private=False))
        port = processes.free_port()
        (folder / "haproxy.cfg").write_text(f"""
defaults
  mode http
  timeout connect 5s
  timeout client 5s
  timeout server 5s
frontend api
  bind 127.0.0.1:{port}
  http-request set-var(txn.alg) http_auth_bearer,jwt_header_query('$.alg')
  http-request deny unless {{ var(txn.alg) -m str ES256 }}
  http-request deny unless {{ http_auth_bearer,jwt_payload_query('$.iss') -m str {self.issuer.url} }}
  http-request deny unless {{ http_auth_bearer,jwt_verify(txn.alg,"{folder}/key.pem") 1 }}
  http-request return status 204
""")
        server = processes.start([processes.program("haproxy"), "-f", folder / "haproxy.cfg"])
        self.addCleanup(processes.end, server)
        url = f"http://127.0.0.1:{port}/"
        self.assertEqual(
            curl(url, "--retry", "20", "--retry-connrefused", "--retry-delay", "1", token=token).status, 204)
        head, payload, signature = token.split(".")
        forged = f"{head}.{payload}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"
        self.assertEqual(curl(url, token=forged).status, 403)

    def test_the_proxy_takes_the_token(self):
        issuer = {"issuer": self.issuer.url, "audiences": [API],
                  "jwks_uri": self.issuer.url + "/.well-known/jwks.json"}
        answer = curl(self.issuer.token_endpoint, "-u", f"daemon:{self.secret}", "-d", "grant_type=client_credentials",
                      "-d", "scope=profile:read")
        token = json.loads(answer.body)["access_token"]
        with Proxy(world.nginx().url, issuer) as proxy:
            deadline = time.monotonic() + processes.PATIENCE
            while (status := curl(proxy.url + "/v2/users", token=token).status) == 503:
                self.assertLess(time.monotonic(), deadline)
            self.assertEqual(status, 200)
            self.assertEqual(curl(proxy.url + "/v2/users", "-X", "POST", "-d", "", token=token).status, 403)

    def test_errors_of_the_specification(self):
        grant = "grant_type=client_credentials"
        user = ["-u", f"daemon:{self.secret}"]
        rows = [
            ([*user, "-d", "grant_type="], 400, "invalid_request"),
            ([*user, "-d", f"{grant}&{grant}"], 400, "invalid_request"),
            ([*user, "-d", grant, "-H", "Content-Type: text/plain"], 400, "invalid_request"),
            (["-u", "daemon:x", "-d", grant], 401, "invalid_client"),
            ([*user, "-d", "grant_type=password"], 400, "unsupported_grant_type"),
            ([*user, "-d", grant, "-d", "scope=x"], 400, "invalid_scope"),
            ([*user, "-d", grant, "-d", "resource=https://else.example"], 400, "invalid_target"),
        ]
        for arguments, status, code in rows:
            answer = curl(self.issuer.token_endpoint, *arguments)
            self.assertEqual((answer.status, json.loads(answer.body)["error"]), (status, code))
            self.assertEqual(answer.head["Cache-Control"], "no-store")
        self.assertEqual(curl(self.issuer.token_endpoint, "-d", "x" * 70_000).status, 413)
        self.assertEqual(curl(self.issuer.token_endpoint).status, 405)
        self.assertEqual(curl(self.issuer.url + "/").status, 404)


class IssuerLifeTests(unittest.TestCase):
    """Starting, changing, rotating and ending."""

    def grant(self, issuer, client, secret, *more):
        return curl(issuer.token_endpoint, "-u", f"{client}:{secret}", "-d", "grant_type=client_credentials", *more)

    def test_commands_count_at_once(self):
        with Issuer() as issuer:
            old = issuer.add("daemon")
            self.assertEqual(self.grant(issuer, "daemon", old).status, 200)
            new = issuer.rotate("daemon", "--old-expires", "1h")
            for secret in [old, new]:
                self.assertEqual(self.grant(issuer, "daemon", secret).status, 200)
            newest = issuer.rotate("daemon", "--old-expires", "0")
            self.assertEqual([self.grant(issuer, "daemon", s).status for s in [old, new, newest]], [401, 401, 200])
            issuer.command("client", "disable", "daemon")
            self.assertEqual(self.grant(issuer, "daemon", newest).status, 401)
            issuer.command("client", "enable", "daemon")
            self.assertEqual(self.grant(issuer, "daemon", newest).status, 200)
            issuer.command("client", "remove", "daemon")
            self.assertEqual(self.grant(issuer, "daemon", newest).status, 401)

    def test_signing_keys_rotate_on_schedule_and_every_token_verifies(self):
        signing = {"rotate_after_seconds": 4, "publish_before_seconds": 2, "jwks_max_age_seconds": 1}
        with Issuer(signing=signing, tokens={"lifetime_seconds": 2, "max_lifetime_seconds": 2}) as issuer:
            secret = issuer.add("daemon")
            published = {}
            signers = []
            deadline = time.monotonic() + 30
            while len(signers) < 3:
                self.assertLess(time.monotonic(), deadline)
                for key in get(issuer.url + "/.well-known/jwks.json")["keys"]:
                    published.setdefault(key["kid"], time.monotonic())
                token = json.loads(self.grant(issuer, "daemon", secret).body)["access_token"]
                kid = json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))["kid"]
                if not signers or signers[-1] != kid:
                    if signers:
                        # Two seconds, less one in which the schedule looks, and one that whole seconds take.
                        self.assertGreaterEqual(time.monotonic() - published[kid], 0.9)
                    signers.append(kid)
                claims_of(issuer, token)
            self.assertEqual(len(set(signers)), 3)

    def test_rotation_by_command_and_after_a_restart(self):
        with Issuer() as issuer:
            secret = issuer.add("daemon")
            first = get(issuer.url + "/.well-known/jwks.json")["keys"]
            issuer.command("keys", "rotate")
            both = get(issuer.url + "/.well-known/jwks.json")["keys"]
            self.assertEqual(len(both), 2)
            token = json.loads(self.grant(issuer, "daemon", secret).body)["access_token"]
            issuer.kill()
            issuer.start()
            self.assertEqual(get(issuer.url + "/.well-known/jwks.json")["keys"], both)
            claims_of(issuer, token)
            kid = json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))["kid"]
            self.assertEqual(kid, first[0]["kid"])

    def test_a_key_that_begins_too_late_is_told_and_holds_nothing_up(self):
        with Issuer(signing={"publish_before_seconds": 20, "jwks_max_age_seconds": 10}) as issuer:
            def keys():
                return json.loads(issuer.command("keys", "list", "--json"))

            issuer.command("keys", "rotate")
            late = keys()[-1]
            path = issuer.folder / f"state/keys/{late['kid']}.key.json"
            path.write_text(path.read_text().replace(late["activates"], "2099-01-01T00:00:00Z"))
            self.assertEqual(issuer.wait_for("signing_key_ahead")["kid"], late["kid"])
            issuer.command("keys", "rotate")
            self.assertEqual([key["state"] for key in keys()], ["signing", "next", "ahead"])

    def test_the_audit_log_tells_every_grant_and_is_opened_anew(self):
        with Issuer(audit={"fsync": True}) as issuer:
            secret = issuer.add("daemon")
            self.grant(issuer, "daemon", secret, "-d", "scope=profile:read")
            self.grant(issuer, "daemon", "wrong")
            first, second = issuer.audit()
            wanted = {"client": "daemon", "audience": [API], "scope_asked": "profile:read", "scope": ["profile:read"],
                      "peer": "127.0.0.1", "method": "client_secret_basic"}
            self.assertEqual(first | wanted, first)
            self.assertEqual(first["event"], "grant")
            self.assertEqual((second["event"], second["reason"]), ("refusal", "wrong_secret"))
            log = issuer.folder / "state/audit.log"
            log.rename(issuer.folder / "state/audit.log.1")
            issuer.process.send_signal(1)
            issuer.wait_for("hangup")
            self.grant(issuer, "daemon", secret)
            issuer.wait_for("audit_log_reopened")
            self.assertEqual(len(issuer.audit()), 1)
            # What cannot be opened is not said to be.
            log.unlink()
            log.mkdir()
            issuer.process.send_signal(1)
            issuer.wait_for("hangup", len(issuer.log.lines))
            for _ in range(3):
                self.assertEqual(self.grant(issuer, "daemon", secret).status, 503)
            told = issuer.wait_for("audit_not_written")
            self.assertEqual((told["path"], told["error"]), (str(log), "open: Is a directory"))
            self.assertEqual(sum("audit_log_reopened" in line for line in issuer.log.lines), 1)
            log.rmdir()
            self.assertEqual(self.grant(issuer, "daemon", secret).status, 200)

    def test_a_grant_that_cannot_be_logged_is_not_given(self):
        with Issuer(audit={"path": "/dev/full"}) as issuer:
            secret = issuer.add("daemon")
            answer = self.grant(issuer, "daemon", secret)
            self.assertEqual(answer.status, 503)
            self.assertNotIn(b"access_token", answer.body)
            self.assertIn("No space left", issuer.wait_for("audit_not_written")["error"])

    def test_a_log_that_nobody_reads_holds_nobody_up(self):
        issuer = Issuer(audit={"path": "pipe"}, limits={"revoked_tokens": 1})
        os.mkfifo(issuer.folder / "pipe")
        reader = os.open(issuer.folder / "pipe", os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, 4096)
        with issuer:
            secret = issuer.add("daemon")
            tokens = []
            for _ in range(100):
                answer = self.grant(issuer, "daemon", secret)
                if answer.status != 200:
                    break
                tokens.append(json.loads(answer.body)["access_token"])
            self.assertEqual(answer.status, 503)
            self.assertIn("temporarily unavailable", issuer.wait_for("audit_not_written")["error"])
            self.assertEqual(len(get(issuer.url + "/.well-known/jwks.json")["keys"]), 1)
            lines = os.read(reader, 65536)
            self.assertEqual(len([json.loads(line) for line in lines.splitlines()]), len(tokens))
            self.assertEqual(self.grant(issuer, "daemon", secret).status, 200)
            # The other records are told of as well.
            revoked = [curl(issuer.url + "/oauth/revoke", "-u", f"daemon:{secret}", "-d", f"token={token}").status
                       for token in tokens[:2]]
            self.assertEqual(revoked, [200, 503])
            self.assertIn("limits.revoked_tokens", issuer.wait_for("journal_not_written")["error"])

    def test_a_second_signal_ends_it_whatever_hangs(self):
        issuer = Issuer().start()
        secret = issuer.add("daemon")
        # Whoever reads a pipe waits for its writer: here for seconds, on a disk that does not answer for good.
        clients = issuer.folder / "clients.json"
        clients.unlink()
        os.mkfifo(clients)
        writer = os.open(clients, os.O_RDWR)
        self.addCleanup(os.close, writer)
        asking = processes.start(
            [processes.program("curl"), "--silent", "-u", f"daemon:{secret}", "-d", "grant_type=client_credentials",
             issuer.token_endpoint], stdout=-1)
        self.addCleanup(asking.stdout.close)
        self.addCleanup(processes.end, asking)
        deadline = time.monotonic() + processes.PATIENCE
        while curl(issuer.url + "/.well-known/jwks.json", "--max-time", "0.5").exit_status == 0:
            self.assertLess(time.monotonic(), deadline)
        issuer.process.send_signal(signal.SIGTERM)
        issuer.wait_for("draining")
        issuer.process.send_signal(signal.SIGTERM)
        issuer.status = processes.wait(issuer.process, patience=7)
        self.assertEqual(issuer.status, 0)
        issuer.log.wait_for_end()
        issuer.wait_for("service_hangs")
        self.assertEqual(json.loads(issuer.log.lines[-1])["event"], "stopped")

    def test_guessing_is_slowed_down(self):
        with Issuer() as issuer:
            secret = issuer.add("daemon")
            statuses = [self.grant(issuer, "daemon", f"wrong-{number}").status for number in range(7)]
            self.assertEqual(statuses[:5], [401] * 5)
            answer = self.grant(issuer, "daemon", "wrong")
            self.assertEqual(answer.status, 429)
            self.assertGreaterEqual(int(answer.head["Retry-After"]), 1)
            # From another address the client is served.
            self.assertEqual(self.grant(issuer, "daemon", secret, "--interface", "127.0.0.2").status, 200)

    def test_what_keeps_it_from_starting(self):
        issuer = Issuer()
        with issuer:
            done = command("issuer", "--config", issuer.file)
            self.assertEqual(done.returncode, 1)
            self.assertIn("another issuer", done.stderr)
        (issuer.folder / "clients.json").write_text('{"clients": [{"id": "x"}]}')
        done = command("issuer", "--config", issuer.file)
        self.assertEqual(done.returncode, 64)
        self.assertIn("clients.json:1:14: clients[0].audiences: missing", done.stderr)
        (issuer.folder / "clients.json").unlink()
        for key in (issuer.folder / "state/keys").glob("*.key.json"):
            key.chmod(0o644)
        done = command("issuer", "--config", issuer.file)
        self.assertEqual(done.returncode, 70)
        self.assertIn("chmod", done.stderr)
        self.assertEqual(command("issuer", "--config", issuer.folder / "none.json").returncode, 64)

    def test_it_ends_in_good_order(self):
        issuer = Issuer().start()
        self.assertEqual(issuer.stop(), 0)
        self.assertEqual(json.loads(issuer.log.lines[-1])["event"], "stopped")


class IssuerTLSTests(unittest.TestCase):
    """Over TLS, with and without certificates of clients."""

    @classmethod
    def setUpClass(cls):
        cls.authority = Authority()
        cls.server = cls.authority.issue()
        cls.clients = {name: cls.authority.issue(name, use="client") for name in ["daemon", "pinned", "other"]}
        cls.trust = ["--cacert", cls.authority.certificate]

    def shown(self, name):
        return [*self.trust, "--cert", self.clients[name].both]

    def ask(self, issuer, *arguments, path="/oauth/token"):
        return curl(issuer.url + path, "-d", "grant_type=client_credentials", *arguments)

    def thumbprint(self, name):
        der = ssl.PEM_cert_to_DER_cert(self.clients[name].certificate.read_text())
        return base64.urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode()

    def test_secrets_over_tls_and_a_certificate_that_changes(self):
        with Issuer(tls=self.server.pair()) as issuer:
            secret = issuer.add("daemon")
            for version in ["1.2", "1.3"]:
                answer = self.ask(issuer, *self.trust, "-u", f"daemon:{secret}", "--tls-max", version)
                self.assertEqual(answer.status, 200)
            self.assertNotEqual(self.ask(issuer, "-u", f"daemon:{secret}").exit_status, 0)
            document = json.loads(curl(issuer.url + "/.well-known/oauth-authorization-server", *self.trust).body)
            self.assertNotIn("tls_client_auth", document["token_endpoint_auth_methods_supported"])
            # Plain HTTP on that port gets nowhere, and hurts nobody.
            self.assertNotEqual(curl(issuer.url.replace("https", "http") + "/oauth/token").status, 200)
            following = self.authority.issue()
            for name in ["certificate", "private_key"]:
                self.server.replace(name, following)
            issuer.process.send_signal(1)
            issuer.wait_for("certificate_loaded")
            self.assertEqual(self.ask(issuer, *self.trust, "-u", f"daemon:{secret}").status, 200)

    def test_clients_authenticate_by_certificate_and_tokens_are_bound_to_it(self):
        tls = self.server.pair() | {
            "client_certificates": "request", "client_ca": str(self.authority.certificate)}
        with Issuer(tls=tls) as issuer:
            issuer.add("daemon", "--certificate-subject", "CN=daemon", "--no-secret")
            issuer.add("pinned", f"--certificate-thumbprint={self.thumbprint('pinned')}", "--no-secret")
            secret = issuer.add("secretive")
            document = json.loads(curl(issuer.url + "/.well-known/oauth-authorization-server", *self.trust).body)
            self.assertLessEqual(
                {"tls_client_auth", "self_signed_tls_client_auth"},
                set(document["token_endpoint_auth_methods_supported"]))
            self.assertTrue(document["tls_client_certificate_bound_access_tokens"])
            for name in ["daemon", "pinned"]:
                answer = self.ask(issuer, *self.shown(name), "-d", f"client_id={name}")
                self.assertEqual(answer.status, 200)
                token = json.loads(answer.body)["access_token"]
                claims = IssuerCrashTests.claims(token)
                self.assertEqual(claims["cnf"], {"x5t#S256": self.thumbprint(name)})
                answer = curl(
                    issuer.url + "/oauth/introspect", *self.shown(name), "-d", f"client_id={name}&token={token}")
                self.assertEqual(json.loads(answer.body)["cnf"], claims["cnf"])
            for wrong in [[*self.shown("other"), "-d", "client_id=daemon"], [*self.trust, "-d", "client_id=daemon"],
                          [*self.shown("daemon"), "-d", "client_id=pinned"],
                          [*self.shown("daemon"), "-d", "client_id=secretive"]]:
                self.assertEqual(self.ask(issuer, *wrong).status, 401)
            self.assertEqual(self.ask(issuer, *self.trust, "-u", f"secretive:{secret}").status, 200)
            methods = [entry.get("method") for entry in issuer.audit() if entry["event"] == "grant"]
            self.assertEqual(methods, ["tls_client_auth", "self_signed_tls_client_auth", "client_secret_basic"])

    def test_a_certificate_that_is_not_there(self):
        issuer = Issuer(tls={"certificate": "none.pem", "private_key": "none.key"})
        done = command("issuer", "--config", issuer.file)
        self.assertEqual(done.returncode, 64)
        self.assertIn("listen.tls.certificate", done.stderr)


class IssuerCrashTests(unittest.TestCase):
    """Killed at any moment, again and again, it loses no client, no key and no grant that was given."""

    ROUNDS = 25

    def test_nothing_is_lost(self):
        signing = {"rotate_after_seconds": 3, "publish_before_seconds": 2, "jwks_max_age_seconds": 1}
        issuer = Issuer(signing=signing)
        issuer.start()
        given = {}
        secrets = {"daemon": issuer.add("daemon")}
        revoked = []
        for number in range(self.ROUNDS):
            # A command that is killed somewhere on its way, too.
            name = f"client-{number}"
            adding = processes.start(
                [processes.BINARY, "client", "add", name, "--audiences", API, "--json", "--config", issuer.file],
                stdout=-1)
            if number % 2:
                time.sleep(0.001 * (number % 12))
                adding.kill()
            said = adding.stdout.read()
            adding.stdout.close()
            processes.wait(adding)
            if said.endswith(b"}\n"):
                secrets[name] = json.loads(said)["client_secret"]
                issuer.secrets.append(secrets[name])
            if number % 3 == 0:
                command("keys", "rotate", "--at-once", "--config", issuer.file)
            secrets["daemon"] = issuer.rotate("daemon")
            for client in list(secrets)[-3:]:
                answer = curl(
                    issuer.token_endpoint, "-u", f"{client}:{secrets[client]}", "-d", "grant_type=client_credentials")
                self.assertEqual(answer.status, 200, client)
                token = json.loads(answer.body)["access_token"]
                given[self.claims(token)["jti"]] = token
            answer = curl(issuer.url + "/oauth/revoke", "-u", f"{client}:{secrets[client]}", "-d", f"token={token}")
            self.assertEqual(answer.status, 200)
            revoked.append((client, token))
            # One more grant is under way when the end comes.
            curl_under_way = self.begin_grant(issuer, secrets["daemon"])
            issuer.kill()
            self.finish(curl_under_way, given)
            issuer.start()
        self.check(issuer, secrets, given, revoked)
        issuer.stop()
        issuer.check_records()

    @staticmethod
    def claims(token):
        part = token.split(".")[1]
        return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))

    def begin_grant(self, issuer, secret):
        return processes.start(
            [processes.program("curl"), "--silent", "--max-time", "5", "-u", f"daemon:{secret}", "-d",
             "grant_type=client_credentials", issuer.token_endpoint], stdout=-1)

    def finish(self, process, given):
        body = process.stdout.read()
        process.stdout.close()
        processes.wait(process)
        if body.endswith(b"}\n"):
            token = json.loads(body)["access_token"]
            given[self.claims(token)["jti"]] = token

    def check(self, issuer, secrets, given, revoked):
        for client, secret in secrets.items():
            answer = curl(issuer.token_endpoint, "-u", f"{client}:{secret}", "-d", "grant_type=client_credentials")
            self.assertEqual(answer.status, 200, client)
        logged = {entry.get("jti") for entry in issuer.audit() if entry["event"] == "grant"}
        self.assertEqual(set(given) - logged, set())
        for token in given.values():
            claims_of(issuer, token)
        for client, token in revoked:
            answer = curl(issuer.url + "/oauth/introspect", "-u", f"{client}:{secrets[client]}", "-d", f"token={token}")
            self.assertEqual(json.loads(answer.body), {"active": False})
        listed = json.loads(issuer.command("keys", "list", "--json"))
        self.assertEqual([key["state"] for key in listed].count("signing"), 1)
        names = [client["id"] for client in json.loads(issuer.command("client", "list", "--json"))]
        self.assertEqual(len(names), len(set(names)))

