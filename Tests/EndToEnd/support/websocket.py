"""An application that speaks WebSocket, on the `websockets` library, in a thread of its own."""

import asyncio
import http
import logging
import ssl
import threading

from websockets.asyncio.server import serve

# That connections are cut is what the tests are about.
logging.getLogger("websockets").setLevel(logging.CRITICAL)
logging.getLogger("asyncio").setLevel(logging.ERROR)


class EchoServer:
    """Sends back what it gets. `/refused` is answered 403, `/close` closes with a code, `/whoami` tells who calls.

    With a `certificate` it speaks TLS."""

    def __init__(self, certificate=None):
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificate.both)
        self.loop = asyncio.new_event_loop()
        self.port = None
        self.pings = 0
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=[ready], daemon=True)
        self._thread.start()
        assert ready.wait(20), "the server does not start"

    @property
    def url(self):
        return f"{'https' if self.context else 'http'}://127.0.0.1:{self.port}"

    def close(self):
        self.loop.call_soon_threadsafe(self._end.set_result, None)
        self._thread.join(20)
        assert not self._thread.is_alive(), "the server does not end"

    def _run(self, ready):
        self.loop.run_until_complete(self._serve(ready))
        self.loop.close()

    async def _serve(self, ready):
        self._end = self.loop.create_future()
        options = {
            "ssl": self.context, "max_size": 32 << 20, "select_subprotocol": self._choose,
            "process_request": self._answer,
        }
        async with serve(self._talk, "127.0.0.1", 0, **options) as server:
            self.port = server.sockets[0].getsockname()[1]
            ready.set()
            await self._end

    @staticmethod
    def _choose(connection, offered):
        return "chat" if "chat" in offered else None

    @staticmethod
    def _answer(connection, request):
        if request.path == "/refused":
            return connection.respond(http.HTTPStatus.FORBIDDEN, "the application says no\n")

    async def _talk(self, connection):
        if connection.request.path == "/close":
            await connection.close(4001, "enough")
        elif connection.request.path == "/whoami":
            headers = connection.request.headers
            await connection.send(" ".join([headers["X-Auth-Client-Id"], str("Authorization" in headers)]))
        elif connection.request.path == "/ping":
            await (await connection.ping())
            await connection.send("pong came")
        async for message in connection:
            await connection.send(message)
