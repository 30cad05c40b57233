"""All three roles are ours: egress obtains, the issuer grants, the proxy enforces; and secrets and keys rotate under load."""

import json
import threading
import time
import unittest

from support import processes, world
from support.caller import curl
from support.issuer import Issuer
from support.proxy import Proxy

API = "https://api.example"
# Tokens that live for a few seconds make every change count soon.
TOKENS = {"lifetime_seconds": 4, "max_lifetime_seconds": 4}
SIGNING = {"rotate_after_seconds": 3600, "publish_before_seconds": 2, "jwks_max_age_seconds": 1}


class RolesTests(unittest.TestCase):
    def setUp(self):
        self.issuer = self.enterContext(Issuer(tokens=TOKENS, signing=SIGNING))
        self.file = processes.new_folder("roles") / "secret"
        self.file.write_text(self.issuer.add("daemon"))
        refresh = {"min_seconds": 1, "default_seconds": 1, "cooldown_seconds": 0}
        known = {"issuer": self.issuer.url, "audiences": [API], "key_refresh": refresh}
        self.api = self.enterContext(Proxy(world.nginx().url, known))
        self.api.wait_for("keys_changed")
        token = {
            "issuer": self.issuer.url, "client_id": "daemon", "client_secret": f"${{file:{self.file}}}",
            "audience": API, "scope": "profile:read",
        }
        target = {"id": "api", "host": "api.test", "upstream": self.api.url, "token": token}
        self.service = self.enterContext(Proxy(
            world.nginx().url, routes=[{"path": "/{rest...}", "public": True}],
            egress={"listen": "127.0.0.1:0", "targets": [target]}))

    def call(self):
        return curl(self.service.egress + "/v2/users", "-H", "Host: api.test").status

    def rotate_secret(self):
        since = len(self.service.log.lines)
        # In one step, as whoever mounts secrets does it: half a secret is a wrong one.
        new = self.file.with_suffix(".new")
        new.write_text(self.issuer.rotate("daemon", "--old-expires", "5s"))
        new.replace(self.file)
        self.service.wait_for("token_obtained", since=since)

    def rotate_key(self, *more):
        before = self.signers()
        self.issuer.command("keys", "rotate", *more)
        deadline = time.monotonic() + processes.PATIENCE
        while self.signers() == before:
            self.assertLess(time.monotonic(), deadline, "the new key has not signed")

    def signers(self):
        lines = self.issuer.command("keys", "list").splitlines()
        return [line.split()[0] for line in lines if line.endswith("signs")]

    def complaints(self):
        """What both proxies have logged, but for calls that went well."""
        return [entry for entry in self.service.entries + self.api.entries if entry.get("status") != 200]

    def test_everything_rotates_under_load_without_a_failed_call(self):
        statuses = []
        done = threading.Event()

        def load():
            while not done.is_set():
                statuses.append(self.call())

        self.assertEqual(self.call(), 200)
        callers = [threading.Thread(target=load) for _ in range(2)]
        for caller in callers:
            caller.start()
        try:
            for more in [(), ("--at-once",), ()]:
                self.rotate_secret()
                self.rotate_key(*more)
        finally:
            done.set()
            for caller in callers:
                caller.join(processes.PATIENCE)
        self.assertGreater(len(statuses), 50)
        self.assertEqual(set(statuses), {200}, self.complaints())
        grants = [entry for entry in self.issuer.audit() if entry["event"] == "grant"]
        self.assertGreater(len(grants), 3)
        self.assertEqual({entry["client"] for entry in grants}, {"daemon"})

    def test_a_client_that_is_disabled_gets_no_further(self):
        self.assertEqual(self.call(), 200)
        self.issuer.command("client", "disable", "daemon")
        deadline = time.monotonic() + processes.PATIENCE
        while self.call() != 502:
            self.assertLess(time.monotonic(), deadline)
        answer = curl(self.service.egress + "/v2/users", "-H", "Host: api.test")
        self.assertEqual(json.loads(answer.body)["cause"], "invalid_client")
        self.issuer.command("client", "enable", "daemon")
        while self.call() != 200:
            self.assertLess(time.monotonic(), deadline + processes.PATIENCE)
