"""Taking turns: one reading of one scenario by one proxy."""

import contextlib
import subprocess
import time

from .exchange import first_good_answer, held
from .grown import grown
from .load import Requests, built
from .programs import Failure, running, tail
from .readings import CPUTime, memory
from .scenarios import MIXED, MIXTURE, scenarios as all_scenarios
from .slow import slow_heads

# A reading that fails must not cost the others.
TOLERATED = (Failure, OSError, subprocess.SubprocessError, ValueError, TypeError, AttributeError)


class Turns:
    """Takes them on instances that stand (`standing`: by the names of peer and setup)."""

    def __init__(self, site, standing, scenarios, options):
        self._site, self._standing, self._options = site, standing, options
        self._requests = {
            scenario.name: Requests(scenario, site.authority, site.folder) for scenario in scenarios
        }
        kinds = {scenario.kind for scenario in scenarios}
        self._pace = built("pace", site.folder) if "paced" in kinds else None
        self._handshakes = built("handshakes", site.folder, "-lssl", "-lcrypto") if "handshakes" in kinds else None
        self._mixture = [
            Requests(scenario, site.authority, site.folder) for scenario in all_scenarios(options.short)
            if scenario.name in MIXTURE
        ] if "grown" in kinds else []
        self._fresh = 0

    def warm_up(self, turn):
        """Not counted: caches fill, and connections to the upstream are made."""
        if turn.scenario.kind == "load":
            self._load(turn, seconds=1)

    def take(self, turn):
        """The readings, by name."""
        return {"load": self._load, "handshakes": self._shaken, "paced": self._paced, "start": self._start, "held": self._held,
                "grown": self._grown}[turn.scenario.kind](turn)

    def _load(self, turn, seconds=None):
        instance, requests = self._instance(turn), self._requests[turn.scenario.name]
        with held(instance.port, requests.first, turn.scenario.idle):
            return costs(instance, lambda: requests.wrk(instance.port, seconds or self._options.seconds))

    def _shaken(self, turn):
        instance, requests = self._instance(turn), self._requests[turn.scenario.name]
        return costs(instance, lambda: requests.handshakes(instance.port, self._options.seconds, self._handshakes))

    def _paced(self, turn):
        instance, requests = self._instance(turn), self._requests[turn.scenario.name]
        # Its first half second is not counted, and starting takes some of the rest.
        seconds = self._options.seconds + (1 if self._options.warm_up else 0)
        with slow_heads(instance.port, requests.first, turn.scenario.slow):
            return costs(instance, lambda: requests.pace(instance.port, seconds, self._pace))

    def _start(self, turn):
        with self._started(turn) as (process, _, milliseconds):
            # What a start leaves to be done, it does now.
            time.sleep(0.2)
            return {"start_ms": milliseconds, **memory(process.pid)}

    def _held(self, turn):
        with self._started(turn) as (process, port, _):
            time.sleep(0.2)
            before = memory(process.pid)
            with held(port, self._requests[turn.scenario.name].first, turn.scenario.idle, turn.scenario.setup.tls):
                after = memory(process.pid)
        return {
            f"{name.removesuffix('_kib')}_bytes_per_connection": (after[name] - before[name]) * 1024
            / turn.scenario.idle for name in after
        }

    def _grown(self, turn):
        with self._started(turn) as (process, port, _):
            first, last = grown(port, self._mixture, MIXED[not self._options.short], lambda: memory(process.pid)["rss_kib"])
        return {"rss_kib_before": first, "rss_kib_after": last, "growth": last / first}

    @contextlib.contextmanager
    def _started(self, turn):
        """A fresh process that has given its first authorised answer: (process, port, milliseconds until then)."""
        self._fresh += 1
        command, port, log = turn.peer.prepared(self._site, turn.scenario.setup, f"-{self._fresh}")
        request = self._requests[turn.scenario.name].first
        begin = time.monotonic()
        with running(command, log) as process:
            first_good_answer(port, request, process, log, turn.scenario.setup.tls)
            yield process, port, (time.monotonic() - begin) * 1000

    def _instance(self, turn):
        instance = self._standing.get((turn.peer.name, turn.scenario.setup.name))
        if instance is None or instance.process.poll() is not None:
            raise Failure(f"{turn.peer.name} does not run" + (f"\n{tail(instance.log)}" if instance else ""))
        return instance


def costs(instance, load):
    """What the load generator read, and the CPU time that each request took meanwhile."""
    before = CPUTime.of(instance.process.pid)
    read = load()
    after = CPUTime.of(instance.process.pid)
    return {**read, **after.since(before).per_request(read["requests"])}
