"""Tokens of Glewlwyd, whose keys are found by its metadata."""

import json
import unittest

from support import tokens, world
from support.caller import curl
from support.certificates import Authority
from support.glewlwyd import Glewlwyd
from support.proxy import Proxy


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
