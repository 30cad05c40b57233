"""An issuer's key server, which can rotate its keys, hang, and die."""

import http.server
import json
import threading

from support.processes import PATIENCE
from support.tokens import key_set


class KeyServer:
    """Its port belongs to it from the beginning, also while nobody listens there."""

    def __init__(self, *signers, listening=True, max_age=None):
        self.max_age = max_age
        self.fetches = 0
        self.changed = threading.Condition()
        self._document = b""
        self._released = threading.Event()
        self._released.set()
        self.rotate(*signers)
        self._server = self._bind(("127.0.0.1", 0))
        self.port = self._server.server_port
        self._thread = None
        if listening:
            self.listen()

    @property
    def uri(self):
        return f"http://127.0.0.1:{self.port}/keys"

    def rotate(self, *signers):
        self._document = json.dumps(key_set(*signers)).encode()

    def hang(self):
        """From now on answers wait for `release`."""
        self._released.clear()

    def release(self):
        self._released.set()

    def listen(self):
        self._server.server_activate()
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.05], daemon=True)
        self._thread.start()

    def die(self):
        """Connections are refused from now on."""
        self.release()
        if self._thread:
            self._server.shutdown()
            self._thread.join(PATIENCE)
            self._thread = None
        self._server.server_close()

    def wait_for_fetches(self, count):
        with self.changed:
            assert self.changed.wait_for(lambda: self.fetches >= count, PATIENCE), f"{self.fetches} of {count} fetches"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.die()

    def _bind(self, address):
        server = http.server.ThreadingHTTPServer(address, self._handler(), bind_and_activate=False)
        server.daemon_threads = True
        server.server_bind()
        return server

    def _handler(self):
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                with outer.changed:
                    outer.fetches += 1
                    outer.changed.notify_all()
                outer._released.wait(PATIENCE * 2)
                document = outer._document
                self.send_response(200)
                self.send_header("Content-Type", "application/jwk-set+json")
                self.send_header("Content-Length", str(len(document)))
                if outer.max_age is not None:
                    self.send_header("Cache-Control", f"max-age={outer.max_age}")
                self.end_headers()
                try:
                    self.wfile.write(document)
                except OSError:
                    pass

            def log_message(self, *_):
                pass

        return Handler
