"""Allocator calls per request, counted by a library that the proxy preloads."""

import itertools
import math
import mmap
import os
import pathlib
import shutil
import struct
import subprocess

from . import conversation, proxy

NAME = "allocations"
UNIT = "allocator calls per request"
REQUESTS = 10_000
# For what happens once in a while whatever the requests are: another thread's work, a queue that doubles, more requests
# at once than there had been in the warm-up. Seen: up to 20 calls in all, and 119 with 256 connections. Allowed: 2,000,
# where an allocation that belongs to a request makes ten thousand.
ALLOWANCE = 0.2
SOURCE = pathlib.Path(__file__).with_name("allocations.c")


def threshold(count):
    """As many whole calls as every request makes, and the allowance."""
    return math.ceil(count - ALLOWANCE) + ALLOWANCE


class Counter:
    def __init__(self, folder, binary):
        self.folder, self.binary = folder, binary
        self.library = pathlib.Path(folder) / "allocations.so"
        compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
        if compiler is None:
            raise SystemExit("needs a C compiler (apt: gcc)")
        subprocess.run(
            [compiler, "-std=gnu11", "-O2", "-Wall", "-Werror", "-fPIC", "-shared", "-o", self.library, SOURCE],
            check=True)

    def count(self, scenario, upstream, tokens, key_set):
        shared = pathlib.Path(self.folder) / "counts"
        shared.write_bytes(bytes(mmap.PAGESIZE))
        environment = {**os.environ, "LD_PRELOAD": str(self.library), "ALLOCATION_COUNTS": str(shared)}
        with open(shared, "r+b") as file, mmap.mmap(file.fileno(), mmap.PAGESIZE) as counts, proxy.running(
                self.folder, self.binary, upstream, key_set, scenario.log, environment=environment) as (_, port):
            if read(counts) == 0:
                raise SystemExit("the library that counts was not loaded")
            caller = conversation.Caller(port, scenario.connections)
            requests = scenario.requests(tokens)
            caller.ask(itertools.islice(requests, scenario.warm_up), scenario.status)
            before = read(counts)
            caller.ask(itertools.islice(requests, REQUESTS), scenario.status)
            after = read(counts)
            caller.close()
            return (after - before) / REQUESTS


def read(counts):
    return struct.unpack_from("=L" if struct.calcsize("L") == 4 else "=Q", counts)[0]
