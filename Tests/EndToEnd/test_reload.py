"""A proxy that is told other rules while it runs, also ten times a second and under load."""

import http.client
import json
import os
import signal
import threading
import time
import unittest

from support import processes, world
from support.caller import curl
from support.processes import BINARY, PATIENCE
from support.proxy import Proxy, configuration, issuer
from support.tokens import Signer, key_set

# Two tables that disagree about everything but one path.
TABLES = [
    [
        {"path": "/public/{rest...}", "public": True, "id": "public"},
        {"path": "/v2/users", "scopes": ["profile:read"], "id": "users"},
        {"path": "/v2/nothing", "scopes": ["admin"], "id": "nothing"},
    ],
    [
        {"path": "/public/{rest...}", "public": True, "id": "public"},
        {"path": "/v2/users", "scopes": ["admin"], "id": "people"},
        {"path": "/v2/nothing", "scopes": ["profile:read"], "id": "nothing"},
    ],
]
# What a token with profile:read gets from each of the tables.
ANSWERS = {"/public/": [{200}, {200}], "/v2/users": [{200}, {403}], "/v2/nothing": [{403}, {204}]}


def replace(path, text):
    """In one step, as most editors and all of Kubernetes do it."""
    new = path.with_suffix(".new")
    new.write_text(text)
    new.replace(path)


class ReloadTests(unittest.TestCase):
    def setUp(self):
        self.signer = Signer()
        self.upstream = world.nginx()
        self.known = issuer(key_set(self.signer))

    def text(self, table, **more):
        return json.dumps(configuration(self.upstream.url, [self.known], routes=TABLES[table], **more))

    def proxy(self, **more):
        return self.enterContext(Proxy(self.upstream.url, self.known, routes=TABLES[0], **more))

    def status(self, proxy, path="/v2/users"):
        return curl(proxy.url + path, token=self.signer.token("profile:read")).status

    def test_a_change_of_the_file_is_enough(self):
        proxy = self.proxy()
        self.assertEqual(self.status(proxy), 200)
        replace(proxy.file, self.text(1))
        self.assertEqual(proxy.wait_for("reloaded")["cause"], "file")
        self.assertEqual(self.status(proxy), 403)
        since = len(proxy.log.lines)
        proxy.file.write_text(self.text(0))
        proxy.wait_for("reloaded", since)
        self.assertEqual(self.status(proxy), 200)
        loosened = proxy.wait_for("rule_changed", since, path="/v2/users", change="changed")
        self.assertEqual((loosened["before"], loosened["after"]), ("scopes admin", "scopes profile:read"))

    def test_half_a_file_and_a_wrong_one_change_nothing(self):
        proxy = self.proxy(admin="127.0.0.1:0")
        proxy.file.write_text(self.text(1)[:100])
        proxy.wait_for("reload_failed")
        self.assertEqual(self.status(proxy), 200)
        self.assertEqual(curl(proxy.admin + "/readyz").status, 200)
        since = len(proxy.log.lines)
        proxy.file.write_text(json.dumps({"listen": "127.0.0.1:0", "upstrem": 1}))
        proxy.wait_for("reload_failed", since)
        problems = [entry["problem"] for entry in proxy.entries if entry["event"] == "configuration_problem"]
        self.assertTrue(any('did you mean "upstream"?' in problem for problem in problems), problems)
        since = len(proxy.log.lines)
        proxy.file.write_text(self.text(1, admin="127.0.0.1:0"))
        proxy.wait_for("reloaded", since)
        self.assertEqual(self.status(proxy), 403)

    def test_a_config_map_of_kubernetes(self):
        folder = processes.new_folder("configmap")
        for version in range(2):
            (folder / f"..{version}").mkdir()
            (folder / f"..{version}" / "routes.json").write_text(self.text(version))
        (folder / "..data").symlink_to("..0")
        (folder / "routes.json").symlink_to("..data/routes.json")
        proxy = self.proxy()
        # The proxy is told of a link to the map, which is one more link on the way.
        proxy.file.unlink()
        proxy.file.symlink_to(folder / "routes.json")
        proxy.wait_for("reloaded")
        for version in [1, 0, 1]:
            since = len(proxy.log.lines)
            (folder / "..data_tmp").symlink_to(f"..{version}")
            os.rename(folder / "..data_tmp", folder / "..data")
            proxy.wait_for("reloaded", since)
            self.assertEqual(self.status(proxy), [200, 403][version])

    def test_check_tells_the_difference_beforehand(self):
        folder = processes.new_folder("check")
        for version in range(2):
            (folder / f"{version}.json").write_text(self.text(version))
        same = processes.run([BINARY, "check", folder / "0.json", "--against", folder / "0.json"], timeout=PATIENCE)
        self.assertEqual(same.returncode, 0)
        done = processes.run(
            [BINARY, "check", folder / "1.json", "--against", folder / "0.json"], timeout=PATIENCE, check=False)
        self.assertEqual(done.returncode, 1, done)
