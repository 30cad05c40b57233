"""Callers of every kind. Each connection sends several requests at once and holds every answer against what it has to be.

A request carries an identifier that the application gives back, so that an answer which belongs to another request is
seen. What a request may be answered depends on what is being done to the proxy meanwhile: `Weather` tells.
"""

import multiprocessing
import os
import random
import re
import socket
import time

PATIENCE = 30


class Weather:
    """What the callers have to know of what is done around them, shared by their processes."""

    def __init__(self):
        # When the application was last stopped, and when it was last known to answer again.
        self.down_since = multiprocessing.Value("d", 0)
        self.up_since = multiprocessing.Value("d", 0)
        # Which of the two tables is in force, and between which times nobody can tell.
        self.table = multiprocessing.Value("i", 0)
        self.changing_since = multiprocessing.Value("d", 0)
        self.settled_since = multiprocessing.Value("d", 0)
        self.stopping = multiprocessing.Event()
        self.parent = os.getpid()

    def is_over(self):
        """Also when the program that started the callers has been killed."""
        return self.stopping.is_set() or os.getppid() != self.parent

    def may_be_down(self, began):
        """Whether the application may have been away since `began`."""
        return self.up_since.value < self.down_since.value or self.up_since.value > began

    def tables(self, began):
        """The tables that may have judged a request that was sent after `began` and is answered by now."""
        if self.settled_since.value < self.changing_since.value or self.settled_since.value > began:
            return {0, 1}
        return {self.table.value}


class Case:
    """One kind of request. `status` is a number, or one for each table."""

    def __init__(self, name, method, path, status, tokens=(None,), body=None):
        self.name = name
        self.statuses = status if isinstance(status, tuple) else (status, status)
        self.heads = [self.head(method, path, token, body) for token in tokens]
        self.body = body

    @staticmethod
    def head(method, path, token, body):
        fields = [f"{method} {path} HTTP/1.1", "Host: api.test"]
        if token:
            fields.append(f"Authorization: Bearer {token}")
        if body == "length":
            fields.append("Content-Length: %d")
        if body == "chunked":
            fields.append("Transfer-Encoding: chunked")
        return "\r\n".join(fields) + "\r\n\r\n"

    def request(self, draw, identifier):
        head = draw.choice(self.heads).replace("@ID@", identifier)
        if self.body is None:
            return head.encode()
        content = b"x" * draw.choice((1, 100, 3000))
        if self.body == "length":
            return (head % len(content)).encode() + content
        cut = draw.randrange(len(content)) + 1
        pieces = [piece for piece in (content[:cut], content[cut:]) if piece]
        return head.encode() + b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces) + b"0\r\n\r\n"


class Caller:
    """One connection that is opened again whenever the proxy has closed it."""

    def __init__(self, port, cases, weather, draw, wrong):
        self.port, self.cases, self.weather, self.draw, self.wrong = port, cases, weather, draw, wrong
        self.connection = None
        self.buffer = b""
        self.answers = 0

    def run(self, answers):
        batch = 0
        while not self.weather.is_over():
            batch += 1
            self.send_batch(batch)
            with answers.get_lock():
                answers.value += self.answers
            self.answers = 0
        self.close()

    def send_batch(self, batch):
        chosen = [self.draw.choice(self.cases) for _ in range(self.draw.randrange(1, 17))]
        identifiers = [f"{os.getpid()}-{batch}-{place}" for place in range(len(chosen))]
        began = time.time()
        try:
            self.open()
            self.connection.sendall(b"".join(map(
                lambda case, identifier: case.request(self.draw, identifier), chosen, identifiers)))
            for case, identifier in zip(chosen, identifiers):
                closes = self.read_answer(case, identifier, began)
                self.answers += 1
                # What was sent after it is not answered.
                if closes:
                    self.close()
                    break
        except (OSError, ValueError) as problem:
            self.complain(f"{type(problem).__name__}: {problem}")
            self.close()

    def read_answer(self, case, identifier, began):
        """Reads one answer; whether the proxy closes the connection after it."""
        while (end := self.buffer.find(b"\r\n\r\n")) < 0:
            self.receive()
        head = self.buffer[:end].lower()
        status = int(head[9:12])
        place = head.find(b"\r\ncontent-length:")
        length = int(head[place + 17:].split(b"\r\n", 1)[0]) if place >= 0 else 0
        while len(self.buffer) < end + 4 + length:
            self.receive()
        body = self.buffer[end + 4:end + 4 + length]
        self.buffer = self.buffer[end + 4 + length:]
        self.judge(case, identifier, began, status, body)
        return b"\r\nconnection: close" in head

    def judge(self, case, identifier, began, status, body):
        wanted = {case.statuses[table] for table in self.weather.tables(began)}
        if status in (502, 503, 504) and 200 in wanted and self.weather.may_be_down(began):
            return
        if status not in wanted:
            self.complain(f"{case.name}: {status} in place of {sorted(wanted)}: {body[:200]!r}")
        elif status == 200 and not re.search(rf"/{identifier}[? ]".encode(), body):
            self.complain(f"{case.name}: {identifier} got the answer of another: {body[:200]!r}")

    def complain(self, text):
        self.wrong.put(f"{time.strftime('%H:%M:%S')} {text}")

    def receive(self):
        piece = self.connection.recv(1 << 18)
        if not piece:
            raise ConnectionError("the connection ended within an answer, or before one")
        self.buffer += piece

    def open(self):
        if self.connection is None:
            self.connection = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
            self.buffer = b""

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None


class Nuisance:
    """A caller that never does what it ought to: half heads, half bodies, answers that are not read, noise."""

    def __init__(self, port, token, weather, draw):
        self.port, self.token, self.weather, self.draw = port, token, weather, draw
        self.held = []

    def run(self, _):
        while not self.weather.is_over():
            try:
                self.annoy()
            except OSError:
                pass
            # A rate that leaves the processors to the others.
            self.weather.stopping.wait(0.02)
        for connection in self.held:
            connection.close()

    def annoy(self):
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        authorized = f"Authorization: Bearer {self.token}\r\n"
        connection.sendall(self.draw.choice([
            b"GET /v2/users/1 HTTP/1.1\r\nHost: a",
            f"POST /v2/users HTTP/1.1\r\nHost: a\r\n{authorized}Content-Length: 100000\r\n\r\nhalf".encode(),
            f"POST /v2/users HTTP/1.1\r\nHost: a\r\n{authorized}Transfer-Encoding: chunked\r\n\r\nfff\r\nx".encode(),
            f"GET /v2/users/1 HTTP/1.1\r\nHost: a\r\n{authorized}\r\n".encode() * 20,
            self.draw.randbytes(300),
        ]))
        if self.draw.random() < 0.1 and len(self.held) < 50:
            self.held.append(connection)
        else:
            connection.close()


def start(make, answers, seed):
    """A process in which `make(draw)` runs."""
    process = multiprocessing.Process(target=lambda: make(random.Random(seed)).run(answers), daemon=True)
    process.start()
    return process
