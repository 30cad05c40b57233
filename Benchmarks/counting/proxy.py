"""`scopeproxy serve` with one worker, under whatever tool watches it."""

import contextlib
import json
import pathlib
import socket
import subprocess
import time

from . import conversation, scenarios

# Under callgrind the start takes seconds.
START_SECONDS = 60
PROBE = b"GET /healthz HTTP/1.1\r\nHost: api.example.com\r\nConnection: close\r\n\r\n"


@contextlib.contextmanager
def running(folder, binary, upstream, key_set, log, prefix=(), environment=None):
    """The process and the port that it listens on; it is ended with the block, by its own id."""
    port = free_port()
    keys, settings, said = (pathlib.Path(folder) / name for name in ("jwks.json", "routes.json", "proxy.log"))
    keys.write_text(key_set)
    settings.write_text(json.dumps({
        "listen": f"127.0.0.1:{port}",
        "upstream": f"http://127.0.0.1:{upstream}",
        "workers": 1,
        "log": {"level": log, "format": "json"},
        "issuers": [{
            "issuer": scenarios.ISSUER, "audiences": [scenarios.AUDIENCE], "jwks_file": str(keys),
        }],
        "routes": scenarios.ROUTES,
    }))
    with open(said, "wb") as output:
        process = subprocess.Popen(
            [*prefix, binary, "serve", str(settings)], stdin=subprocess.DEVNULL, stdout=output,
            stderr=subprocess.STDOUT, env=environment)
    try:
        wait_for(port, process, said)
        yield process, port
    finally:
        process.terminate()
        try:
            process.wait(timeout=START_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port, process, said):
    """Until a request is answered. That the port can be connected to is not enough: at its start the proxy looks for
    another one on the port, and a connection of that moment is reset."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError):
            caller = conversation.Caller(port, 1)
            caller.connections[0].send(PROBE)
            if caller.connections[0].message() is not None:
                caller.close()
                return
        time.sleep(0.02)
    raise SystemExit("scopeproxy does not answer\n" + said.read_text(errors="replace")[-2000:])
