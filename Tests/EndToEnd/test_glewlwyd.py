"""Tokens of Glewlwyd, whose keys are found by its metadata: curl's, and those that our egress gets and puts on."""

import json
import unittest

from support import processes, tokens, world
from support.caller import curl
from support.certificates import Authority
from support.glewlwyd import Glewlwyd
from support.proxy import Proxy, command

NO_PROXIES = {name: "" for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY")}


class GlewlwydTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.authority = Authority()
        cls.server = Glewlwyd(
            cls.authority, cls.authority.issue(), tokens.AUDIENCE, {"daemon": ["profile:read", "reports:read"]})
        cls.addClassCleanup(cls.server.close)

    def issuer(self, **more):
        return {
            "issuer": self.server.issuer, "audiences": [tokens.AUDIENCE], "ca_file": str(self.authority.certificate),
        } | more

    def test_its_tokens_are_accepted(self):
        with Proxy(world.nginx().url, self.issuer(), admin="127.0.0.1:0", workers=1) as proxy:
            self.assertEqual(proxy.wait_for("keys_changed")["keys"], 1)
            for scope, status in [("profile:read", 200), ("profile:read reports:read", 200), ("reports:read", 403)]:
                granted = self.server.token("daemon", scope)
                self.assertEqual(set(granted["scope"].split()), set(scope.split()))
                answer = curl(proxy.url + "/v2/users/glewlwyd", token=granted["access_token"])
                self.assertEqual(answer.status, status, answer.body)
            page = json.loads(curl(proxy.admin + "/keys").body)["issuers"][0]
            self.assertTrue(page["uri"].startswith(self.server.base), page["uri"])
        seen = world.nginx().seen("/v2/users/glewlwyd")
        self.assertEqual((seen["client"], seen["issuer"]), ("daemon", self.server.issuer))

    def test_its_tokens_are_nobody_elses(self):
        token = self.server.token("daemon", "profile:read")["access_token"]
        with Proxy(world.nginx().url, self.issuer(audiences=["https://other.example"]), workers=1) as proxy:
            proxy.wait_for("keys_changed")
            self.assertEqual(curl(proxy.url + "/v2/users", token=token).status, 401)
        other = Authority("Other")
        with Proxy(world.nginx().url, self.issuer(ca_file=str(other.certificate)), workers=1) as proxy:
            proxy.wait_for("keys_not_fetched")
            self.assertEqual(curl(proxy.url + "/v2/users", token=token).status, 503)

    def token(self, secret, **more):
        return {
            "issuer": self.server.issuer, "ca_file": str(self.authority.certificate), "client_id": "daemon",
            "client_secret": f"${{file:{secret}}}", "resource": tokens.AUDIENCE, "scope": "profile:read",
        } | more

    def egress(self, api, token):
        """A proxy beside the service, whose calls to api.test go to the API."""
        target = {"id": "api", "host": "api.test", "upstream": api.url, "token": token}
        return Proxy(
            world.nginx().url, environment=NO_PROXIES, routes=[{"path": "/{rest...}", "public": True}],
            admin="127.0.0.1:0", egress={"listen": "127.0.0.1:0", "targets": [target]})

    def call(self, service, target):
        return curl(service.egress + target, "-H", "Host: api.test")

    def test_our_egress_gets_its_tokens_and_our_proxy_enforces_them(self):
        secret = processes.new_folder("glewlwyd-secret") / "secret"
        secret.write_text("daemon\n")
        endpoint = {"token_endpoint": self.server.issuer + "/token"}
        by_address = {name: value for name, value in self.token(secret).items() if name != "issuer"} | endpoint
        with Proxy(world.nginx().url, self.issuer(), environment=NO_PROXIES) as api:
            api.wait_for("keys_changed")
            for number, token in enumerate([self.token(secret), by_address]):
                with self.subTest(number), self.egress(api, token) as service:
                    self.assertEqual(self.call(service, f"/v2/users/egress-{number}").status, 200)
                    seen = world.nginx().seen(f"/v2/users/egress-{number}")
                    self.assertEqual((seen["client"], seen["scopes"]), ("daemon", "profile:read"))
                    self.assertEqual((seen["issuer"], seen["authorization"]), (self.server.issuer, ""))
                    # More than it has asked for, it may not.
                    self.assertEqual(self.call(service, "/v2/reports/acme").status, 403)
                    page = json.loads(curl(service.admin + "/tokens").body)["targets"][0]
                    self.assertEqual((page["state"], page["last_error"]), ("valid", None))

    def test_a_secret_that_glewlwyd_refuses_is_told(self):
        secret = processes.new_folder("glewlwyd-secret") / "secret"
        secret.write_text("wrong")
        with Proxy(world.nginx().url, self.issuer(), environment=NO_PROXIES) as api:
            api.wait_for("keys_changed")
            with self.egress(api, self.token(secret)) as service:
                service.wait_for("token_not_obtained", token_kept="no")
                answer = self.call(service, "/v2/users")
                self.assertEqual((answer.status, json.loads(answer.body)["code"]), (502, "token_unavailable"))
                new = secret.with_suffix(".new")
                new.write_text("daemon")
                new.replace(secret)
                service.wait_for("token_obtained")
                self.assertEqual(self.call(service, "/v2/users").status, 200)

    def test_the_token_command_asks_glewlwyd(self):
        secret = processes.new_folder("glewlwyd-secret") / "secret"
        secret.write_text("daemon")
        done = command(
            "token", "--issuer", self.server.issuer, "--client-id", "daemon", "--secret-file", secret, "--scope",
            "profile:read", "--resource", tokens.AUDIENCE, "--ca-file", self.authority.certificate, env=NO_PROXIES)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        with Proxy(world.nginx().url, self.issuer(), environment=NO_PROXIES) as api:
            api.wait_for("keys_changed")
            self.assertEqual(curl(api.url + "/v2/users", token=tokens.noted(done.stdout.strip())).status, 200)
