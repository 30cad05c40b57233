"""Bodies of every size and framing, both ways, over TCP and Unix sockets."""

import hashlib
import json
import os
import socket
import unittest
import uuid

from support import processes, world
from support.caller import Call, curl, exchange
from support.processes import PATIENCE
from support.proxy import Proxy, issuer
from support.tokens import Signer, key_set

GIB = 1 << 30
# What resident memory may be at its highest, in MiB.
MEMORY_MAX = 64
SINK = "/v2/backend/sink"


class BodiesTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.upstream = world.nginx()
        cls.signer = Signer()
        cls.token = cls.signer.token("profile:read profile:create")
        cls.folder = processes.new_folder("bodies")
        cls.large = cls.folder / "large"
        with open(cls.large, "wb") as file:
            file.truncate(GIB)
        (cls.upstream.files / "large").symlink_to(cls.large)
        cls.data = os.urandom(3_000_017)
        cls.small = cls.upstream.files / "small"
        cls.small.write_bytes(cls.data)
        cls.proxy = Proxy(cls.upstream.url, issuer(key_set(cls.signer)))
        cls.addClassCleanup(cls.proxy.stop)

    @classmethod
    def tearDownClass(cls):
        cls.proxy.stop()
        cls.proxy.check_log()

    def call(self, path, *arguments, **options):
        return curl(self.proxy.url + path, *arguments, **{"token": self.token} | options)

    def assert_sunk(self, answer, framing):
        self.assertEqual(answer.status, 200, answer.complaint)
        told = json.loads(answer.body)
        self.assertEqual(told["bytes"], len(self.data))
        self.assertEqual(told["sha256"], hashlib.sha256(self.data).hexdigest())
        self.assertEqual(told["framing"], framing)

    # MARK: - Large ones

    def test_one_gibibyte_down_in_little_memory(self):
        # A process of its own, for its peak.
        with Proxy(self.upstream.url, issuer(key_set(self.signer))) as proxy:
            answer = curl(proxy.url + "/v2/files/large", "-o", "/dev/null", token=self.token)
            self.assertEqual((answer.exit_status, answer.status), (0, 200))
            self.assertEqual(answer.facts["size_download"], GIB)
            self.assertLess(proxy.memory_peak(), MEMORY_MAX)

    def test_one_gibibyte_up_in_little_memory(self):
        with Proxy(self.upstream.url, issuer(key_set(self.signer))) as proxy:
            answer = curl(proxy.url + SINK + "/unhashed", "-T", self.large, token=self.token)
            self.assertEqual((answer.exit_status, answer.status), (0, 200), answer.complaint)
            self.assertEqual(json.loads(answer.body)["bytes"], GIB)
            self.assertLess(proxy.memory_peak(), MEMORY_MAX)

    def test_a_slow_reader_costs_little_memory(self):
        with Proxy(self.upstream.url, issuer(key_set(self.signer))) as proxy:
            with socket.create_connection(("127.0.0.1", proxy.port), timeout=PATIENCE) as connection:
                connection.sendall(
                    f"GET /v2/files/large HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.token}\r\n\r\n".encode())
                self.assertIn(b"200 OK", connection.recv(1000))
                # It reads no more, while another one is served.
                answer = curl(proxy.url + "/v2/files/small", token=self.token)
                self.assertEqual(answer.body, self.data)
                self.assertLess(proxy.memory_peak(), MEMORY_MAX)

    # MARK: - Framings

    def test_downloads_arrive_as_they_were(self):
        for arguments in [[], ["-0"], ["-H", "Connection: close"], ["-H", "Connection: keep-alive", "-0"]]:
            with self.subTest(arguments=arguments):
                answer = self.call("/v2/files/small", *arguments)
                self.assertEqual((answer.status, answer.exit_status), (200, 0))
                self.assertEqual(hashlib.sha256(answer.body).digest(), hashlib.sha256(self.data).digest())

    def test_ranges_and_conditions_pass(self):
        answer = self.call("/v2/files/small", "-r", "1000-1999")
        self.assertEqual((answer.status, answer.body), (206, self.data[1000:2000]))
        tag = answer.head["ETag"]
        answer = self.call("/v2/files/small", "-H", f"If-None-Match: {tag}")
        self.assertEqual((answer.status, answer.body, answer.head["ETag"]), (304, b"", tag))
        answer = self.call("/v2/files/small", "--head")
        self.assertEqual((answer.status, answer.head["Content-Length"]), (200, str(len(self.data))))
        self.assertEqual(self.call("/v2/nothing").status, 204)

    def test_uploads_with_a_length(self):
        self.assert_sunk(self.call(SINK, "-T", self.small), "length")
        self.assert_sunk(self.call(SINK, "--data-binary", f"@{self.small}", "-H", "Expect:"), "length")
        self.assert_sunk(self.call(SINK, "--data-binary", f"@{self.small}", "-0"), "length")

    def test_chunked_uploads(self):
        with open(self.small, "rb") as file:
            self.assert_sunk(self.call(SINK, "-T", "-", stdin=file), "chunked")
        answer = self.call(SINK, "--data-binary", f"@{self.small}", "-H", "Transfer-Encoding: chunked")
        self.assert_sunk(answer, "chunked")

    def test_expect_100_continue_is_answered_from_the_upstream(self):
        answer = self.call(SINK, "-T", self.small, "-H", "Expect: 100-continue", "--expect100-timeout", "60")
        self.assertEqual([head.status for head in answer.heads], [100, 200])
        self.assert_sunk(answer, "length")

    def test_a_refused_request_never_has_its_body_read(self):
        for arguments in [["-T", str(self.large)], ["-T", "-"]]:
            with self.subTest(arguments=arguments[-1]), open(self.large, "rb") as file:
                answer = self.call(SINK, *arguments, "-H", "Expect: 100-continue", "--expect100-timeout", "60",
                                   token=None, stdin=file)
                self.assertEqual([head.status for head in answer.heads], [401])
                self.assertEqual(answer.facts["size_upload"], 0)
        # Without asking first: the answer comes through although the body is on its way.
        answer = self.call(SINK, "-T", self.large, "-H", "Expect:", token=None)
        self.assertEqual([head.status for head in answer.heads], [401])
        self.assertLess(answer.facts["size_upload"], GIB // 4)

    def test_http_1_0_gets_no_chunks(self):
        name = uuid.uuid4().hex
        stream = self.upstream.backend.stream(name)
        stream.send(b"one")
        stream.send(b"two")
        stream.end()
        answer = self.call(f"/v2/backend/stream/{name}", "-0")
        self.assertEqual((answer.status, answer.exit_status, answer.body), (200, 0, b"onetwo"))
        self.assertIsNone(answer.head["Transfer-Encoding"])
        self.assertEqual(answer.head["Connection"], "close")

    def test_http_1_0_without_a_host(self):
        request = f"GET /v2/users HTTP/1.0\r\nAuthorization: Bearer {self.token}\r\n\r\n"
        answer = exchange(self.proxy.port, request.encode())
        self.assertTrue(answer.startswith(b"HTTP/1.1 200 OK\r\n"), answer)
        self.assertTrue(answer.endswith(b"\r\n\r\napplication\n"), answer)

    # MARK: - Connections

    def test_connections_are_kept(self):
        for path, status in [("/v2/users", 200), ("/v2/unknown", 404)]:
            with self.subTest(path=path):
                url = self.proxy.url + path
                answer = self.call(path, url, url)
                self.assertEqual([head.status for head in answer.heads], [status] * 3)
                # It tells of the last of three transfers, which needed no connection.
                self.assertEqual(answer.facts["num_connects"], 0)

    def test_pipelined_requests_are_answered_in_order(self):
        lines = []
        for number in range(20):
            token = f"Authorization: Bearer {self.token}\r\n" if number % 3 else ""
            path = "/v2/unknown" if number % 2 else "/v2/users"
            body = "5\r\nhello\r\n0\r\n\r\n" if number % 5 == 0 else ""
            framing = "Transfer-Encoding: chunked\r\n" if body and token else ""
            close = "Connection: close\r\n" if number == 19 else ""
            method = "POST" if framing else "GET"
            lines.append(f"{method} {path} HTTP/1.1\r\nHost: x\r\n{token}{framing}{close}\r\n{body if framing else ''}")
        # Until the first refusal whose body lies behind it, which ends the connection.
        answer = exchange(self.proxy.port, "".join(lines).encode())
        statuses = [int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:]]
        wanted = [(401, 200, 404)[0] if number % 3 == 0 else 404 if number % 2 else 200 for number in range(20)]
        ending = next((n for n in range(20) if n % 5 == 0 and n % 3 and n % 2), 19)
        self.assertEqual(statuses, wanted[: ending + 1])

    def test_server_sent_events_come_one_by_one(self):
        name = uuid.uuid4().hex
        stream = self.upstream.backend.stream(name)
        call = Call(self.proxy.url + f"/v2/backend/stream/{name}", "-N", token=self.token)
        for number in range(5):
            event = f"data: {number}\n\n".encode()
            stream.send(event)
            # The next one is not sent before this one is here.
            self.assertEqual(call.process.stdout.read(len(event)), event)
        stream.end()
        answer = call.answer()
        self.assertEqual((answer.exit_status, answer.status, answer.body), (0, 200, b""))
        self.assertEqual(answer.head["Content-Type"], "text/event-stream")

    def test_a_caller_that_leaves_ends_the_upstreams_work(self):
        name = uuid.uuid4().hex
        stream = self.upstream.backend.stream(name)
        call = Call(self.proxy.url + f"/v2/backend/stream/{name}", "-N", token=self.token)
        stream.send(b"first")
        self.assertEqual(call.process.stdout.read(5), b"first")
        processes.end(call.process)
        for _ in range(100_000):
            if stream.broken.is_set():
                break
            stream.send(b"more" * 1000)
            stream.broken.wait(0.01)
        self.assertTrue(stream.broken.is_set())

    def test_unix_sockets_upstream(self):
        with Proxy(self.upstream.socket_url, issuer(key_set(self.signer))) as proxy:
            answer = curl(proxy.url + "/v2/files/small", token=self.token)
            self.assertEqual((answer.status, answer.body), (200, self.data))
            self.assert_sunk(curl(proxy.url + SINK, "-T", self.small, token=self.token), "length")
            path = f"/v2/users/{uuid.uuid4().hex}"
            self.assertEqual(curl(proxy.url + path, token=self.token).status, 200)
            self.assertTrue(self.upstream.seen(path)["server"].startswith("unix:"))
