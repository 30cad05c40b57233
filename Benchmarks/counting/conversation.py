"""Both ends of the proxy under measurement: an upstream that answers by the book, and a caller that asks one request
after the other. Everything is sent in one piece and read to its last byte, so that the proxy in between does the same
steps for every request of a scenario, whatever the machine is busy with."""

import contextlib
import socket
import threading

TIMEOUT_SECONDS = 30
BODY = b"x" * 1024
# The head as nginx writes it; a date that stands still, so that every answer is the same.
HEAD = (
    b"HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
    b"Content-Type: application/json\r\n")
PLAIN = HEAD + b"Content-Length: 1024\r\nConnection: keep-alive\r\n\r\n" + BODY
CHUNKED = (
    HEAD + b"Transfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n"
    + b"200\r\n" + BODY[:512] + b"\r\n200\r\n" + BODY[512:] + b"\r\n0\r\n\r\n")
# A request whose path begins so gets the chunked answer.
CHUNKED_PATH = b"/v2/streams/"


class Connection:
    """A socket that is read message by message."""

    def __init__(self, peer):
        peer.settimeout(TIMEOUT_SECONDS)
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = peer
        self.rest = b""

    def send(self, data):
        self.socket.sendall(data)

    def message(self):
        """The next whole message: its head and its body. None when the peer has closed."""
        head = self.take_until(b"\r\n\r\n")
        if head is None:
            return None
        fields = head.lower()
        if b"\r\ntransfer-encoding: chunked\r\n" in fields:
            return head, self.take_until(b"0\r\n\r\n")
        _, found, length = fields.partition(b"\r\ncontent-length:")
        return head, self.take(int(length.partition(b"\r\n")[0]) if found else 0)

    def take_until(self, end):
        while end not in self.rest:
            if not self.receive():
                return None
        taken, _, self.rest = self.rest.partition(end)
        return taken + end

    def take(self, count):
        while len(self.rest) < count:
            if not self.receive():
                raise EOFError("the peer closed in the middle of a body")
        taken, self.rest = self.rest[:count], self.rest[count:]
        return taken

    def receive(self):
        data = self.socket.recv(65536)
        self.rest += data
        return len(data)


class Upstream:
    """Listens on a loopback port of its own until the end of the process; a thread for each connection."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            peer, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(Connection(peer),), daemon=True).start()

    def serve(self, connection):
        # The proxy may keep an idle connection for as long as it likes.
        connection.socket.settimeout(None)
        with contextlib.suppress(OSError, EOFError):
            while (request := connection.message()) is not None:
                target = request[0].split(b" ", 2)[1]
                connection.send(CHUNKED if target.startswith(CHUNKED_PATH) else PLAIN)


class Caller:
    """Kept connections to the proxy, used in waves: each sends one request, then each reads its answer."""

    def __init__(self, port, count):
        self.connections = [
            Connection(socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_SECONDS)) for _ in range(count)]

    def ask(self, requests, status):
        """Sends all `requests`; every answer has to have that status."""
        expected = b"HTTP/1.1 %d " % status
        waiting = []
        for request in requests:
            connection = self.connections[len(waiting)]
            connection.send(request)
            waiting.append(connection)
            if len(waiting) == len(self.connections):
                self.read(waiting, expected)
        self.read(waiting, expected)

    def read(self, waiting, expected):
        for connection in waiting:
            answer = connection.message()
            if answer is None or not answer[0].startswith(expected):
                raise SystemExit(f"not the expected answer {expected.decode()}: {answer and answer[0].decode()}")
        waiting.clear()

    def close(self):
        for connection in self.connections:
            connection.socket.close()
