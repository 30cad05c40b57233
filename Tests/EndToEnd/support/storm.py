"""Tables that change and processes that come and go under load, and callers who check every answer."""

import contextlib
import http.client
import json
import re
import signal
import threading
import time

from support import processes
from support.processes import PATIENCE
from support.proxy import Proxy, configuration

# What no table changes, and two paths that each table treats the other way round than the one before it did.
OPEN, EVEN, ODD = "/public/", "/v2/users", "/v2/nothing"
PERMITTED = {OPEN: 200, EVEN: 200, ODD: 204}
# Requests, and not the pauses between them, are to be what the processors are used for.
CALLERS_OF_A_KIND = 3
# Less than `drain_idle_seconds`, after which the process that ends closes the connection.
REST_SECONDS = 0.7


def routes(table):
    """A refusal by this table names its number, in the scope that it asks for."""
    mine, other = (EVEN, ODD) if table % 2 == 0 else (ODD, EVEN)
    return [
        {"path": "/public/{rest...}", "public": True, "id": "public"},
        {"path": mine, "scopes": ["profile:read"], "id": f"mine-{table}"},
        {"path": other, "scopes": [f"table:{table}"], "id": f"other-{table}"},
    ]


class Generation:
    """One process, and by which tables it may decide now."""

    def __init__(self, tables):
        self.tables = set(tables)
        self.proxy = None
        self.has_ended = False


class Storm:
    """A proxy's configuration, the processes that share it, and the callers.

    `start` makes a process: it gets what `Proxy` takes besides the upstream and the issuer."""

    def __init__(self, upstream, known, token, start=lambda **more: more, **settings):
        self.upstream, self.known, self.token = upstream, known, token
        self.settings = {"log": {"level": "info", "format": "json", "sample": 0}} | settings
        self.more = start
        self.folder = processes.new_folder("storm")
        self.file = self.folder / "routes.json"
        self.table = 0
        self.generations = []
        # What could decide from one moment to the next; the last one goes on.
        self.history = [frozenset()]
        self.lock = threading.Lock()
        self.over = threading.Event()
        self.failures = []
        self.answered = {"kept": 0, "resting": 0, "fresh": 0}
        self.slowest = 0
        self.reloads = self.restarts = 0
        self.started = []
        self._write()
        self.running = self._start()

    # MARK: - Tables and processes

    def run(self, seconds, every, restart_every=None):
        """Changes the table `every` so many seconds, and the process `restart_every` so many."""
        callers = [
            threading.Thread(target=self._guarded, args=[call, path])
            for call in (self._call_kept, self._call_resting, self._call_fresh) for path in (OPEN, EVEN, ODD) * CALLERS_OF_A_KIND]
        end = time.monotonic() + seconds
        others = [threading.Thread(target=self._guarded, args=[self._restart_often, restart_every, end])]
        for thread in callers + (others if restart_every else []):
            thread.start()
        try:
            self._change_often(every, end)
        finally:
            for thread in others if restart_every else []:
                thread.join()
            self.over.set()
            for thread in callers:
                thread.join()

    def _change_often(self, every, end):
        due = time.monotonic()
        while (now := time.monotonic()) < end and not self.failures:
            self.over.wait(due - now)
            # What could not be kept up with is not made up for.
            due = max(due + every, time.monotonic())
            self._change()

    def _change(self):
        with self.lock:
            self.table += 1
            generations = list(self.generations)
            for generation in generations:
                generation.tables.add(self.table)
            self._note()
            self._write()
            # One that has yet to say that it is ready may have read either; it is sure of the next one.
            told = [(generation, len(generation.proxy.log.lines)) for generation in generations if generation.proxy]
            for generation, _ in told:
                generation.proxy.signal(signal.SIGHUP)
        for generation, since in told:
            self._await_table(generation, since, self.table)
        self.reloads += 1

    def _await_table(self, generation, since, table):
        try:
            generation.proxy.wait_for("rule_changed", since, after=f"scopes table:{table}")
        except AssertionError:
            # Unless it has come to its end meanwhile, by which it decides nothing any more.
            if not generation.proxy.log.ended:
                raise
            table = None
        with self.lock:
            generation.tables = set() if table is None else {table}
            self._note()

    def _restart_often(self, every, end):
        due = time.monotonic() + every
        while due < end and not self.failures:
            self.over.wait(due - time.monotonic())
            due = max(due + every, time.monotonic())
            before, self.running = self.running, self._start()
            before.proxy.signal()
            before.proxy.wait_for("draining")
            self.restarts += 1

    def _start(self):
        with self.lock:
            generation = Generation([self.table])
            self.generations = [one for one in self.generations if one.tables]
            self.generations.append(generation)
            self._note()
        proxy = Proxy(self.upstream, self.known, file=self.file, **self.more())
        with self.lock:
            generation.proxy = proxy
        self.started.append(proxy)
        return generation

    def _note(self):
        self.history.append(frozenset().union(*(generation.tables for generation in self.generations)))

    def _write(self):
        text = json.dumps(configuration(self.upstream, [self.known], routes=routes(self.table), **self.settings))
        new = self.file.with_suffix(".new")
        new.write_text(text)
        new.replace(self.file)

    # MARK: - Callers

    def _guarded(self, act, *arguments):
        try:
            act(*arguments)
        except (OSError, http.client.HTTPException, AssertionError) as error:
            self.failures.append((act.__name__, *arguments, repr(error)))

    def _call_kept(self, path):
        """On one connection, for as long as it is not told that it is the last answer on it."""
        while not self.over.is_set():
            with contextlib.closing(self._connect()) as connection:
                while not self.over.is_set() and self._ask(connection, path, "kept"):
                    pass

    def _call_resting(self, path):
        """Kept, but at rest for long enough that a process that ends is told to meanwhile."""
        while not self.over.is_set():
            with contextlib.closing(self._connect()) as connection:
                while not self.over.wait(REST_SECONDS) and self._ask(connection, path, "resting"):
                    pass

    def _call_fresh(self, path):
        while not self.over.is_set():
            began = time.monotonic()
            with contextlib.closing(self._connect()) as connection:
                self._ask(connection, path, "fresh", {"Connection": "close"})
            with self.lock:
                self.slowest = max(self.slowest, time.monotonic() - began)

    def _connect(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.running.proxy.port, timeout=PATIENCE)
        # The client must not make another one unasked.
        connection.auto_open = 0
        connection.connect()
        return connection

    def _ask(self, connection, path, kind, more=None):
        """Whether the connection may be used further."""
        mark = len(self.history) - 1
        connection.request("GET", path, headers={"Authorization": f"Bearer {self.token}"} | (more or {}))
        answer = connection.getresponse()
        answer.read()
        possible = frozenset().union(*self.history[mark:])
        self._judge(path, answer, possible)
        with self.lock:
            self.answered[kind] += 1
        return answer.getheader("Connection") != "close"

    def _judge(self, path, answer, possible):
        refused = re.search(r'scope="table:(\d+)"', answer.getheader("WWW-Authenticate") or "")
        if path != OPEN and answer.status == 403 and refused:
            right = int(refused[1]) in possible and path == (ODD, EVEN)[int(refused[1]) % 2]
        else:
            mine = [table for table in possible if path == OPEN or path == (EVEN, ODD)[table % 2]]
            right = answer.status == PERMITTED[path] and mine
        if not right:
            self.failures.append((path, sorted(possible), answer.status, answer.getheader("WWW-Authenticate")))
