"""Load generators: wrk at full speed, and pace (beside this file) at a fixed rate."""

import json
import pathlib
import re
import subprocess

from .exchange import request_head
from .programs import Failure, program

HERE = pathlib.Path(__file__).resolve().parent
CONNECTIONS = 64
RATE = 2_000


class Requests:
    """What the load generators send for one scenario, as files in a folder."""

    def __init__(self, scenario, authority, folder):
        self.scenario = scenario
        tokens = [
            authority.token(scenario.algorithm, number, **({"scope": scenario.scope} if scenario.scope else {}))
            for number in range(scenario.tokens)
        ]
        self._paths = written(folder / f"{scenario.name}.paths", scenario.paths)
        self.tokens = tokens or [None]
        self._tokens = written(folder / f"{scenario.name}.tokens", tokens) if tokens else "-"
        self.first = request_head(scenario.method, scenario.paths[0], tokens[0] if tokens else None)
        self._request = folder / f"{scenario.name}.request"
        self._request.write_bytes(self.first)

    def wrk(self, port, seconds):
        """What wrk read: requests, throughput, and latency at full speed."""
        scenario = self.scenario
        said = run([
            program("wrk"), "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "5s", "--latency",
            "-s", str(HERE / "requests.lua"), f"{scheme(scenario)}://127.0.0.1:{port}", "--", scenario.method, str(self._tokens),
            str(self._paths), str(scenario.body_bytes), "close" if scenario.close else "keep",
        ], seconds + 30)
        requests = int(re.search(r"(\d+) requests in", said)[1])
        refused = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
        refused = int(refused[1]) if refused else 0
        if "Socket errors" in said or requests == 0 or refused != (requests if scenario.refused else 0):
            raise Failure(f"{requests} answers, {refused} of them refusals\n{said}")
        return {
            "requests": requests,
            "requests_per_second": float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1]),
            "p50_us": microseconds(said, "50%"),
            "p99_us": microseconds(said, "99%"),
        }

    def handshakes(self, port, seconds, binary):
        """What handshakes read: how many it made, as requests."""
        scenario = self.scenario
        return json.loads(run([binary, str(port), str(seconds), "resumed" if scenario.resumes else "full",
                               scenario.tls_version, str(self._request)], seconds + 30))

    def pace(self, port, seconds, binary):
        """What pace read: requests, and latency at the fixed rate."""
        read = json.loads(run([binary, str(port), str(RATE), str(seconds), str(CONNECTIONS), str(self._request)],
                              seconds + 30))
        if read.pop("refused"):
            raise Failure("refused requests at the fixed rate")
        return {**read, "requests_per_second": RATE}


def scheme(scenario):
    return "https" if scenario.setup.tls else "http"


def written(file, lines):
    file.write_text("".join(f"{line}\n" for line in lines))
    return file


def run(command, timeout):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired:
        raise Failure(f"{command[0]} did not end") from None
    if done.returncode != 0:
        raise Failure(f"{command[0]} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def microseconds(said, percentile):
    value, unit = re.search(rf"{percentile}\s+([\d.]+)(us|ms|s|m)", said).groups()
    return float(value) * {"us": 1, "ms": 1e3, "s": 1e6, "m": 6e7}[unit]


def built(name, folder, *libraries):
    """A load generator of ours, compiled for this run."""
    compiler = program("cc") or program("clang") or program("gcc")
    if not compiler:
        raise Failure(f"there is no C compiler (cc) for the load generator {name}")
    binary = str(folder / name)
    run([compiler, "-O2", "-o", binary, str(HERE / f"{name}.c"), *libraries], 60)
    return binary
