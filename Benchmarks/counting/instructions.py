"""User instructions per request, counted by valgrind's callgrind: from the last of the requests that warm up to the
last of those that count. The same build gives the same number to a few instructions, whatever else the machine does."""

import itertools
import math
import pathlib
import re
import shutil
import subprocess

from . import conversation, proxy

NAME = "instructions"
UNIT = "user instructions per request"
REQUESTS = 1000
# How much more than the reading a threshold allows: what another machine's libc, or a week's work, may add unseen.
HEADROOM = 1.1


def threshold(count):
    return math.ceil(count * HEADROOM)


class Counter:
    def __init__(self, folder, binary, profile=None):
        self.folder, self.binary, self.profile = folder, binary, profile
        for tool in ("valgrind", "vgdb"):
            if shutil.which(tool) is None:
                raise SystemExit(f"needs {tool} (apt: valgrind)")

    def count(self, scenario, upstream, tokens, key_set):
        dump = pathlib.Path(self.folder) / "callgrind.out"
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={dump}", f"--vgdb-prefix={self.folder}/vgdb"]
        with proxy.running(self.folder, self.binary, upstream, key_set, scenario.log, command) as (process, port):
            caller = conversation.Caller(port, scenario.connections)
            requests = scenario.requests(tokens)
            caller.ask(itertools.islice(requests, scenario.warm_up), scenario.status)
            self.tell(process, "zero")
            caller.ask(itertools.islice(requests, REQUESTS), scenario.status)
            self.tell(process, "dump")
            caller.close()
            # The first dump; what the end of the process adds goes to the file without a number.
            first = dump.with_name(dump.name + ".1")
            counted = re.search(r"^totals: (\d+)$", first.read_text(), re.MULTILINE)
            if self.profile:
                shutil.copyfile(first, f"{self.profile}.{scenario.name.replace(' ', '-')}")
            for file in dump.parent.glob(dump.name + "*"):
                file.unlink()
            return int(counted[1]) / REQUESTS

    def tell(self, process, what):
        """Has the running process do what a signal could not tell it; valgrind wakes it up for that."""
        command = ["vgdb", f"--vgdb-prefix={self.folder}/vgdb", f"--pid={process.pid}", what]
        told = subprocess.run(command, capture_output=True, text=True, timeout=60)
        if told.returncode != 0:
            raise SystemExit(f"callgrind does not answer: {told.stdout}{told.stderr}")
