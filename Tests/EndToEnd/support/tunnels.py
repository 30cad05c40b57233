"""A proxy for CONNECT, as firms have them, which leads every tunnel to one port of this machine."""

import base64
import http.server
import select
import socket
import threading

from support.processes import PATIENCE


class Tunnels:
    """`credentials` is what callers have to show, as in `user:password`."""

    def __init__(self, port, credentials=None):
        self.target = ("127.0.0.1", port)
        self.credentials = credentials
        self.requests = []
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler(self))
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.05], daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._thread.join(PATIENCE)
        self._server.server_close()


def handler(tunnels):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = PATIENCE

        def do_CONNECT(self):
            tunnels.requests.append(self.path)
            self.close_connection = True
            if tunnels.credentials:
                wanted = "Basic " + base64.b64encode(tunnels.credentials.encode()).decode()
                if self.headers.get("Proxy-Authorization") != wanted:
                    self.send_response(407)
                    self.send_header("Proxy-Authenticate", 'Basic realm="way out"')
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
            with socket.create_connection(tunnels.target, timeout=PATIENCE) as far:
                self.send_response(200, "Connection established")
                self.end_headers()
                carry(self.connection, far)

        def log_message(self, *_):
            pass

    return Handler


def carry(near, far):
    """Bytes both ways, until either side ends."""
    while True:
        ready, _, _ = select.select([near, far], [], [], PATIENCE)
        for side in ready:
            data = side.recv(65536)
            if not data:
                return
            (far if side is near else near).sendall(data)
        if not ready:
            return
