"""Whoever starts a service: hands it sockets and hears how it is, as systemd does."""

import fcntl
import os
import socket
import sys
import threading

from support import processes
from support.processes import PATIENCE

# LISTEN_PID is the number of the process that takes the sockets: only a program in between, which becomes it, knows that.
EXEC = "import os, sys; os.environ['LISTEN_PID'] = str(os.getpid()); os.execv(sys.argv[1], sys.argv[1:])"


def listening(port=0, backlog=1024):
    """A socket as systemd would bind it for a socket unit."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(("127.0.0.1", port))
    made.listen(backlog)
    return made


def handed(command, sockets, names=None):
    """The command, its options for a start, and its environment, with `sockets` from descriptor 3 on."""
    if not sockets:
        return command, {}, {}
    # Numbers above those that are to be filled, and not left to the service.
    copies = [fcntl.fcntl(made.fileno(), fcntl.F_DUPFD, 200) for made in sockets]
    moves = "".join(f"os.dup2({copy}, {number}); os.close({copy});" for number, copy in enumerate(copies, 3))
    script = f"import os; {moves} {EXEC}"
    environment = {"LISTEN_FDS": str(len(sockets))} | ({"LISTEN_FDNAMES": ":".join(names)} if names else {})
    return [sys.executable, "-c", script, *command], {"pass_fds": copies, "copies": copies}, environment


class Notices:
    """What a service tells through NOTIFY_SOCKET, in the order in which it came."""

    def __init__(self, abstract=False):
        folder = processes.new_folder("notify")
        self.name = f"@{folder}" if abstract else str(folder / "socket")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + self.name[1:] if abstract else self.name)
        self.told = []
        self.changed = threading.Condition()
        threading.Thread(target=self._hear, daemon=True).start()

    def _hear(self):
        while True:
            notice = dict(line.split("=", 1) for line in self.socket.recv(65536).decode().split("\n"))
            with self.changed:
                self.told.append(notice)
                self.changed.notify_all()

    def wait_for(self, name, since=0):
        """The place of the first notice with this variable, from number `since` on."""
        def found():
            return next((place for place in range(since, len(self.told)) if name in self.told[place]), None)

        with self.changed:
            assert self.changed.wait_for(lambda: found() is not None, PATIENCE), self.told[since:]
            return found()
