"""Callers whose request heads come byte by byte and never to an end, beside those that are measured."""

import contextlib
import selectors
import socket
import threading
import time

# A byte of each head: more often than any proxy gives up, and seldom enough to cost next to nothing.
PAUSE = 1.0


@contextlib.contextmanager
def slow_heads(port, request, count):
    """Holds so many of them all the time: a connection that is answered or closed makes place for another one."""
    if not count:
        yield
        return
    crowd = Crowd(port, request, count)
    crowd.thread.start()
    try:
        crowd.complete.wait(60)
        yield
    finally:
        crowd.stop.set()
        crowd.thread.join()


class Crowd:
    def __init__(self, port, request, count):
        self._port, self._count = port, count
        # All but the empty line; what is sent then is a field that goes on and on.
        self._begin, self._more = request[:-2] + b"X-Slow: ", b"s"
        self._selector = selectors.DefaultSelector()
        self.stop, self.complete = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        for _ in range(self._count):
            self._open()
        self.complete.set()
        while not self.stop.is_set():
            begin = time.monotonic()
            open_ones = [key.fileobj for key in self._selector.get_map().values()]
            for number, connection in enumerate(open_ones):
                self._trickle(connection)
                # Evenly over the time, not all at once.
                if number % 20 == 0:
                    self._replace_ended()
                    self.stop.wait(max(0, begin + PAUSE * number / len(open_ones) - time.monotonic()))
                    if self.stop.is_set():
                        break
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()
        self._selector.close()

    def _open(self):
        connection = socket.create_connection(("127.0.0.1", self._port), timeout=10)
        connection.sendall(self._begin)
        connection.setblocking(False)
        self._selector.register(connection, selectors.EVENT_READ)

    def _trickle(self, connection):
        with contextlib.suppress(OSError):
            connection.send(self._more)

    def _replace_ended(self):
        for key, _ in self._selector.select(0):
            self._selector.unregister(key.fileobj)
            key.fileobj.close()
            with contextlib.suppress(OSError):
                self._open()
