"""Benchmarks/grants: tokens in a second of the processor's time, in turns with `openssl speed`."""

import argparse
import base64
import contextlib
import json
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

from . import machine
from .load import HERE, run
from .markdown import setting_of
from .programs import Failure, free_port, program, running, said_by, wait_for
from .readings import CPUTime
from .tables import Table

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONNECTIONS = 16
GOAL = 0.6


def main():
    options = arguments()
    try:
        rows = measured(options)
    except (Failure, OSError, subprocess.SubprocessError) as failure:
        print(f"grants: {failure}", file=sys.stderr)
        return 1
    print(setting_of(machine.description(), f"{options.rounds} rounds of {options.seconds} s"))
    print(table(rows).markdown())
    return 0


def arguments():
    parser = argparse.ArgumentParser(
        description="Tokens (ES256, client_secret_basic, form, kept connections) that the issuer gives in a second of "
        "the processor's time, in turns with `openssl speed ecdsap256`. The audit log is written as by default.",
        prog="Benchmarks/grants")
    parser.add_argument("--binary", action="append", metavar="[NAME=]PATH", default=[],
                        help="of scopeproxy, also several to compare; default: .build/release/scopeproxy")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2, help="of one turn")
    parser.add_argument("--short", action="store_true", help="only that it works; not a reading")
    options = parser.parse_args()
    if options.short:
        options.rounds = options.seconds = 1
    return options


def measured(options):
    """The readings of every round, by name."""
    binaries = [binary.rpartition("=") for binary in options.binary or [str(ROOT / ".build/release/scopeproxy")]]
    readings = {}
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="scopeproxy-bench-")))
        issuers = [
            (name or "ScopeProxy", stack.enter_context(issuer(path, folder / f"issuer-{number}")))
            for number, (name, _, path) in enumerate(binaries)
        ]
        for _ in range(options.rounds):
            signature = signature_us(options.seconds)
            readings.setdefault("openssl speed", []).append({"cpu_us": signature, "ratio": 1})
            for name, instance in issuers:
                reading = load(*instance, options.seconds)
                reading["ratio"] = signature / reading["cpu_us"]
                readings.setdefault(name, []).append(reading)
                print(f"{name}: {reading['cpu_us']:.1f} us, {reading['ratio']:.2f}", file=sys.stderr, flush=True)
    return readings


@contextlib.contextmanager
def issuer(binary, folder):
    """A running issuer with one client: its process, its port and the client's credentials."""
    folder.mkdir()
    port = free_port()
    file = folder / "issuer.json"
    file.write_text(json.dumps({
        "issuer": f"http://127.0.0.1:{port}", "listen": f"127.0.0.1:{port}", "clients": "clients.json",
        "state_dir": "state",
    }))
    added = run([binary, "client", "add", "daemon", "--audiences", "https://api.example", "--scopes",
                 "profile:read profile:create reports:read", "--json", "--config", str(file)], 30)
    credentials = base64.b64encode(f"daemon:{json.loads(added)['client_secret']}".encode()).decode()
    log = folder / "log"
    with running([binary, "issuer", "--config", str(file)], log) as process:
        wait_for(port, process, log)
        yield process, port, credentials


def load(process, port, credentials, seconds):
    before = CPUTime.of(process.pid)
    said = run([program("wrk"), "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(HERE / "grants.lua"),
                f"http://127.0.0.1:{port}", "--", credentials], seconds + 30)
    after = CPUTime.of(process.pid)
    requests = int(re.search(r"(\d+) requests in", said)[1])
    if requests == 0 or "Non-2xx" in said or "Socket errors" in said:
        raise Failure(f"not every request had a token\n{said}")
    return {"requests_per_second": requests / seconds, **after.since(before).per_request(requests)}


def signature_us(seconds):
    """Microseconds of one signature."""
    said = said_by(["openssl", "speed", "-seconds", str(seconds), "-mr", "ecdsap256"], timeout=seconds * 4 + 30)
    lines = [line for line in said.splitlines() if re.match(r"\+F4:", line)]
    if not lines:
        raise Failure(f"openssl speed said nothing of signatures\n{said}")
    # The last two columns are signatures and verifications a second.
    return 1e6 / float(lines[-1].split(":")[-2])


def table(readings):
    def middle(rows, key):
        values = [row[key] for row in rows if key in row]
        return f"{statistics.median(values):.1f}" if values else ""

    rows = [
        (name, middle(rows, "cpu_us"), middle(rows, "user_us"), middle(rows, "system_us"),
         f"{1e6 / statistics.median(row['cpu_us'] for row in rows):,.0f}",
         f"{statistics.median(row['ratio'] for row in rows):.2f}")
        for name, rows in readings.items()
    ]
    header = ("", "CPU µs each", "user", "system", "per CPU second", "of openssl speed")
    return Table(f"Tokens, ES256: goal at least {GOAL} of openssl speed", header, rows)
