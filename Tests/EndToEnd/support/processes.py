"""Programs that the tests start, each ended by its own process id, and where they keep their files."""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
BINARY = os.environ.get("SCOPEPROXY", str(REPOSITORY / ".build/release/scopeproxy"))
# scripts/e2e removes the folder, and ends whatever process is still noted in it, however the run ends.
FOLDER = pathlib.Path(os.environ.get("E2E_FOLDER") or sys.exit("started by scripts/e2e, which sets E2E_FOLDER"))
PIDS = FOLDER / "pids"
# A bound for everything that is awaited. Nothing takes as long unless it hangs.
PATIENCE = 20


def new_folder(name):
    folder = pathlib.Path(tempfile.mkdtemp(prefix=f"{name}-", dir=FOLDER))
    # nginx drops its privileges.
    folder.chmod(0o755)
    return folder


def program(name):
    found = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")
    return found or sys.exit(f"{name} is not installed")


def start(command, **options):
    """A process that is noted until `end` or `wait` has seen its end."""
    process = subprocess.Popen([str(part) for part in command], **{"stdin": subprocess.DEVNULL} | options)
    PIDS.mkdir(exist_ok=True)
    (PIDS / str(process.pid)).touch()
    return process


def wait(process, patience=PATIENCE):
    """The exit status."""
    status = process.wait(timeout=patience)
    (PIDS / str(process.pid)).unlink(missing_ok=True)
    return status


def end(process):
    """The exit status after SIGTERM."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        return wait(process)
    except subprocess.TimeoutExpired:
        process.kill()
        wait(process)
        raise


def run(command, **options):
    """Runs a program to its end; its output as text."""
    options = {"capture_output": True, "text": True, "timeout": PATIENCE} | options
    if "input" not in options and "stdin" not in options:
        options["stdin"] = subprocess.DEVNULL
    return subprocess.run([str(part) for part in command], **options)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Lines:
    """What a process writes, line by line as it comes, for threads that wait for a line."""

    def __init__(self, stream):
        self.lines = []
        self.ended = False
        self.changed = threading.Condition()
        self.thread = threading.Thread(target=self._read, args=[stream], daemon=True)
        self.thread.start()

    def _read(self, stream):
        for line in stream:
            with self.changed:
                self.lines.append(line.decode(errors="replace").rstrip("\n"))
                self.changed.notify_all()
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def wait_for(self, wanted, since=0, patience=PATIENCE):
        """What `wanted` makes of the first line, from number `since` on, for which that is not None."""
        found = None
        seen = since

        def look():
            nonlocal found, seen
            while found is None and seen < len(self.lines):
                found = wanted(self.lines[seen])
                seen += 1
            return found is not None or self.ended

        with self.changed:
            if self.changed.wait_for(look, patience) and found is not None:
                return found
            said = "\n".join(self.lines[-20:])
            raise AssertionError(f"the line that is waited for did not come; the last ones are\n{said}")

    def wait_for_end(self, patience=PATIENCE):
        self.thread.join(patience)
        assert not self.thread.is_alive(), "the output has no end"
        return self.lines
