"""Tables from a document of readings, for terminals and for Markdown."""

import dataclasses
import statistics


@dataclasses.dataclass(frozen=True)
class Table:
    title: str
    header: tuple
    rows: list
    note: str = ""

    def text(self):
        rows = [self.header, *self.rows]
        widths = [max(len(str(row[column])) for row in rows) for column in range(len(self.header))]
        lines = [self.title] + [
            "  ".join(str(cell).ljust(width) if column == 0 else str(cell).rjust(width)
                      for column, (cell, width) in enumerate(zip(row, widths))).rstrip() for row in rows
        ]
        return "\n".join(lines + ([self.note] if self.note else [])) + "\n"

    def markdown(self):
        rows = [self.header, ["---"] * len(self.header), *self.rows]
        lines = [f"### {self.title}", ""] + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
        return "\n".join(lines + (["", self.note] if self.note else [])) + "\n"


def of(document):
    """Everything but the goals."""
    shown = {"load": load_table, "handshakes": handshakes_table, "paced": paced_table, "start": start_table, "held": held_table,
             "grown": grown_table}
    tables = [peers_table(document)]
    for name, scenario in document["scenarios"].items():
        if document["readings"][name]:
            tables.append(shown[scenario["kind"]](document, name, scenario["title"]))
    return tables + [verification_table(document)]


def median(document, scenario, peer, key):
    """Of the rounds; None if it was not measured."""
    turns = document["readings"].get(scenario, {}).get(peer)
    return statistics.median(turn[key] for turn in turns) if turns else None


def ratio(document, dividend, divisor, key):
    """The median over the rounds that both (scenario, peer) took part in, so that each round is its own comparison."""
    ours, theirs = (
        {turn["round"]: turn[key] for turn in document["readings"].get(scenario, {}).get(peer, [])}
        for scenario, peer in (dividend, divisor)
    )
    both = [ours[number] / theirs[number] for number in ours if theirs.get(number)]
    return statistics.median(both) if both else None


def best_floor(document, scenario, key="cpu_us"):
    """The name of the cheaper of nginx and HAProxy as plain proxies, or None."""
    costs = {peer: median(document, scenario, peer, key) for peer in ("nginx", "HAProxy, plain")}
    measured = [peer for peer, cost in costs.items() if cost is not None]
    return min(measured, key=costs.get) if measured else None


def peers_table(document):
    rows = []
    for name, peer in document["peers"].items():
        found = peer["enforcement"]
        passing = "lets pass: " + ", ".join(found["passes"]) if found["passes"] else "all refused"
        checked = passing if peer["checks_tokens"] else "checks nothing"
        sizes = [mebibytes(peer[key]) for key in ("binary_bytes", "stripped_bytes", "with_modules_bytes")]
        algorithms = ", ".join(found["algorithms"]) if peer["checks_tokens"] else ""
        rows.append((name, peer["version"], *sizes, algorithms, checked, "; ".join(found["other_statuses"])))
    header = ("peer", "version", "binary MiB", "stripped", "with modules", "algorithms", "bad tokens", "other statuses")
    return Table("What was measured, and what it enforces", header, rows)


def load_table(document, scenario, title):
    floor = best_floor(document, scenario)
    rows = []
    for peer in document["readings"][scenario]:
        rows.append((
            peer, *cpu_cells(document, scenario, peer),
            f"{median(document, scenario, peer, 'requests_per_second'):,.0f}",
            f"{median(document, scenario, peer, 'p50_us') / 1000:.2f}",
            f"{median(document, scenario, peer, 'p99_us') / 1000:.2f}",
            *ratio_cells(document, scenario, peer, floor, "cpu_us"),
        ))
    header = ("", "CPU µs/req", "least-most", "user", "system", "req/s", "p50 ms", "p99 ms", "CPU / nginx",
              "CPU / best plain")
    return Table(title, header, rows)


def handshakes_table(document, scenario, title):
    floor = best_floor(document, scenario)
    rows = []
    for peer in document["readings"][scenario]:
        cost = median(document, scenario, peer, "cpu_us")
        rows.append((peer, *cpu_cells(document, scenario, peer), f"{1e6 / cost:,.0f}",
                     *ratio_cells(document, scenario, peer, floor, "cpu_us")))
    header = ("", "CPU µs/handshake", "least-most", "user", "system", "handshakes per CPU second", "CPU / nginx",
              "CPU / best plain")
    return Table(title, header, rows)


def paced_table(document, scenario, title):
    floor = best_floor(document, scenario, "p99_us")
    rows = []
    for peer in document["readings"][scenario]:
        keys = ("p50_us", "p90_us", "p99_us", "p999_us")
        latencies = [f"{median(document, scenario, peer, key):.0f}" for key in keys]
        rows.append((peer, *latencies, spread(document, scenario, peer, "p99_us", 0),
                     *cpu_cells(document, scenario, peer)[:1], *ratio_cells(document, scenario, peer, floor, "p99_us")))
    header = ("", "p50 µs", "p90 µs", "p99 µs", "p99.9 µs", "p99 least-most", "CPU µs/req", "p99 / nginx",
              "p99 / best plain")
    return Table(title, header, rows)


def start_table(document, scenario, title):
    rows = []
    for peer in document["readings"][scenario]:
        sizes = [f"{median(document, scenario, peer, key) / 1024:.1f}"
                 for key in ("rss_kib", "pss_kib", "private_dirty_kib")]
        rows.append((peer, f"{median(document, scenario, peer, 'start_ms'):.1f}",
                     spread(document, scenario, peer, "start_ms", 1), *sizes))
    return Table(title, ("", "start ms", "least-most", "resident MiB", "proportional", "private dirty"), rows)


def held_table(document, scenario, title):
    rows = []
    for peer in document["readings"][scenario]:
        rows.append((peer, *(f"{median(document, scenario, peer, f'{key}_bytes_per_connection') / 1024:.2f}"
                             for key in ("private_dirty", "rss"))))
    return Table(title, ("", "private dirty KiB per connection", "resident KiB per connection"), rows)


def grown_table(document, scenario, title):
    rows = [(peer, *(f"{median(document, scenario, peer, key) / 1024:.1f}" for key in ("rss_kib_before", "rss_kib_after")),
             f"{median(document, scenario, peer, 'growth'):.2f}") for peer in document["readings"][scenario]]
    return Table(title, ("", "resident MiB at first", "at last", "last / first"), rows)


def verification_table(document):
    rows = [(name, f"{time:.1f}") for name, time in document["verification_us"].items()]
    return Table("One verification by openssl speed", ("algorithm", "µs"), rows)


def cpu_cells(document, scenario, peer):
    return (
        f"{median(document, scenario, peer, 'cpu_us'):.2f}", spread(document, scenario, peer, "cpu_us", 1),
        f"{median(document, scenario, peer, 'user_us'):.2f}", f"{median(document, scenario, peer, 'system_us'):.2f}",
    )


def spread(document, scenario, peer, key, digits):
    values = [turn[key] for turn in document["readings"][scenario][peer]]
    return f"{min(values):.{digits}f}-{max(values):.{digits}f}"


def ratio_cells(document, scenario, peer, floor, key):
    ratios = [ratio(document, (scenario, peer), (scenario, other), key) for other in ("nginx", floor)]
    return tuple("" if found is None else f"{found:.2f}" for found in ratios)


def mebibytes(count):
    return "" if count is None else f"{count / 2**20:.1f}"


def in_short(reading):
    """One reading for the progress lines."""
    shown = {"cpu_us": "{:.1f} µs CPU", "requests_per_second": "{:,.0f} req/s", "p99_us": "p99 {:.0f} µs",
             "start_ms": "{:.1f} ms", "rss_kib": "{} KiB", "private_dirty_bytes_per_connection": "{:.0f} B/connection",
             "growth": "{:.2f} times the memory"}
    return ", ".join(text.format(reading[key]) for key, text in shown.items() if key in reading)
