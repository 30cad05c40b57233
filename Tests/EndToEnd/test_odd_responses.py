"""An application that answers oddly, and what callers understand of it behind the proxy: one and the same response, or
that there is none. Whatever came, the next request on the same connection gets its own answer."""

import contextlib
import http.client
import re
import socket
import threading
import unittest

from support import processes
from support.processes import PATIENCE
from support.proxy import Proxy

SPLIT = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\nX-Echo: smuggled\r\n\r\nsmuggled"
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"

# The bytes of a response; all of them end with the connection staying open.
RESPONSES = [
    # Good ones, of every kind.
    OK + b"Content-Length: 4\r\n\r\ngood", CHUNKED + b"4\r\ngood\r\n0\r\n\r\n",
    CHUNKED + b"4;a=b\r\ngood\r\n0\r\nX: y\r\n\r\n", b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n",
    b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + OK + b"Content-Length: 4\r\n\r\ngood",
    b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 4\r\n\r\ngood",
    # More than one opinion of its end.
    OK + b"Content-Length: 4\r\nContent-Length: 4\r\n\r\ngood",
    OK + b"Content-Length: 4\r\nContent-Length: 80\r\n\r\ngood" + SPLIT, OK + b"Content-Length: 4, 4\r\n\r\ngood",
    OK + b"Content-Length: 0\r\nContent-Length: 4\r\n\r\ngood",
    OK + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SPLIT,
    OK + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n4\r\ngood\r\n0\r\n\r\n",
    OK + b"Content-Length: +4\r\n\r\ngood", OK + b"Content-Length: -1\r\n\r\n" + SPLIT,
    OK + b"Content-Length: 0x4\r\n\r\ngood", OK + b"Content-Length: 4 4\r\n\r\ngood",
    OK + b"Content-Length:\r\n\r\n" + SPLIT, OK + b"Content-Length: four\r\n\r\ngood",
    OK + b"Content-Length: 18446744073709551620\r\n\r\ngood", OK + b"Content-Length : 4\r\n\r\ngood" + SPLIT,
    OK + b"Content_Length: 4\r\nContent-Length: 4\r\n\r\ngood", OK + b"Content-Length: 4\r\n\r\ngood" + SPLIT,
    OK + b"Content-Length: 4\r\n\r\ngood\r\n" + SPLIT,
    OK + b"X: y\r\n Content-Length: 4\r\nContent-Length: 4\r\n\r\ngood",
    OK + b"Transfer-Encoding: chunked, chunked\r\n\r\n4\r\ngood\r\n0\r\n\r\n",
    OK + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    OK + b"Transfer-Encoding: identity\r\nContent-Length: 4\r\n\r\ngood",
    OK + b"Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n",
    OK + b"Transfer-Encoding:\x0bchunked\r\n\r\n4\r\ngood\r\n0\r\n\r\n",
    OK + b"Transfer-Encoding\r\n : chunked\r\n\r\n0\r\n\r\n",
    OK + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n4\r\ngood\r\n0\r\n\r\n",
    # Responses without a body that have one.
    b"HTTP/1.1 204 No Content\r\nContent-Length: 80\r\n\r\n" + SPLIT, b"HTTP/1.1 204 No Content\r\n\r\n" + SPLIT,
    b"HTTP/1.1 304 Not Modified\r\n\r\n" + SPLIT, b"HTTP/1.1 205 Reset Content\r\nContent-Length: 4\r\n\r\ngood",
    b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SPLIT,
    b"HTTP/1.1 100 Continue\r\nContent-Length: 80\r\n\r\n" + OK + b"Content-Length: 4\r\n\r\ngood",
    b"HTTP/1.1 199 Odd\r\n\r\n" * 5 + OK + b"Content-Length: 4\r\n\r\ngood",
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n" + SPLIT,
    # Chunks.
    CHUNKED + b"0x4\r\ngood\r\n0\r\n\r\n", CHUNKED + b"+4\r\ngood\r\n0\r\n\r\n", CHUNKED + b"4 \r\ngood\r\n0\r\n\r\n",
    CHUNKED + b"4\ngood\n0\n\n", CHUNKED + b"4\r\ngoodX\r\n0\r\n\r\n", CHUNKED + b"3\r\ngood\r\n0\r\n\r\n",
    CHUNKED + b"-1\r\ngood\r\n0\r\n\r\n", CHUNKED + b"fffffffffffffffff\r\ngood\r\n0\r\n\r\n",
    CHUNKED + b"4\r\ngood\r\n0\r\n\r\n" + SPLIT, CHUNKED + b"\r\n" + SPLIT, CHUNKED + b"4;\n\r\ngood\r\n0\r\n\r\n",
    CHUNKED + b"4\r\ngood\r\n0\r\nX: y\n\r\n" + SPLIT, CHUNKED + b"4;" + b"x" * 70000 + b"\r\ngood\r\n0\r\n\r\n",
    # Heads.
    b"HTTP/1.1 200 OK\nContent-Length: 4\n\ngood", b"HTTP/1.1 200\r\nContent-Length: 4\r\n\r\ngood",
    b"HTTP/1.1 200  OK\r\nContent-Length: 4\r\n\r\ngood", b"HTTP/1.1 099 Odd\r\nContent-Length: 4\r\n\r\ngood",
    b"HTTP/1.1 600 Odd\r\nContent-Length: 4\r\n\r\ngood", b"HTTP/1.1 2000 OK\r\n\r\n" + SPLIT,
    b"HTTP/1.1 20 OK\r\n\r\n" + SPLIT, b"HTTP/2.0 200 OK\r\nContent-Length: 4\r\n\r\ngood",
    b"HTTP/1.2 200 OK\r\nContent-Length: 4\r\n\r\ngood", b"http/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood",
    b"ICY 200 OK\r\nContent-Length: 4\r\n\r\ngood", b"\r\n" + OK + b"Content-Length: 4\r\n\r\ngood",
    OK + b"X: a\rb\r\nContent-Length: 4\r\n\r\ngood",
    OK + b"X: a\nContent-Length: 80\r\nContent-Length: 4\r\n\r\ngood",
    OK + b"X: \x00\r\nContent-Length: 4\r\n\r\ngood", OK + b": x\r\nContent-Length: 4\r\n\r\ngood",
    OK + b"X Y: z\r\nContent-Length: 4\r\n\r\ngood", OK + b"X\r\nContent-Length: 4\r\n\r\ngood",
    OK + b"X: y\r\n z\r\nContent-Length: 4\r\n\r\ngood", OK + b" X: y\r\nContent-Length: 4\r\n\r\ngood",
    OK + b"\xe4: y\r\nContent-Length: 4\r\n\r\ngood",
    OK + b"X: " + b"y" * 70000 + b"\r\nContent-Length: 4\r\n\r\ngood",
    OK + b"X: y\r\n" * 300 + b"Content-Length: 4\r\n\r\ngood",
    OK + b"Connection: Content-Length\r\nContent-Length: 4\r\n\r\ngood",
    OK + b"Connection: X-Request-Id\r\nContent-Length: 4\r\n\r\ngood",
    OK + b"Content-Length: 4\r\nContent-Encoding: gzip\r\n\r\ngood",
    OK + b"Upgrade: h2c\r\nContent-Length: 4\r\n\r\ngood", b"SSH-2.0-OpenSSH_9.2\r\n",
    b"\x15\x03\x01\x00\x02\x02\x50", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
]


class Odd:
    """Sends the response of the number in the path; /public/after gets a good one that says which request it is for."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection):
        with connection, contextlib.suppress(OSError), connection.makefile("rb") as reader:
            while line := reader.readline():
                while reader.readline().strip():
                    pass
                path = line.split()[1].decode()
                number = path.rpartition("/")[2]
                if "after" in path:
                    connection.sendall(OK + b"X-Echo: %s\r\nContent-Length: 5\r\n\r\nafter" % number.encode())
                else:
                    connection.sendall(RESPONSES[int(number)])


class OddResponsesTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.upstream = Odd()
        cls.addClassCleanup(cls.upstream.listener.close)
        cls.proxy = Proxy(
            cls.upstream.url, workers=1, routes=[{"path": "/public/{rest...}", "public": True}],
            timeouts={"upstream_first_byte_seconds": 0.3, "upstream_idle_seconds": 0.3})
        cls.addClassCleanup(cls.proxy.stop)

    def by_client(self, number):
        """What Python's http.client makes of it: status and body, or None for a broken one."""
        connection = http.client.HTTPConnection("127.0.0.1", self.proxy.port, timeout=PATIENCE)
        with contextlib.closing(connection):
            connection.request("GET", f"/public/{number}")
            try:
                response = connection.getresponse()
                understood = response.status, response.read()
            except (http.client.HTTPException, ConnectionError):
                understood = None
                connection.close()
            if understood and understood[0] < 200:
                # It takes interim responses for final ones, but for 100, and is then out of step by its own fault.
                connection.close()
            connection.request("GET", f"/public/after/{number}")
            after = connection.getresponse()
            self.assertEqual((after.status, after.read(), after.headers["X-Echo"]), (200, b"after", str(number)))
        return understood

    def by_curl(self, number):
        base = f"http://127.0.0.1:{self.proxy.port}/public"
        how = ["--silent", "--include", "--noproxy", "*", "--max-time", "10"]
        done = processes.run([
            processes.program("curl"), *how, f"{base}/{number}", "--next", *how, "--write-out", "\nexit %{exitcode}",
            f"{base}/after/{number}"], text=False)
        after = rb"(?i)X-Echo: %d\r\n(?s:.)*\r\n\r\nafter\nexit 0" % number
        self.assertTrue(re.search(after, done.stdout), done.stdout)
        return done.stdout

    def test_every_odd_response(self):
        outcomes = {}
        for number, response in enumerate(RESPONSES):
            with self.subTest(response=response[:200]):
                understood = self.by_client(number)
                told = self.by_curl(number)
                outcomes[number] = understood
                self.assertNotIn(b"smuggled", told)
                if understood is None:
                    continue
                status, body = understood
                self.assertNotIn(b"smuggled", body)
                self.assertIn(status, (103, 199, 200, 204, 205, 304, 502, 504), response[:200])
                if status < 500 and body:
                    self.assertEqual(body, b"good")
                self.assertIn(b"HTTP/1.1 %03d" % status, told)
        # Those that are good come through.
        for number, wanted in enumerate([200, 200, 200, 204, 304, 103, 200]):
            self.assertEqual(outcomes[number] and outcomes[number][0], wanted, RESPONSES[number])
        refused = sum(1 for understood in outcomes.values() if understood is None or understood[0] >= 500)
        print(f"       {len(RESPONSES)} responses, {refused} refused or broken off", flush=True)
