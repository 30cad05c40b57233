"""`scopeproxy serve`, and what it logs."""

import json
import os
import pathlib
import re
import signal
import subprocess

from support import processes, supervisor, tokens
from support.processes import BINARY, Lines, PATIENCE

ROUTES = [
    {"methods": ["GET"], "path": "/v2/users", "scopes": ["profile:read"]},
    {"methods": ["POST"], "path": "/v2/users", "scopes": ["profile:create"]},
    {"methods": ["GET"], "path": "/v2/users/{uid}", "scopes": ["profile:read"]},
    {"methods": ["DELETE"], "path": "/v2/users/{uid}", "scopes": ["profile:read", "profile:delete"]},
    {"methods": ["GET"], "path": "/v2/either", "any_scope": ["one", "other"]},
    {
        "methods": ["GET"], "path": "/v2/reports/{tenant}", "scopes": ["reports:read"],
        "claims": {"tenant": "{tenant}"},
    },
    {"path": "/v2/backend/{rest...}", "authenticated": True},
    {"path": "/v2/files/{rest...}", "authenticated": True},
    {"path": "/v2/nothing", "authenticated": True},
    {"path": "/public/{rest...}", "public": True},
]


def issuer(keys, name=tokens.ISSUER, **more):
    """`keys` is a key set, or the address of one."""
    where = {"jwks_uri": keys} if isinstance(keys, str) else {"jwks": keys}
    return {"issuer": name, "audiences": [tokens.AUDIENCE]} | where | more


def configuration(upstream, issuers, **more):
    every = {
        "listen": "127.0.0.1:0", "upstream": upstream, "issuers": issuers, "routes": ROUTES, "workers": 2,
        "log": {"level": "info", "format": "json"},
    }
    # None are needed where every route is public.
    return {name: value for name, value in (every | more).items() if value != []}


class Proxy:
    """A running proxy, with at most so many `descriptors`. At its end its whole log is checked.

    `environment` is what its environment has besides that of the tests, `options` what its command line has besides the
    configuration, `sockets` what it is started with, under these `names`; a `file` that others share is left as it is."""

    def __init__(self, upstream, *issuers, descriptors=None, environment=None, options=(), sockets=(), names=None,
                 file=None, **more):
        self.folder = processes.new_folder("proxy")
        self.file = file or self.folder / "routes.json"
        if not file:
            self.file.write_text(json.dumps(configuration(upstream, list(issuers), **more)))
        start = [BINARY, "serve", "--config", self.file, *options]
        if descriptors:
            start = ["bash", "-c", f'ulimit -n {descriptors}; exec "$@"', "bash", *start]
        start, handing, handed = supervisor.handed(start, sockets, names)
        copies = handing.pop("copies", [])
        self.process = processes.start(
            start, stderr=subprocess.PIPE, env=os.environ | handed | (environment or {}), **handing)
        for copy in copies:
            os.close(copy)
        self.log = Lines(self.process.stderr)
        self.status = None
        try:
            line = self.wait_for("listening")
            self.url = line["address"]
            # Only where the configuration asks for it.
            self.admin = line.get("admin")
            self.egress = line.get("egress")
        except AssertionError:
            processes.end(self.process)
            raise
        self.port = int(self.url.rpartition(":")[2])

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.stop()
        if kind is None:
            self.check_log()

    def wait_for(self, event, since=0, **fields):
        """The first line of the log, from line number `since` on, that tells of `event` with these fields."""
        def wanted(line):
            entry = json.loads(line) if line.startswith("{") else {"event": line}
            matches = entry.get("event") == event and fields.items() <= entry.items()
            return entry if matches else None

        return self.log.wait_for(wanted, since)

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def wait(self):
        """The exit status, once the process has ended by itself."""
        if self.status is None:
            self.status = processes.wait(self.process)
            self.log.wait_for_end()
        return self.status

    def stop(self):
        """The exit status after SIGTERM."""
        if self.status is None:
            self.status = processes.end(self.process)
            self.log.wait_for_end()
        return self.status

    @property
    def entries(self):
        return [json.loads(line) for line in list(self.log.lines)]

    def requests(self):
        """The access log: one entry for each request."""
        return [entry for entry in self.entries if entry["event"] == "request"]

    def memory_peak(self):
        """Resident memory at its highest, in MiB."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024

    def check_log(self):
        """Every line is an object of JSON, and no part of any token occurs anywhere."""
        for entry in self.entries:
            assert {"time", "level", "event"} <= entry.keys(), entry
        text = "\n".join(self.log.lines)
        assert "eyJ" not in text, "the log holds the beginning of a token"
        pieces = set(re.findall(r"[A-Za-z0-9_-]{40,}", text))
        leaked = pieces & tokens.signatures or {s for s in tokens.signatures if any(s in p for p in pieces)}
        assert not leaked, "the log holds a token's signature"


def command(*arguments, **options):
    """Runs a scopeproxy command to its end."""
    return processes.run([BINARY, *arguments], **{"timeout": PATIENCE} | options)
