"""What the kernel counted for a process and all below it: CPU time and memory."""

import contextlib
import os
import pathlib

from .programs import family

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class CPUTime:
    """The total in nanoseconds, and the split into user and system in ticks.

    schedstat has the time that each thread ran in nanoseconds, but no split; stat has the split, in ticks of 10 ms.
    A thread that ends takes its schedstat along, but stays in its process's stat: the larger of the two counts.
    """

    def __init__(self, nanoseconds, user_ticks, system_ticks):
        self.nanoseconds, self.user_ticks, self.system_ticks = nanoseconds, user_ticks, system_ticks

    @classmethod
    def of(cls, pid):
        nanoseconds = user = system = 0
        for member, _ in family(pid):
            fields = pathlib.Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
            user += int(fields[11])
            system += int(fields[12])
            for task in pathlib.Path(f"/proc/{member}/task").iterdir():
                with contextlib.suppress(OSError):
                    nanoseconds += int((task / "schedstat").read_text().split()[0])
        return cls(nanoseconds, user, system)

    def since(self, before):
        return CPUTime(
            self.nanoseconds - before.nanoseconds,
            self.user_ticks - before.user_ticks,
            self.system_ticks - before.system_ticks,
        )

    def per_request(self, requests):
        """Microseconds: all, and the shares of the program and of the kernel."""
        ticks = self.user_ticks + self.system_ticks
        by_ticks = ticks / TICKS_PER_SECOND * 1e9
        lost_threads = by_ticks - self.nanoseconds > 0.05 * by_ticks + 5e7
        total = (by_ticks if lost_threads else self.nanoseconds) / 1000 / requests
        user = total * self.user_ticks / ticks if ticks else 0.0
        return {"cpu_us": total, "user_us": user, "system_us": total - user}


def memory(pid):
    """KiB: resident, the proportional share of it, and what is this family's own and written to."""
    sums = {"Rss": 0, "Pss": 0, "Private_Dirty": 0}
    for member, _ in family(pid):
        for line in pathlib.Path(f"/proc/{member}/smaps_rollup").read_text().splitlines():
            name, _, value = line.partition(":")
            if name in sums:
                sums[name] += int(value.split()[0])
    return {"rss_kib": sums["Rss"], "pss_kib": sums["Pss"], "private_dirty_kib": sums["Private_Dirty"]}
