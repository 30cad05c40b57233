"""Other tables ten times a second and other processes every second, while callers check every answer.

STORM_SECONDS is for how long each of them goes on."""

import os
import unittest

from support import processes, supervisor, world
from support.keyserver import KeyServer
from support.proxy import issuer
from support.storm import Storm
from support.tokens import Signer

SECONDS = float(os.environ.get("STORM_SECONDS", "4"))


class StormTests(unittest.TestCase):
    def setUp(self):
        self.signer = Signer()
        # Over the network, so that each process begins without any.
        self.keys = self.enterContext(KeyServer(self.signer))
        self.port = processes.free_port()

    def storm(self, start=dict, **settings):
        return Storm(
            world.nginx().url, issuer(self.keys.uri), self.signer.token("profile:read"), start,
            listen=f"127.0.0.1:{self.port}", **settings)

    def check(self, storm, restart_every=None):
        storm.run(SECONDS, every=0.1, restart_every=restart_every)
        self.assertEqual(storm.failures[:10], [])
        for proxy in storm.started:
            self.assertEqual(proxy.stop(), 0)
            proxy.check_log()
            self.assertFalse([entry for entry in proxy.entries if entry["event"] == "reload_failed"])
        self.assertGreater(storm.reloads, 5)
        self.assertTrue(all(storm.answered.values()), storm.answered)
        print(
            f"{storm.reloads} reloads, {storm.restarts} restarts, {storm.answered['kept']} requests on kept connections, "
            f"{storm.answered['fresh']} on connections of their own, the slowest of these {storm.slowest:.2f} s")

    def test_reloads(self):
        self.check(self.storm())

    def test_reloads_and_restarts_by_processes_that_overlap(self):
        storm = self.storm(reuse_port=True)
        self.check(storm, restart_every=1)
        self.assertGreater(storm.restarts, 1)

    def test_reloads_and_restarts_over_one_socket(self):
        kept = self.enterContext(supervisor.listening())
        self.port = kept.getsockname()[1]
        storm = self.storm(lambda: {"sockets": [kept], "names": ["listen"]})
        self.check(storm, restart_every=1)
        self.assertGreater(storm.restarts, 1)
