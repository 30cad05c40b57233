"""Single requests over plain sockets: for checks, and for connections that are held idle."""

import contextlib
import socket
import ssl
import struct
import time

from .programs import Failure


# Who it is, is known: it was started a moment ago.
TRUSTING = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
TRUSTING.check_hostname = False
TRUSTING.verify_mode = ssl.CERT_NONE


def request_head(method, path, token=None, close=False, length=None):
    fields = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    if token:
        fields.append(f"Authorization: Bearer {token}")
    if close:
        fields.append("Connection: close")
    if length is not None:
        fields.append(f"Content-Length: {length}")
    return ("\r\n".join(fields) + "\r\n\r\n").encode()


def status_of(port, request, tls=False):
    """The status and the length of the body of one answer, on a connection of its own."""
    with connected(port, tls) as connection:
        return ask(connection, request)


def connected(port, tls):
    connection = socket.create_connection(("127.0.0.1", port), timeout=5)
    return TRUSTING.wrap_socket(connection) if tls else connection


def ask(connection, request):
    connection.sendall(request)
    return answer_of(connection)


def answer_of(connection):
    """The status and the length of the body."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += piece_from(connection)
    head, _, body = received.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    fields = dict(line.lower().split(":", 1) for line in lines[1:])
    if "chunked" in fields.get("transfer-encoding", ""):
        while not body.endswith(b"0\r\n\r\n"):
            body += piece_from(connection)
    else:
        while len(body) < int(fields.get("content-length", 0)):
            body += piece_from(connection)
    return int(lines[0].split()[1]), len(body)


def piece_from(connection):
    piece = connection.recv(65536)
    if not piece:
        raise Failure("the connection was closed in the middle of an answer")
    return piece


def first_good_answer(port, request, process, log, tls=False):
    """Waits for the first 200 of a process that is just starting; at most ten seconds."""
    deadline = time.monotonic() + 10
    status = "no"
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError, Failure):
            status = status_of(port, request, tls)[0]
            if status == 200:
                return
        # Short beside what is measured, and long enough not to take the processor from the process.
        time.sleep(0.0005)
    raise Failure(f"{process.args[0]} gave {status} answer, not 200; see {log}")


@contextlib.contextmanager
def held(port, request, count, tls=False):
    """Connections that have each had one answer, and now say nothing."""
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            connection = stack.enter_context(connected(port, tls))
            # Reset at the end, so that no port is left waiting.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            if ask(connection, request)[0] != 200:
                raise Failure("a connection that was to be held idle had no 200")
        yield
