"""Programs of this machine: where they are, which version, and running them so that they always end."""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

# Debian keeps servers where the PATH of a user does not lead.
SEARCHED = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"


class Failure(Exception):
    """What kept a reading from being taken; the text is for whoever runs the benchmark."""


def program(name):
    """The path of a program, or None."""
    return shutil.which(name, path=SEARCHED)


def said_by(command, timeout=30):
    """What a short command prints, both outputs, whatever its exit status."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=timeout, check=False)
    return done.stdout.decode(errors="replace").strip()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def running(command, log, environment=None):
    """A process that ends with the block, by its own id."""
    with open(log, "ab") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=environment
        )
    try:
        yield process
    finally:
        end(process)


def end(process):
    members = family(process.pid)
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    # A server that had to be killed could not end its workers.
    for member, started in members[1:]:
        if started_at(member) == started:
            with contextlib.suppress(ProcessLookupError):
                os.kill(member, signal.SIGKILL)


def family(pid):
    """The process and all below it, as (id, start time): an id alone may soon be somebody else's."""
    started = started_at(pid)
    if started is None:
        return []
    members = [(pid, started)]
    with contextlib.suppress(OSError):
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError):
                for child in (task / "children").read_text().split():
                    members += family(int(child))
    return members


def started_at(pid):
    try:
        # The name, in parentheses, may hold spaces.
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return None


def wait_for(port, process, log):
    """Until the port answers; at most ten seconds."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.01)
    raise Failure(f"{process.args[0]} does not listen\n{tail(log)}")


def tail(log):
    log = pathlib.Path(log)
    return log.read_text(errors="replace")[-2000:] if log.exists() else ""
