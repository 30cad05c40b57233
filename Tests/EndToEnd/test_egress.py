"""The service's own calls: curl is the service, Authlib grants, our own proxy enforces, nginx is the API."""

import json
import threading
import unittest

from joserfc.jwk import ECKey

from support import processes, tokens, world
from support.authserver import AuthServer, Client
from support.caller import curl
from support.certificates import Authority
from support.proxy import Proxy, command

NO_PROXIES = {name: "" for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY")}


class EgressTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.authority = Authority()

    def setUp(self):
        self.client = Client("profile:read", "profile:create")
        self.folder = processes.new_folder("egress")
        self.secret = self.folder / "secret"
        self.secret.write_text(self.client.secret + "\n")
        self.server = self.enterContext(AuthServer(self.authority.issue(), self.client))
        issuer = {
            "issuer": self.server.issuer, "audiences": [tokens.AUDIENCE], "ca_file": str(self.authority.certificate),
            "key_refresh": {"min_seconds": 1, "default_seconds": 1, "cooldown_seconds": 0},
        }
        self.api = self.enterContext(Proxy(world.nginx().url, issuer, environment=NO_PROXIES))
        self.api.wait_for("keys_changed")

    def token(self, **more):
        every = {
            "issuer": self.server.issuer, "ca_file": str(self.authority.certificate), "client_id": self.client.id,
            "client_secret": f"${{file:{self.secret}}}", "scope": "profile:read",
        }
        return {name: value for name, value in (every | more).items() if value is not None}

    def service(self, **more):
        """A proxy beside the service, whose calls to api.test go to the API."""
        target = {"id": "api", "host": "api.test", "upstream": self.api.url, "token": self.token(**more)}
        return Proxy(
            world.nginx().url, environment=NO_PROXIES, routes=[{"path": "/{rest...}", "public": True}],
            admin="127.0.0.1:0", egress={"listen": "127.0.0.1:0", "targets": [target]})

    def call(self, service, target, *arguments):
        return curl(service.egress + target, "-H", "Host: api.test", *arguments)

    def assert_call(self, service, status, target="/v2/users", *arguments):
        answer = self.call(service, target, *arguments)
        self.assertEqual(answer.status, status, answer.body)
        return answer

    def test_a_call_without_a_token_arrives_with_one(self):
        with self.service() as service:
            self.assert_call(service, 200, "/v2/users/of-egress", "-H", "Authorization: Basic c2VydmljZTp4")
            seen = world.nginx().seen("/v2/users/of-egress")
            self.assertEqual((seen["subject"], seen["scopes"]), (self.client.id, "profile:read"))
            self.assertEqual(seen["authorization"], "")
            # More than its token allows is refused by the API, and that is what the service hears.
            self.assert_call(service, 403, "/v2/users", "-d", "x=1")
            self.assertEqual(curl(service.egress + "/", "-H", "Host: other.test").status, 421)
            page = json.loads(curl(service.admin + "/tokens").body)["targets"][0]
            self.assertEqual((page["target"], page["state"], page["last_error"]), ("api", "valid", None))
            self.assertEqual(self.server.token_requests, 1)

    def test_every_way_to_authenticate(self):
        key = ECKey.generate_key("P-256", {"kid": "k1"})
        self.client.key = key
        file = self.folder / "key.pem"
        file.write_bytes(key.as_pem(private=True))
        for more in [
            {"auth_method": "client_secret_post"}, {"client_secret": None, "private_key": str(file), "key_id": "k1"},
            {"issuer": None, "token_endpoint": f"{self.server.issuer}/token"},
        ]:
            with self.subTest(more), self.service(**more) as service:
                self.assert_call(service, 200)

    def test_a_token_whose_key_is_gone_is_renewed_within_the_call(self):
        with self.service() as service:
            self.assert_call(service, 200)
            since = len(self.api.log.lines)
            self.server.rotate(keep=False)
            self.api.wait_for("keys_changed", since=since)
            self.assert_call(service, 200)
            service.wait_for("token_refused", target="api")
            self.assertEqual(self.server.token_requests, 2)

    def test_secrets_and_keys_rotate_under_load_without_a_failed_call(self):
        statuses = []
        done = threading.Event()

        def load(service):
            while not done.is_set():
                statuses.append(self.call(service, "/v2/users").status)

        with self.service() as service:
            self.assert_call(service, 200)
            callers = [threading.Thread(target=load, args=[service]) for _ in range(3)]
            for caller in callers:
                caller.start()
            for number in range(3):
                since = len(service.log.lines)
                # The server takes the new one only, as the worst of them do.
                self.client.secret = f"rotated {number} %&"
                self.secret.write_text(self.client.secret)
                service.wait_for("token_obtained", since=since)
                since = len(self.api.log.lines)
                # As long as tokens of an old key live, it stays published.
                self.server.rotate()
                self.api.wait_for("keys_changed", since=since)
            done.set()
            for caller in callers:
                caller.join(processes.PATIENCE)
        self.assertGreater(len(statuses), 10)
        self.assertEqual(set(statuses), {200})

    def test_a_server_that_refuses_or_is_gone_is_told(self):
        self.secret.write_text("wrong")
        with self.service() as service:
            service.wait_for("token_not_obtained", cause="invalid_client", token_kept="no")
            answer = self.assert_call(service, 502)
            told = json.loads(answer.body)
            self.assertEqual((told["code"], told["cause"]), ("token_unavailable", "invalid_client"))
            self.secret.write_text(self.client.secret)
            service.wait_for("token_obtained")
            self.assert_call(service, 200)
            self.server.die()
            self.assert_call(service, 200)

    def test_the_token_command_gets_what_the_api_takes(self):
        arguments = [
            "token", "--issuer", self.server.issuer, "--client-id", self.client.id, "--secret-file", self.secret,
            "--scope", "profile:read", "--ca-file", self.authority.certificate,
        ]
        cache = self.folder / "cache"

        def run(*more):
            done = command(*arguments, *more, env=NO_PROXIES)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            tokens.noted(done.stdout.split()[-1])
            return done.stdout.rstrip("\n")

        self.assertEqual(curl(self.api.url + "/v2/users", "-H", run("--header")).status, 200)
        first = run("--cache", cache)
        self.assertEqual(run("--cache", cache), first)
        self.assertEqual(cache.stat().st_mode & 0o777, 0o600)
        self.assertEqual(curl(self.api.url + "/v2/users", token=first).status, 200)
        self.assertEqual(self.server.token_requests, 2)
