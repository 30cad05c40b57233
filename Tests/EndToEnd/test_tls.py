"""TLS to callers: curl and openssl on the other side."""

import concurrent.futures
import json
import os
import re
import signal
import socket
import ssl
import struct
import threading
import unittest

from support import processes, world
from support.caller import curl
from support.certificates import Authority
from support.openssl import s_client
from support.processes import PATIENCE
from support.proxy import Proxy, command, configuration, issuer
from support.tokens import Signer, key_set

GET = "GET /public/x HTTP/1.1\r\nHost: api.example\r\nConnection: close\r\n\r\n"


def descriptors(proxy):
    return len(os.listdir(f"/proc/{proxy.process.pid}/fd"))


class TLSTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.authority = Authority()
        cls.server = cls.authority.issue("api.example", "127.0.0.1")
        cls.other = cls.authority.issue("other.example", key="RSA")
        cls.stranger = Authority("Stranger")

    def proxy(self, server=None, more=None, **rest):
        tls = (server or self.server).pair() | (more or {})
        return Proxy(
            world.nginx().url, issuer(key_set(Signer())), listen={"address": "127.0.0.1:0", "tls": tls}, admin="127.0.0.1:0", **rest)

    def curl(self, proxy, *arguments, name="api.example", path="/public/x"):
        return curl(
            f"https://{name}:{proxy.port}{path}", "--resolve", f"{name}:{proxy.port}:127.0.0.1",
            "--cacert", self.authority.certificate, *arguments)

    def metrics(self, proxy, pattern):
        text = curl(proxy.admin + "/metrics").body.decode()
        return sum(float(value) for value in re.findall("^" + pattern + r" (\S+)$", text, re.MULTILINE))

    def test_curl_in_every_version(self):
        with self.proxy() as proxy:
            self.assertTrue(proxy.url.startswith("https://"))
            for version in ["1.2", "1.3"]:
                answer = self.curl(proxy, f"--tlsv{version}", "--tls-max", version)
                self.assertEqual((answer.status, answer.exit_status), (200, 0), answer.complaint)
            # One that wants HTTP/2 as well is told that there is none.
            self.assertEqual(self.curl(proxy, "--http2").head.version, "HTTP/1.1")
            for version in ["1.0", "1.1"]:
                answer = self.curl(proxy, f"--tlsv{version}", "--tls-max", version, "--ciphers", "DEFAULT@SECLEVEL=0")
                self.assertEqual(answer.exit_status, 35, answer.complaint)

    def test_what_is_agreed_with_openssl(self):
        with self.proxy() as proxy:
            for version, cipher in [("tls1_2", "ECDHE-ECDSA-AES128-GCM-SHA256"), ("tls1_3", "TLS_AES_128_GCM_SHA256")]:
                chosen = ["-cipher" if version == "tls1_2" else "-ciphersuites", cipher]
                told = s_client(
                    proxy.port, f"-{version}", *chosen, "-alpn", "h2,http/1.1", "-CAfile", self.authority.certificate,
                    "-verify_return_error", "-verify_hostname", "api.example", "-quiet", "-ign_eof", text=GET)
                self.assertIn("HTTP/1.1 200", told.stdout, told.stderr)
                told = s_client(proxy.port, f"-{version}", *chosen, "-alpn", "h2,http/1.1")
                self.assertIn(cipher, told.stdout)
                self.assertIn("ALPN protocol: http/1.1", told.stdout)
            for refused in [["-tls1_2", "-cipher", "AES128-SHA"], ["-alpn", "h2"], ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"]]:
                self.assertNotEqual(s_client(proxy.port, *refused).returncode, 0, refused)

    def test_resumption_by_whichever_worker(self):
        with self.proxy(workers=4) as proxy:
            for version in ["-tls1_2", "-tls1_3"]:
                kept = self.authority.folder / f"session{version}"
                s_client(proxy.port, version, "-sess_out", kept, "-ign_eof", text=GET)
                for _ in range(12):
                    told = s_client(proxy.port, version, "-sess_in", kept, "-ign_eof", text=GET)
                    self.assertIn("Reused, TLSv1", told.stdout)
                    self.assertIn("HTTP/1.1 200", told.stdout)

    def test_client_certificates(self):
        daemon = ["--cert", self.authority.issue("daemon", use="client").both]
        strange = ["--cert", self.stranger.issue("daemon", use="client").both]
        table = [("none", [], 200), ("none", daemon, 200), ("none", strange, 200),
                 ("request", [], 200), ("request", daemon, 200), ("request", strange, 0),
                 ("require", [], 0), ("require", daemon, 200), ("require", strange, 0)]
        for policy in ["none", "request", "require"]:
            more = {"client_certificates": policy}
            if policy != "none":
                more["client_ca"] = str(self.authority.certificate)
            with self.proxy(more=more) as proxy:
                for _, arguments, status in (row for row in table if row[0] == policy):
                    for version in ["1.2", "1.3"]:
                        answer = self.curl(proxy, "--tls-max", version, *arguments)
                        self.assertEqual(answer.status, status, f"{policy} {arguments} {answer.complaint}")

    def test_certificates_by_name(self):
        with self.proxy(more={"certificates": [self.other.pair()]}) as proxy:
            for name in ["api.example", "other.example"]:
                self.assertEqual(self.curl(proxy, name=name).status, 200)
            self.assertEqual(self.curl(proxy, name="third.example").exit_status, 60)

    def test_certificates_that_callers_do_not_accept(self):
        with self.proxy(self.stranger.issue("api.example")) as proxy:
            self.assertEqual(self.curl(proxy).exit_status, 60)
            self.assertEqual(proxy.wait_for("handshake_failed")["reason"], "refused_by_peer")
        with self.proxy(self.authority.issue("expired.example", begins=-9, ends=-2)) as proxy:
            self.assertEqual(self.curl(proxy, name="expired.example").exit_status, 60)
            proxy.wait_for("certificate_expired")
            checked = command("check", proxy.file)
            self.assertIn("the certificate has expired", checked.stdout)

    def test_a_key_that_does_not_fit(self):
        tls = self.server.pair() | {"private_key": str(self.other.private_key)}
        folder = processes.new_folder("config")
        file = folder / "routes.json"
        file.write_text(json.dumps(
            configuration(world.nginx().url, [issuer(key_set(Signer()))], listen={"address": "127.0.0.1:0", "tls": tls})))
        checked = command("check", file)
        self.assertEqual(checked.returncode, 64)
        self.assertIn(f"{self.other.private_key.name} is not the private key of the certificate", checked.stderr + checked.stdout)

    def test_plain_http_is_closed_without_an_answer(self):
        with self.proxy() as proxy:
            answer = curl(f"http://127.0.0.1:{proxy.port}/public/x")
            self.assertIn(answer.exit_status, (52, 56))
            self.assertEqual(answer.heads, [])

    def test_certificates_change_under_load_without_a_failed_request(self):
        names = ["api.example", "127.0.0.1"]
        server = self.authority.issue(*names)
        with self.proxy(server) as proxy:
            context = ssl.create_default_context(cafile=self.authority.certificate)
            over = threading.Event()
            failures, served = [], [0, 0]
            seen = set()

            def call(number):
                kept = None
                while not over.is_set():
                    try:
                        if kept is None or number % 2 == 0:
                            kept = context.wrap_socket(
                                socket.create_connection(("127.0.0.1", proxy.port), timeout=PATIENCE),
                                server_hostname="api.example")
                            seen.add(kept.getpeercert()["serialNumber"])
                        kept.sendall(b"GET /public/x HTTP/1.1\r\nHost: api.example\r\n\r\n")
                        head = kept.recv(65536)
                        if not head.startswith(b"HTTP/1.1 200"):
                            failures.append(head[:100])
                        served[number % 2] += 1
                        if number % 2 == 0:
                            kept.close()
                    except OSError as error:
                        failures.append(repr(error))
                        return

            with concurrent.futures.ThreadPoolExecutor(4) as pool:
                calls = [pool.submit(call, number) for number in range(4)]
                try:
                    for _ in range(3):
                        new = self.authority.issue(*names)
                        mark = len(proxy.log.lines)
                        # Between the two steps the pair does not fit: nothing may come of that.
                        server.replace("private_key", by=new)
                        proxy.signal(signal.SIGHUP)
                        proxy.wait_for("certificates_not_reloaded", since=mark)
                        server.replace("certificate", by=new)
                        proxy.signal(signal.SIGHUP)
                        proxy.wait_for("certificate_loaded", since=mark)
                finally:
                    over.set()
                concurrent.futures.wait(calls, timeout=PATIENCE)
            self.assertEqual(failures, [])
            self.assertGreater(min(served), 10)
            self.assertGreaterEqual(len(seen), 3)

    def test_a_thousand_disconnects_in_the_handshake(self):
        with self.proxy() as proxy:
            hello = self._client_hello()
            context = ssl.create_default_context(cafile=self.authority.certificate)
            good = context.wrap_socket(
                socket.create_connection(("127.0.0.1", proxy.port), timeout=PATIENCE), server_hostname="api.example")

            def served():
                good.sendall(b"GET /public/x HTTP/1.1\r\nHost: api.example\r\n\r\n")
                return good.recv(65536).startswith(b"HTTP/1.1 200")

            self.assertTrue(served())
            before = descriptors(proxy)
            for number in range(1000):
                with socket.create_connection(("127.0.0.1", proxy.port), timeout=PATIENCE) as rude:
                    rude.sendall(hello[:[len(hello), 100, 3, 0][number % 4]])
                    if number % 3 == 0:
                        # A reset instead of an end.
                        rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                if number % 100 == 0:
                    self.assertTrue(served())
                    self.assertEqual(self.curl(proxy).status, 200)
            pause = threading.Event()
            for _ in range(PATIENCE * 20):
                if self.metrics(proxy, r"scopeproxy_connections") == 1:
                    break
                pause.wait(0.05)
            self.assertEqual(self.metrics(proxy, r"scopeproxy_connections"), 1)
            self.assertLessEqual(descriptors(proxy), before + 2, "the upstream's, and the admin listener's")
            self.assertTrue(served())
            failed = self.metrics(proxy, r'scopeproxy_tls_handshake_failures_total\{reason="\w+"\}')
            self.assertEqual(failed, 1000)
            told = [entry for entry in proxy.entries if entry["event"] == "handshake_failed"]
            self.assertLess(len(told), 20)

    def _client_hello(self):
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        caller = ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname="api.example")
        with self.assertRaises(ssl.SSLWantReadError):
            caller.do_handshake()
        return outgoing.read()
