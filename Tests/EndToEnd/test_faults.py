"""A machine that has not enough for a running proxy: file sizes and memory."""

import json
import resource
import subprocess
import unittest

from support import processes, world
from support.caller import curl
from support.processes import BINARY
from support.proxy import configuration, issuer
from support.tokens import Signer, key_set

MEBIBYTE = 1 << 20


class LimitTests(unittest.TestCase):
    def setUp(self):
        self.signer = Signer()
        self.folder = processes.new_folder("faults")
        self.file = self.folder / "routes.json"
        self.log = self.folder / "log"

    def start(self, limit=None, **more):
        """A proxy whose log is a file, after `limit` was called in its process."""
        settings = configuration(world.nginx().url, [issuer(key_set(self.signer))], admin="127.0.0.1:0", **more)
        self.file.write_text(json.dumps(settings))
        with open(self.log, "wb") as log:
            return processes.start([BINARY, "serve", "--config", self.file], stderr=log, preexec_fn=limit)

    def listening(self, process):
        """The line that says where it listens; nil when it has ended without one."""
        for _ in range(processes.PATIENCE * 20):
            for line in self.log.read_text().splitlines():
                if line.startswith("{") and json.loads(line)["event"] == "listening":
                    return json.loads(line)
            try:
                process.wait(timeout=0.05)
                return None
            except subprocess.TimeoutExpired:
                pass
        self.fail("it neither listens nor ends")

    def test_a_log_that_may_not_grow_is_no_end(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

        process = self.start(limit)
        place = self.listening(process)
        for _ in range(40):
            answer = curl(place["address"] + "/v2/users", token=self.signer.token("profile:read"))
            self.assertEqual(answer.status, 200)
        self.assertIsNone(process.poll())
        metrics = curl(place["admin"] + "/metrics").body.decode()
        dropped = [line for line in metrics.splitlines() if line.startswith("scopeproxy_log_lines_dropped_total ")]
        self.assertGreater(float(dropped[0].split()[1]), 0)
        self.assertEqual(processes.end(process), 0)
        # What there is of it is whole.
        lines = self.log.read_bytes()
        self.assertLessEqual(len(lines), 4096)
        for line in lines.split(b"\n")[:-1]:
            json.loads(line)

    def test_with_little_memory_it_serves_or_ends(self):
        """RLIMIT_AS, from what is not enough to begin to what is enough to serve."""
        served = 0
        for mebibytes in [16, 32, 64, 96, 128, 192, 256, 512, 1024]:
            with self.subTest(mebibytes=mebibytes):
                def limit(bytes=mebibytes * MEBIBYTE):
                    resource.setrlimit(resource.RLIMIT_AS, (bytes, bytes))
                    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

                process = self.start(limit, workers=2)
                place = self.listening(process)
                if place is None:
                    # Without room for its libraries the loader ends it, with a status of its own.
                    self.assertNotEqual(processes.wait(process), 0)
                    continue
                answer = curl(place["address"] + "/v2/users", token=self.signer.token("profile:read"))
                self.assertEqual(answer.status, 200)
                served += 1
                self.assertEqual(processes.end(process), 0)
        self.assertGreater(served, 0)
