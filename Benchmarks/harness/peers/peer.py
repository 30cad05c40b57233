"""What all proxies have in common."""

import contextlib
import dataclasses
import os
import pathlib
import subprocess
import tempfile

from ..programs import free_port, running, wait_for


@dataclasses.dataclass(frozen=True)
class Setup:
    """What differs between two instances of the same proxy."""

    name: str = "standard"
    workers: int = 1
    routes: int = 0
    """Routes beside the usual ones: /v2/things0/{id} and so on, with the scope profile:read."""
    tls: bool = False
    """Callers speak TLS, 1.2 or 1.3; the upstream does not."""


@dataclasses.dataclass(frozen=True)
class Site:
    """What instances find around them."""

    folder: pathlib.Path
    upstream: int
    authority: object
    certificate: object


class Peer:
    """A kind of proxy. Its own folder holds its files; nothing of the system's configuration is used."""

    name = ""
    checks_tokens = True
    packages = ""
    """What to install to have it."""

    def missing(self):
        """What is not installed, or None."""
        raise NotImplementedError

    def version(self):
        raise NotImplementedError

    def files(self):
        """The program, and what it loads that only it needs."""
        raise NotImplementedError

    def prepare(self, site, setup, folder, port):
        """Writes the configuration into `folder`; returns the command that starts the proxy on `port`."""
        raise NotImplementedError

    @contextlib.contextmanager
    def instance(self, site, setup, suffix=""):
        """A process that serves, for the length of the block."""
        command, port, log = self.prepared(site, setup, suffix)
        with running(command, log) as process:
            wait_for(port, process, log)
            yield Instance(self, setup, process, port, log)

    def prepared(self, site, setup, suffix=""):
        folder = site.folder / f"{self.name}-{setup.name}{suffix}".replace(" ", "-")
        folder.mkdir(exist_ok=True)
        port = free_port()
        return self.prepare(site, setup, folder, port), port, folder / "log"

    def size(self):
        """Bytes on disk: the program, without its symbols, and all of `files`."""
        files = [os.path.realpath(file) for file in self.files()]
        return {
            "binary_bytes": os.path.getsize(files[0]),
            "stripped_bytes": stripped_size(files[0]),
            "with_modules_bytes": sum(os.path.getsize(file) for file in files),
        }


@dataclasses.dataclass(frozen=True)
class Instance:
    peer: Peer
    setup: Setup
    process: subprocess.Popen
    port: int
    log: pathlib.Path


def stripped_size(file):
    """None where there is no strip."""
    with contextlib.suppress(OSError, subprocess.CalledProcessError), tempfile.NamedTemporaryFile() as copy:
        subprocess.run(["strip", "-o", copy.name, file], stderr=subprocess.DEVNULL, check=True)
        return os.path.getsize(copy.name)
    return None
