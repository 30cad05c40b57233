"""`scopeproxy issuer`, its clients and what it logs."""

import json
import os
import signal
import subprocess

from support import processes, supervisor
from support.processes import BINARY, Lines
from support.proxy import command

AUDIENCES = "https://api.example https://other.example"
SCOPES = "profile:read profile:create reports:read"


class Issuer:
    """A running issuer with files of its own, and at most so many `descriptors`; it can be killed and started again on
    them."""

    def __init__(self, tls=None, descriptors=None, **more):
        self.descriptors = descriptors
        self.folder = processes.new_folder("issuer")
        self.file = self.folder / "issuer.json"
        self.port = processes.free_port()
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        settings = {
            "issuer": self.url, "listen": f"127.0.0.1:{self.port}", "clients": "clients.json", "state_dir": "state",
            "log": {"level": "info", "format": "json"},
        }
        if tls:
            settings["listen"] = {"address": settings["listen"], "tls": tls}
        self.file.write_text(json.dumps(settings | more))
        self.issuer = (settings | more)["issuer"]
        self.secrets = []
        self.status = None

    def start(self, sockets=(), environment=None):
        """Starts it, with `sockets` handed over and these variables besides those of the tests."""
        start = [BINARY, "issuer", "--config", self.file]
        if self.descriptors:
            start = ["bash", "-c", f'ulimit -n {self.descriptors}; exec "$@"', "bash", *start]
        start, handing, handed = supervisor.handed(start, sockets)
        copies = handing.pop("copies", [])
        self.process = processes.start(
            start, stderr=subprocess.PIPE, env=os.environ | handed | (environment or {}), **handing)
        for copy in copies:
            os.close(copy)
        self.log = Lines(self.process.stderr)
        self.status = None
        try:
            self.wait_for("listening")
        except AssertionError:
            processes.end(self.process)
            raise
        return self

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        self.stop()
        if kind is None:
            self.check_records()

    def wait_for(self, event, since=0):
        def wanted(line):
            entry = json.loads(line) if line.startswith("{") else {}
            return entry if entry.get("event") == event else None

        return self.log.wait_for(wanted, since)

    def stop(self):
        """The exit status after SIGTERM."""
        if self.status is None:
            self.status = processes.end(self.process)
            self.log.wait_for_end()
        return self.status

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.status = processes.wait(self.process)
        self.log.wait_for_end()

    def command(self, *arguments):
        """What a command about this issuer says; it has to succeed."""
        done = command(*arguments, "--config", self.file)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def add(self, client, *more, audiences=AUDIENCES, scopes=SCOPES):
        """A new client's secret."""
        return self._secret("client", "add", client, "--audiences", audiences, "--scopes", scopes, *more)

    def rotate(self, client, *more):
        return self._secret("client", "rotate", client, *more)

    def _secret(self, *arguments):
        secret = json.loads(self.command(*arguments, "--json")).get("client_secret")
        if secret:
            self.secrets.append(secret)
        return secret

    @property
    def token_endpoint(self):
        return self.issuer.rstrip("/") + "/oauth/token"

    def audit(self):
        """The audit log: one entry for each line, every one of them whole."""
        text = (self.folder / "state/audit.log").read_text()
        assert text == "" or text.endswith("\n")
        return [json.loads(line) for line in text.splitlines()]

    def check_records(self):
        """No secret and no token occurs in any file or in the log."""
        texts = {str(path): path.read_text(errors="replace")
                 for path in self.folder.rglob("*") if path.is_file() and "keys" not in path.parts}
        texts["the log"] = "\n".join(self.log.lines)
        for name, text in texts.items():
            # What every token begins with: {"alg":"
            assert "eyJhbGciOi" not in text, f"{name} holds the beginning of a token"
            for secret in self.secrets:
                assert secret not in text, f"{name} holds a secret"
