"""WebSocket through the built proxy, with another maker's library on both ends."""

import asyncio
import os
import time
import unittest

from support.proxy import Proxy, issuer
from support.tokens import Signer, key_set
from support.websocket import EchoServer
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK, InvalidStatus

ROUTES = [
    {"methods": ["GET"], "path": "/chat/{room}", "scopes": ["chat:join"]},
    {"path": "/{rest...}", "scopes": ["chat:join"]},
]


class WebSocketTests(unittest.IsolatedAsyncioTestCase):
    @classmethod
    def setUpClass(cls):
        cls.upstream = EchoServer()
        cls.addClassCleanup(cls.upstream.close)
        cls.signer = Signer()
        cls.proxy = Proxy(
            cls.upstream.url, issuer(key_set(cls.signer), clock_skew_seconds=0), routes=ROUTES,
            admin="127.0.0.1:0", limits={"connections": 500})
        cls.addClassCleanup(cls.proxy.stop)

    @classmethod
    def tearDownClass(cls):
        cls.proxy.stop()
        cls.proxy.check_log()

    def open(self, path="/chat/1", token="chat:join", proxy=None, **options):
        headers = {}
        if token is not None:
            headers["Authorization"] = f"Bearer {self.signer.token(token) if ':' in token else token}"
        return connect(
            (proxy or self.proxy).url.replace("http://", "ws://") + path, additional_headers=headers, proxy=None,
            max_size=32 << 20, **options)

    # MARK: - Messages

    async def test_messages_come_back(self):
        async with self.open() as connection:
            for message in ["text", "", "ü€😀", b"", b"\x00\xff" * 1000, "x" * 100_000]:
                await connection.send(message)
                self.assertEqual(await connection.recv(), message)

    async def test_large_messages_with_and_without_compression(self):
        message = os.urandom(8 << 20)
        for compression in ["deflate", None]:
            async with self.open(compression=compression) as connection:
                await connection.send(message)
                self.assertEqual(await connection.recv(), message)

    async def test_pings_go_both_ways(self):
        async with self.open() as connection:
            await asyncio.wait_for(await connection.ping(), 20)
        async with self.open("/ping") as connection:
            self.assertEqual(await connection.recv(), "pong came")

    async def test_close_codes_go_both_ways(self):
        async with self.open("/close") as connection:
            with self.assertRaises(ConnectionClosedError) as caught:
                await connection.recv()
            self.assertEqual((caught.exception.rcvd.code, caught.exception.rcvd.reason), (4001, "enough"))
        async with self.open() as connection:
            await connection.close(1000, "thanks")
            self.assertEqual((connection.close_code, connection.close_reason), (1000, "thanks"))

    async def test_subprotocols_are_negotiated(self):
        async with self.open(subprotocols=["superchat", "chat"]) as connection:
            self.assertEqual(connection.subprotocol, "chat")

    async def test_many_at_the_same_time(self):
        async def talk(number):
            async with self.open(f"/chat/{number}", open_timeout=30) as connection:
                for turn in range(20):
                    await connection.send(f"{number} {turn}")
                    self.assertEqual(await connection.recv(), f"{number} {turn}")

        await asyncio.gather(*(talk(number) for number in range(200)))
        # All of them are gone in good order, and each has its line.
        for number in range(200):
            entry = await asyncio.to_thread(self.proxy.wait_for, "request", path=f"/chat/{number}")
            self.assertEqual(entry["status"], 101)
            self.assertNotIn("reason", entry)

    async def test_the_application_knows_who_calls(self):
        async with self.open("/whoami") as connection:
            self.assertEqual(await connection.recv(), "client-7 False")

    # MARK: - Refusals

    async def test_refusals_reach_the_client(self):
        cases = [(None, 401, "missing_token"), ("profile:read", 403, "insufficient_scope"),
                 ("rubbish", 401, "invalid_token")]
        for token, status, code in cases:
            with self.subTest(token=token), self.assertRaises(InvalidStatus) as caught:
                await self.open(token=token)
            response = caught.exception.response
            self.assertEqual(response.status_code, status)
            self.assertIn(f'"code":"{code}"', response.body.decode())
            self.assertIn("Bearer", response.headers["WWW-Authenticate"])

    async def test_the_applications_refusal_is_its_own(self):
        with self.assertRaises(InvalidStatus) as caught:
            await self.open("/refused")
        self.assertEqual(caught.exception.response.status_code, 403)
        self.assertEqual(caught.exception.response.body, b"the application says no\n")

    # MARK: - Ends

    async def test_the_tokens_end_is_the_connections(self):
        expiry = int(time.time()) + 2
        async with self.open("/chat/expires", self.signer.token("chat:join", exp=expiry)) as connection:
            await connection.send("still valid")
            self.assertEqual(await connection.recv(), "still valid")
            with self.assertRaises(ConnectionClosedError) as caught:
                await asyncio.wait_for(connection.recv(), 20)
        self.assertIsNone(caught.exception.rcvd)
        self.assertGreaterEqual(time.time(), expiry)
        entry = await asyncio.to_thread(self.proxy.wait_for, "request", path="/chat/expires")
        self.assertEqual(entry["reason"], "token_expired")

    async def test_a_drain_waits_and_then_ends_it(self):
        for seconds in [20, 0.5]:
            with Proxy(self.upstream.url, issuer(key_set(self.signer)), routes=ROUTES,
                       timeouts={"drain_seconds": seconds}) as proxy:
                async with self.open(proxy=proxy) as connection:
                    await connection.send("before")
                    self.assertEqual(await connection.recv(), "before")
                    proxy.signal()
                    if seconds > 1:
                        await connection.send("meanwhile")
                        self.assertEqual(await connection.recv(), "meanwhile")
                        await connection.close()
                    else:
                        with self.assertRaises(ConnectionClosedError):
                            await asyncio.wait_for(connection.recv(), 20)
                self.assertEqual(await asyncio.to_thread(proxy.wait), 0)
                entry = proxy.wait_for("request", path="/chat/1")
                self.assertEqual(entry.get("reason"), None if seconds > 1 else "drained")

    async def test_a_closed_connection_is_no_error(self):
        connection = await self.open("/chat/closed")
        await connection.close()
        with self.assertRaises(ConnectionClosedOK):
            await connection.recv()
        entry = await asyncio.to_thread(self.proxy.wait_for, "request", path="/chat/closed")
        self.assertNotIn("reason", entry)
        self.assertEqual((entry["status"], entry["upstream_status"]), (101, 101))
        self.assertGreater(entry["request_bytes"], 0)
