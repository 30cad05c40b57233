"""Callers that want to be a burden: what they can make the proxy hold, and whom they can keep out."""

import base64
import contextlib
import http.client
import random
import re
import resource
import socket
import ssl
import threading
import unittest

from support import processes, world
from support.caller import curl
from support.certificates import Authority
from support.issuer import Issuer
from support.processes import PATIENCE
from support.proxy import Proxy, command, issuer
from support.tokens import Signer, key_set

ROUTES = [{"path": "/public/{rest...}", "public": True}, {"path": "/tokens/{rest...}", "authenticated": True}]


class Stuck:
    """An application that reads a head, answers with bytes without end, and never reads on."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.taken = []
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                self.taken.append(connection)
                threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    @staticmethod
    def _serve(connection):
        with contextlib.suppress(OSError):
            head = connection.recv(65536)
            if head.startswith(b"HEAD"):
                connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 9\r\n\r\n")
                return connection.close()
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
            connection.settimeout(300)
            while True:
                connection.sendall(b"x" * 65536)

    def close(self):
        self.listener.close()
        for connection in self.taken:
            connection.close()


def send_what_fits(connection, data, rounds=50):
    """Until the other side has taken nothing for so many rounds."""
    connection.setblocking(False)
    pause, sent, refused = threading.Event(), 0, 0
    while sent < len(data) and refused < rounds:
        try:
            sent += connection.send(data[sent:sent + 65536])
            refused = 0
        except (BlockingIOError, ssl.SSLWantWriteError):
            refused += 1
            pause.wait(0.001)
    return sent


class MemoryTests(unittest.TestCase):
    def setUp(self):
        self.kept = contextlib.ExitStack()
        self.addCleanup(self.kept.close)

    def promised(self, proxy):
        told = re.search(r"memory: at most (\d+) MiB", command("check", proxy.file).stdout)
        mib = int(told[1])
        self.assertEqual(proxy.wait_for("listening")["memory_max_mib"], mib)
        return mib

    def connect(self, proxy, tls=None):
        connection = socket.create_connection(("127.0.0.1", proxy.port), timeout=PATIENCE)
        if tls:
            connection = tls.wrap_socket(connection, server_hostname="localhost")
        return self.kept.enter_context(connection)

    def fill(self, proxy, connections, tls=None):
        """Every connection in a state in which it holds as much as it can."""
        body = b"x" * 400_000
        for number in range(connections):
            connection = self.connect(proxy, tls)
            if number % 5 == 4:
                # The longest head but for its end.
                send_what_fits(connection, b"GET /public/x HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 32_600)
            else:
                head = b"POST /public/%d HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" % number
                send_what_fits(connection, head + body, rounds=5)

    @staticmethod
    def settled_peak(proxy):
        """When it has not grown for a while: the proxy may still be reading."""
        pause, peaks = threading.Event(), []
        for _ in range(100):
            peaks.append(proxy.memory_peak())
            if peaks[-10:] == peaks[-1:] * 10:
                break
            pause.wait(0.02)
        return peaks[-1]

    def measure(self, name, tls=None, **more):
        upstream = Stuck()
        self.addCleanup(upstream.close)
        signer = Signer()
        limits = {"connections": 250, "token_cache_entries": 200, "token_bytes": 8192}
        # Nothing of it ends while this is measured.
        patient = dict.fromkeys(["request_head_seconds", "request_body_idle_seconds", "upstream_connect_seconds",
                                 "upstream_first_byte_seconds", "upstream_idle_seconds"], 300)
        with Proxy({"url": upstream.url, "max_connections": 40}, issuer(key_set(signer)), workers=1, limits=limits,
                   timeouts=patient | {"drain_seconds": 0}, routes=ROUTES, **more) as proxy:
            promised = self.promised(proxy)
            scheme = "https" if tls else "http"
            # Tokens as long as they may be; the answers have no end, and nobody waits for it.
            for number in range(200):
                with contextlib.closing(self.connect(proxy, tls)) as connection:
                    token = signer.token("x", sub=f"{number}", more="y" * 5500)
                    connection.sendall(b"HEAD /tokens/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                                       b"Authorization: Bearer " + token.encode() + b"\r\n\r\n")
                    self.assertIn(b"200 OK", connection.recv(65536))
            self.fill(proxy, 250, tls)
            peak = self.settled_peak(proxy)
            print(f"       {name}: {peak:.0f} MiB of {promised} MiB ({scheme})", flush=True)
            self.assertLessEqual(peak, promised)
            # A promise that is far from the worst would be worth nothing.
            self.assertGreater(peak, promised / 4)
            self.kept.close()

    def test_the_worst_case_takes_no_more_than_check_says(self):
        self.measure("worst case")

    def test_the_worst_case_over_tls(self):
        authority = Authority()
        tls = ssl.create_default_context(cafile=str(authority.certificate))
        listen = {"address": "127.0.0.1:0", "tls": authority.issue().pair()}
        self.measure("worst case, TLS", tls, listen=listen)


class CrowdTests(unittest.TestCase):
    """Whoever takes all the places keeps nobody out."""

    @classmethod
    def setUpClass(cls):
        cls.signer = Signer()
        cls.upstream = world.nginx()

    def proxy(self, **more):
        return Proxy(self.upstream.url, issuer(key_set(self.signer)), admin="127.0.0.1:0",
                     timeouts={"keep_alive_min_seconds": 0.05}, **more)

    def metric(self, proxy, name):
        text = curl(proxy.admin + "/metrics").body.decode()
        return int(float(re.search(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.M)[1]))

    def test_idle_strangers(self):
        with self.proxy(limits={"connections": 40}) as proxy, contextlib.ExitStack() as crowd:
            for number in range(8):
                for _ in range(30):
                    crowd.enter_context(socket.create_connection(("127.0.0.1", proxy.port), timeout=PATIENCE))
                self.assertEqual(curl(f"{proxy.url}/public/crowd{number}").status, 200)
            self.assertLessEqual(self.metric(proxy, "scopeproxy_connections"), 40)
            self.assertGreater(self.metric(proxy, "scopeproxy_connections_evicted_total"), 100)
            proxy.wait_for("connections_exhausted")

    def test_handshakes_that_never_end(self):
        authority = Authority()
        listen = {"address": "127.0.0.1:0", "tls": authority.issue().pair()}
        hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 100
        with self.proxy(limits={"connections": 40}, listen=listen) as proxy, contextlib.ExitStack() as crowd:
            for number in range(4):
                for begun in (b"", hello) * 20:
                    stranger = socket.create_connection(("127.0.0.1", proxy.port), timeout=PATIENCE)
                    crowd.enter_context(stranger)
                    stranger.sendall(begun)
                answer = curl(f"https://localhost:{proxy.port}/public/hello{number}", "--cacert",
                              authority.certificate)
                self.assertEqual(answer.status, 200, answer.complaint)
            self.assertGreater(self.metric(proxy, "scopeproxy_connections_evicted_total"), 50)

    def test_random_bytes_and_early_ends(self):
        seed = random.randrange(1 << 32)
        draw = random.Random(seed)
        post = b"POST /public/x HTTP/1.1\r\nHost: a\r\n"
        heads = [b"", b"GET /public/x HTTP/1.1\r\nHost: a\r\n", post + b"Content-Length: 9\r\n\r\n",
                 post + b"Transfer-Encoding: chunked\r\n\r\n", b"\x16\x03\x01"]
        with self.proxy(limits={"connections": 100}) as proxy:
            for _ in range(600):
                with socket.create_connection(("127.0.0.1", proxy.port), timeout=PATIENCE) as connection:
                    with contextlib.suppress(OSError):
                        connection.sendall(draw.choice(heads) + draw.randbytes(draw.choice([0, 1, 9, 300, 40_000])))
                        if draw.random() < 0.3:
                            connection.shutdown(socket.SHUT_WR)
                            connection.recv(65536)
            self.assertEqual(curl(f"{proxy.url}/public/after{seed}").status, 200)
            # Every one of them has ended: what is left is at most the last caller.
            pause = threading.Event()
            for _ in range(PATIENCE * 20):
                if (left := self.metric(proxy, "scopeproxy_connections")) <= 1:
                    break
                pause.wait(0.05)
            self.assertLessEqual(left, 1, f"seed {seed}")


class IssuerCrowdTests(unittest.TestCase):
    """The same for an authorization server."""

    def strangers(self, issuer, crowd, count, sent=b""):
        for _ in range(count):
            stranger = crowd.enter_context(socket.create_connection(("127.0.0.1", issuer.port), timeout=PATIENCE))
            if sent:
                stranger.sendall(sent)

    def grant(self, issuer, secret):
        return curl(issuer.token_endpoint, "-u", f"daemon:{secret}", "-d", "grant_type=client_credentials").status

    def test_strangers_keep_nobody_out(self):
        with Issuer(limits={"connections": 100}) as issuer, contextlib.ExitStack() as crowd:
            secret = issuer.add("daemon")
            for sent in [b"", b"POST /oauth/token HTTP/1.1\r\nHost: a\r\n"]:
                self.strangers(issuer, crowd, 250, sent)
                self.assertEqual(self.grant(issuer, secret), 200)
            issuer.wait_for("connections_exhausted")

    def test_a_client_is_disabled_whoever_takes_the_descriptors(self):
        with Issuer(descriptors=100) as issuer, contextlib.ExitStack() as crowd:
            lowered = issuer.wait_for("connections_lowered")
            self.assertEqual((lowered["configured"], lowered["allowed"], lowered["open_files"]), (256, 32, 100))
            secret = issuer.add("daemon")
            self.strangers(issuer, crowd, 150)
            self.assertEqual(self.grant(issuer, secret), 200)
            issuer.command("client", "disable", "daemon")
            self.assertEqual(self.grant(issuer, secret), 401)

    def test_without_descriptors_it_grants_nothing_by_a_list_of_before(self):
        with Issuer() as issuer, contextlib.ExitStack() as crowd:
            secret = issuer.add("daemon")
            kept = http.client.HTTPConnection("127.0.0.1", issuer.port, timeout=PATIENCE)
            crowd.callback(kept.close)
            basic = base64.b64encode(f"daemon:{secret}".encode()).decode()
            fields = {"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"}

            def grant():
                kept.request("POST", "/oauth/token", "grant_type=client_credentials", fields)
                answer = kept.getresponse()
                answer.read()
                return answer.status

            self.assertEqual(grant(), 200)
            # As if the whole machine had none left.
            before = resource.prlimit(issuer.process.pid, resource.RLIMIT_NOFILE)
            resource.prlimit(issuer.process.pid, resource.RLIMIT_NOFILE, (4, before[1]))
            self.strangers(issuer, crowd, 3)
            issuer.wait_for("accept_failed")
            issuer.command("client", "disable", "daemon")
            statuses, pause = [grant()], threading.Event()
            while statuses[-1] == 200 and len(statuses) < 200:
                pause.wait(0.1)
                statuses.append(grant())
            self.assertEqual(statuses[-1], 503)
            self.assertIn("ten seconds", issuer.wait_for("clients_not_loaded")["error"])
            resource.prlimit(issuer.process.pid, resource.RLIMIT_NOFILE, before)
            while statuses[-1] == 503 and len(statuses) < 400:
                pause.wait(0.1)
                statuses.append(grant())
            self.assertEqual(statuses[-1], 401)
