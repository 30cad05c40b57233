"""What was measured on, and with what."""

import datetime
import os
import pathlib
import platform
import re
import subprocess

from .programs import program, said_by

OPENSSL_NAMES = {"RS256": "rsa2048", "ES256": "ecdsap256", "EdDSA": "ed25519"}


def description():
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "processor": models[0] if models else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "architecture": platform.machine(),
        "kernel": platform.release(),
        "system": platform.freedesktop_os_release().get("PRETTY_NAME", "unknown"),
        "memory_mib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20,
        "load_average": os.getloadavg()[0],
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "commit": commit(),
        "wrk": re.search(r"wrk (\S+)", said_by([program("wrk"), "--version"]))[1],
        "openssl": said_by(["openssl", "version"]),
    }


def commit():
    here = pathlib.Path(__file__).resolve().parent
    done = subprocess.run(["git", "-C", str(here), "describe", "--always", "--dirty"], capture_output=True, text=True,
                          check=False)
    return done.stdout.strip() or "unknown"


def verification_times(seconds):
    """Microseconds of one verification by `openssl speed`, by JOSE algorithm."""
    times = {}
    for algorithm, name in OPENSSL_NAMES.items():
        said = said_by(["openssl", "speed", "-seconds", str(seconds), "-mr", name], timeout=seconds * 4 + 30)
        # The last column is verifications a second.
        lines = [line for line in said.splitlines() if re.match(r"\+F[246]:", line)]
        if lines:
            times[algorithm] = 1e6 / float(lines[-1].split(":")[-1])
    return times
