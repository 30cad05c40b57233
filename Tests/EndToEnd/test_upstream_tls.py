"""TLS to the upstream: nginx behind the proxy, and Python's websockets."""

import hashlib
import json
import os
import unittest

from support import processes, world
from support.caller import curl
from support.certificates import Authority
from support.proxy import Proxy, issuer
from support.tokens import Signer, key_set
from support.upstream import Nginx
from support.websocket import EchoServer
from websockets.asyncio.client import connect


class UpstreamTLSTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.authority = Authority()
        cls.stranger = Authority("Stranger")
        cls.server = cls.authority.issue("api.internal", "127.0.0.1")
        cls.nginx = Nginx(cls.server)
        cls.addClassCleanup(cls.nginx.close)
        cls.signer = Signer()
        cls.token = cls.signer.token("profile:read")

    def proxy(self, upstream=None, workers=1, trust=None, environment=None, **tls):
        every = {"ca_file": str(self.authority.certificate)} if trust is None else trust
        return Proxy(
            {"url": (upstream or self.nginx).url, "tls": every | tls}, issuer(key_set(self.signer)), workers=workers,
            environment=environment)

    def assert_refused(self, proxy, words, code="upstream_tls_failed"):
        answer = curl(proxy.url + "/public/x")
        self.assertEqual((answer.status, answer.problem["code"]), (502, code))
        line = proxy.wait_for("request")
        self.assertIn(words, line["detail"])
        # What is wrong inside is nobody's business outside.
        self.assertNotIn("certificate", answer.body.decode())

    def test_requests_reach_nginx_and_connections_are_kept(self):
        with self.proxy() as proxy:
            for number in range(20):
                self.assertEqual(curl(f"{proxy.url}/public/kept/{number}").body, b"application\n")
            seen = [self.nginx.seen(f"/public/kept/{number}") for number in range(20)]
            self.assertEqual({request["tls"] for request in seen}, {"TLSv1.3"})
            self.assertEqual(len({request["socket"] for request in seen}), 1)
            # An address is no name to ask for (RFC 6066 section 3).
            self.assertEqual(seen[0]["asked_name"], "")

    def test_the_name_that_is_asked_for(self):
        with self.proxy(server_name="api.internal") as proxy:
            self.assertEqual(curl(proxy.url + "/public/named").status, 200)
        self.assertEqual(self.nginx.seen("/public/named")["asked_name"], "api.internal")

    def test_sessions_are_resumed_in_both_versions(self):
        for protocol in ["TLSv1.2", "TLSv1.3"]:
            with self.subTest(protocol):
                nginx = Nginx(self.server, protocols=protocol)
                self.addCleanup(nginx.close)
                with self.proxy(nginx) as proxy:
                    # nginx closes after each of these.
                    for number in range(5):
                        self.assertEqual(curl(f"{proxy.url}/public/last?{number}").status, 200)
                    seen = [nginx.seen(f"/public/last?{number}") for number in range(5)]
                    self.assertEqual([request["reused"] for request in seen], [".", "r", "r", "r", "r"])
                    self.assertEqual({request["tls"] for request in seen}, {protocol})
                    self.assertEqual(len({request["socket"] for request in seen}), 5)

    def test_certificates_that_are_not_accepted(self):
        table = [
            (self.authority.issue("other.example"), "is not for 127.0.0.1 but for other.example"),
            (self.authority.issue(begins=-9, ends=-2), "has expired on 20"),
            (self.authority.issue(begins=2), "is not valid before 20"),
            (self.authority.issue(use="client"), "is not made for this use"),
            (self.authority.issue(self_signed=True), "signed by itself"),
            (self.stranger.issue(), "issued by CN=Stranger, which is not"),
        ]
        for certificate, words in table:
            with self.subTest(words):
                nginx = Nginx(certificate)
                self.addCleanup(nginx.close)
                with self.proxy(nginx) as proxy:
                    self.assert_refused(proxy, words)
                self.assertEqual(nginx.requests, [])

    def test_a_certificate_of_its_own_making_is_believed_when_it_is_named(self):
        own = self.stranger.issue(self_signed=True)
        nginx = Nginx(own)
        self.addCleanup(nginx.close)
        with self.proxy(nginx, ca_file=str(own.certificate)) as proxy:
            self.assertEqual(curl(proxy.url + "/public/x").status, 200)

    def test_the_systems_authorities_count_unless_others_are_named(self):
        with self.proxy(trust={}) as proxy:
            self.assert_refused(proxy, "which is not")
        with self.proxy(trust={}, environment={"SSL_CERT_FILE": str(self.authority.certificate)}) as proxy:
            self.assertEqual(curl(proxy.url + "/public/x").status, 200)

    def test_an_upstream_that_speaks_no_tls(self):
        plain = world.nginx()
        with Proxy(f"https://127.0.0.1:{plain.port}", issuer(key_set(self.signer)), workers=1) as proxy:
            self.assert_refused(proxy, "does not speak TLS")

    def test_the_certificate_that_nginx_demands(self):
        nginx = Nginx(self.server, callers=self.authority.certificate)
        self.addCleanup(nginx.close)
        with self.proxy(nginx, **self.authority.issue("proxy", use="client").pair()) as proxy:
            self.assertEqual(curl(proxy.url + "/public/shown").status, 200)
        self.assertEqual(nginx.seen("/public/shown")["certificate"], "CN=proxy")
        # nginx says no in HTTP rather than in TLS.
        for shown in [{}, self.stranger.issue("proxy", use="client").pair()]:
            with self.proxy(nginx, **shown) as proxy:
                answer = curl(proxy.url + "/public/x")
                self.assertEqual((answer.status, b"SSL certificate" in answer.body), (400, True))

    def test_large_bodies_both_ways(self):
        data = os.urandom(20_000_003)
        (self.nginx.files / "large").write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        file = processes.new_folder("upload") / "large"
        file.write_bytes(data)
        with self.proxy() as proxy:
            for framing, field in [("length", []), ("chunked", ["-H", "Transfer-Encoding: chunked"])]:
                answer = curl(f"{proxy.url}/v2/backend/sink", "-T", file, *field, token=self.token)
                self.assertEqual(json.loads(answer.body), {"bytes": len(data), "sha256": digest, "framing": framing})
            answer = curl(proxy.url + "/v2/files/large", token=self.token)
            self.assertEqual(hashlib.sha256(answer.body).hexdigest(), digest)
            self.assertLess(proxy.memory_peak(), 64)


class UpstreamWebSocketTests(unittest.IsolatedAsyncioTestCase):
    async def test_websocket_over_tls(self):
        authority = Authority()
        upstream = EchoServer(authority.issue())
        self.addCleanup(upstream.close)
        keys = issuer(key_set(Signer()))
        with Proxy({"url": upstream.url, "tls": {"ca_file": str(authority.certificate)}}, keys) as proxy:
            url = proxy.url.replace("http://", "ws://") + "/public/chat"
            async with connect(url, proxy=None, max_size=32 << 20) as connection:
                for message in ["text", b"\x00\xff" * 1000, os.urandom(8 << 20)]:
                    await connection.send(message)
                    self.assertEqual(await connection.recv(), message)
