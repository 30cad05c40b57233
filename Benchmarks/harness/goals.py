"""The goals of the project that this harness can read, and whether a run met them. It reports; it does not judge."""

import dataclasses

from .tables import Table, best_floor, median, ratio

BEST_OF_PLAIN = "the better of nginx and HAProxy"


@dataclasses.dataclass(frozen=True)
class Goal:
    figure: str
    limit: float
    unit: str
    reading: object
    """A function of the document and the name of our proxy; None if that was not measured."""
    least: bool = False
    """The limit is a lower bound."""

    def row(self, document, ours):
        """A row of the table, or None if that was not measured."""
        value = self.reading(document, ours)
        if value is None:
            return None
        met = value >= self.limit if self.least else value <= self.limit
        words = f"at {'least' if self.least else 'most'} {self.limit:g} {self.unit}"
        return self.figure, words, f"{value:.2f}", "met" if met else "missed"


def tables(document):
    """One for each of our binaries."""
    return [table(document, name) for name in document["peers"] if name.startswith("ScopeProxy")]


def table(document, ours):
    rows = [row for row in (goal.row(document, ours) for goal in GOALS) if row]
    notes = ["A short run is no reading."] if document["options"]["short"] else []
    if len(rows) < len(GOALS):
        notes.append(f"{len(GOALS) - len(rows)} goals were not measured in this run.")
    return Table(f"Goals: {ours}", ("figure", "goal", "reading", ""), rows, " ".join(notes))


def against(scenario, other, key="cpu_us"):
    return lambda document, ours: ratio(document, (scenario, ours), (scenario, other), key)


def against_itself(scenario, other, key="cpu_us"):
    return lambda document, ours: ratio(document, (scenario, ours), (other, ours), key)


def against_best_plain(scenario):
    return lambda document, ours: ratio(
        document, (scenario, ours), (scenario, best_floor(document, scenario)), "cpu_us")


def worst(*readings):
    def reading(document, ours):
        values = [value for value in (one(document, ours) for one in readings) if value is not None]
        return max(values, default=None)

    return reading


def least_of(*readings):
    def reading(document, ours):
        values = [value for value in (one(document, ours) for one in readings) if value is not None]
        return min(values, default=None)

    return reading


def per_cpu_second(scenario, other):
    """How many times as many as `other` makes in the same time of the processor."""
    return lambda document, ours: ratio(document, (scenario, other), (scenario, ours), "cpu_us")


def verifications(document, ours):
    """What a token that is not in the cache costs beyond the plain request, in verifications by openssl speed."""
    missed, plain = (median(document, name, ours, "cpu_us") for name in ("tokens-overflow", "public"))
    if missed is None or plain is None or "ES256" not in document["verification_us"]:
        return None
    return (missed - plain) / document["verification_us"]["ES256"]


def of_median(scenario, key, divisor):
    def reading(document, ours):
        value = median(document, scenario, ours, key)
        return None if value is None else value / divisor

    return reading


def stripped(document, ours):
    size = document["peers"][ours]["stripped_bytes"]
    return None if size is None else size / 2**20


ALGORITHMS = ("rs256", "es256", "eddsa")

GOALS = [
    Goal("CPU per request, public route", 0.75, "× nginx", against("public", "nginx")),
    Goal("CPU per request, one valid token, worst algorithm", 0.85, "× nginx, which checks nothing",
         worst(*(against(name, "nginx") for name in ALGORITHMS))),
    Goal("the same, RS256", 0.25, "× HAProxy", against("rs256", "HAProxy")),
    Goal("the same, ES256", 0.12, "× HAProxy", against("es256", "HAProxy")),
    Goal("the same, worst algorithm", 0.20, "× Envoy with its token cache",
         worst(*(against(name, "Envoy, token cache") for name in ALGORITHMS))),
    Goal("2,000 distinct tokens in rotation", 1.05, "× one token", against_itself("tokens-2000", "es256")),
    Goal("more tokens than the cache holds: beyond the plain request", 1.25, "× one ES256 verification (openssl speed)",
         verifications),
    Goal("no token", 1, "× HAProxy", against("no-token", "HAProxy")),
    Goal("missing scope, cached token", 0.6, "× a forwarded request", against_itself("scope-missing", "rs256")),
    Goal("connection per request", 0.95, f"× {BEST_OF_PLAIN}", against_best_plain("connections")),
    Goal("100 KiB response", 0.90, f"× {BEST_OF_PLAIN}", against_best_plain("response-100k")),
    Goal("1 MiB upload", 0.60, f"× {BEST_OF_PLAIN}", against_best_plain("upload-1m")),
    Goal("throughput, two workers", 1, "× nginx", against("two-workers", "nginx", key="requests_per_second"),
         least=True),
    Goal("p99 at 2,000 requests a second", 1, "× nginx", against("paced", "nginx", key="p99_us")),
    Goal("1,000 routes", 1.02, "× 10 routes", against_itself("routes-1000", "routes-10")),
    Goal("5,000 idle connections", 1.02, "× none", against_itself("idle-connections", "rs256")),
    Goal("2,000 slow heads: p99 of the others at 2,000 requests a second", 2, "× none",
         against_itself("slow-heads", "paced", key="p99_us")),
    Goal("TLS to callers: CPU per request", 0.95, "× nginx", against("tls", "nginx")),
    Goal("full TLS handshakes per CPU second, worst version", 0.9, "× nginx",
         least_of(*(per_cpu_second(name, "nginx") for name in ("tls-full", "tls-full-12"))), least=True),
    Goal("resumed TLS handshakes per CPU second, worst version", 0.9, "× nginx",
         least_of(*(per_cpu_second(name, "nginx") for name in ("tls-resumed", "tls-resumed-12"))), least=True),
    Goal("memory per idle TLS connection", 1, "× nginx",
         against("tls-held", "nginx", key="rss_bytes_per_connection")),
    Goal("resident memory at idle", 11, "MiB", of_median("start", "rss_kib", 1024)),
    Goal("memory per idle connection", 0.5, "KiB", of_median("held", "private_dirty_bytes_per_connection", 1024)),
    Goal("resident memory after 1,000,000 mixed requests", 1.1, "× after 10,000", of_median("grown", "growth", 1)),
    Goal("start to the first authorised answer", 20, "ms", of_median("start", "start_ms", 1)),
    Goal("binary, stripped", 12, "MiB", stripped),
]
