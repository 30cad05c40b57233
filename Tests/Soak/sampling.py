"""What the proxy takes while it runs: memory, descriptors, threads, time; and what a lone caller waits for its answers."""

import pathlib
import re
import socket
import threading
import time


class Sampler:
    """Looks once a second, on a thread of its own."""

    def __init__(self, process, port, request, answers):
        self.folder = pathlib.Path(f"/proc/{process.pid}")
        self.answers = answers
        self.began = time.monotonic()
        self.samples = []
        # (time, what was done) for the plot.
        self.events = []
        self.prober = Prober(port, request)
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def note(self, event):
        self.events.append((time.monotonic() - self.began, event))

    def stop(self):
        self.stopping.set()
        self.thread.join()
        self.prober.stop()

    def _run(self):
        while not self.stopping.wait(1):
            self.take()

    def take(self):
        waits = self.prober.take()
        sample = {
            "seconds": round(time.monotonic() - self.began, 2), "answers": self.answers.value,
            "rss_kib": self.resident(), "descriptors": self.descriptors(),
            "threads": len(list((self.folder / "task").iterdir())), "cpu_seconds": self.processor_time(),
        }
        if waits:
            sample |= {"p50_ms": round(1000 * waits[len(waits) // 2], 3),
                       "p99_ms": round(1000 * waits[len(waits) * 99 // 100], 3)}
        self.samples.append(sample)
        return sample

    def resident(self):
        return int(re.search(r"Rss:\s+(\d+) kB", (self.folder / "smaps_rollup").read_text())[1])

    def descriptors(self):
        return len(list((self.folder / "fd").iterdir()))

    def processor_time(self):
        fields = (self.folder / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / 100


class Prober:
    """One request after the other on one connection, a hundred a second."""

    def __init__(self, port, request):
        self.port, self.request = port, request
        self.waits, self.lock = [], threading.Lock()
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def take(self):
        """What was waited since the last time, the shortest first."""
        with self.lock:
            waits, self.waits = self.waits, []
        return sorted(waits)

    def stop(self):
        self.stopping.set()
        self.thread.join()

    def _run(self):
        connection = None
        while not self.stopping.wait(0.01):
            try:
                connection = connection or socket.create_connection(("127.0.0.1", self.port), timeout=30)
                began = time.monotonic()
                connection.sendall(self.request)
                answer = connection.recv(65536)
                with self.lock:
                    self.waits.append(time.monotonic() - began)
                if not answer or b"\r\nconnection: close" in answer.lower():
                    connection.close()
                    connection = None
            except OSError:
                connection = None
