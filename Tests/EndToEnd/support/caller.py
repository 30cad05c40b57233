"""Callers: curl, and a bare socket for what curl would never send."""

import json
import pathlib
import socket
import subprocess
import tempfile

from support import processes
from support.processes import FOLDER, PATIENCE


class Head:
    """A status line and fields."""

    def __init__(self, text):
        lines = text.split("\r\n")
        self.version, _, rest = lines[0].partition(" ")
        code, _, self.reason = rest.partition(" ")
        self.status = int(code)
        self.fields = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines[1:])]

    def all(self, name):
        return [value for field, value in self.fields if field == name.lower()]

    def __getitem__(self, name):
        """The value of a field that occurs once; None if it is not there."""
        values = self.all(name)
        assert len(values) < 2, f"{name} occurs {len(values)} times"
        return values[0] if values else None


def heads(text):
    return [Head(part) for part in text.split("\r\n\r\n") if part]


class Answer:
    """What curl got."""

    def __init__(self, head_text, body, facts, exit_status, complaint):
        self.heads = heads(head_text)
        self.body = body
        self.facts = facts
        self.exit_status = exit_status
        self.complaint = complaint

    @property
    def head(self):
        assert self.heads, f"no answer: {self.complaint}"
        return self.heads[-1]

    @property
    def status(self):
        return self.head.status if self.heads else 0

    @property
    def problem(self):
        """The problem document."""
        assert self.head["Content-Type"] == "application/problem+json", self.head["Content-Type"]
        return json.loads(self.body)


class Call:
    """A curl under way."""

    def __init__(self, url, *arguments, token=None, patience=60, **options):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="curl-", dir=FOLDER))
        if token:
            arguments = ("-H", f"Authorization: Bearer {token}", *arguments)
        # What curl tells of itself goes to a file, so that its output can be the body as it comes.
        command = [
            processes.program("curl"), "--silent", "--show-error", "--noproxy", "*", "--path-as-is",
            "--max-time", str(patience), "--dump-header", self.folder / "heads", *arguments,
            "--write-out", "%{stderr}%{json}\n", url,
        ]
        self.body_path = self.folder / "body"
        self.piped = "-N" in arguments
        output = subprocess.PIPE if self.piped else open(self.body_path, "wb")
        with open(self.folder / "complaint", "wb") as complaint:
            self.process = processes.start(command, stdout=output, stderr=complaint, **options)
        if not self.piped:
            output.close()

    @property
    def is_running(self):
        return self.process.poll() is None

    def answer(self):
        rest = self.process.stdout.read() if self.piped else None
        exit_status = processes.wait(self.process, 90)
        if self.piped:
            self.process.stdout.close()
        told = (self.folder / "complaint").read_text(errors="replace")
        # One line for each transfer; the last one counts.
        facts = [json.loads(line) for line in told.splitlines() if line.startswith("{")]
        head_file = self.folder / "heads"
        text = head_file.read_bytes().decode("latin-1") if head_file.exists() else ""
        body = rest if self.piped else self.body_path.read_bytes() if self.body_path.exists() else b""
        complaint = "\n".join(line for line in told.splitlines() if not line.startswith("{"))
        return Answer(text, body, facts[-1] if facts else {}, exit_status, complaint)


def curl(url, *arguments, **options):
    return Call(url, *arguments, **options).answer()


def exchange(port, data, half_close=False):
    """Sends bytes as they are; the bytes that come back until the other side closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        connection.sendall(data)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
        return answer
