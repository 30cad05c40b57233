"""What is measured: the requests, the instance that gets them, and which proxies take part."""

import dataclasses

from .peers.peer import Setup
from .upstream import UPLOAD_BYTES

FLOORS = ("nginx", "haproxy-plain")
LARGE_BUFFERS = ("nginx-large", "haproxy-large")
ENVOYS = ("envoy", "envoy-cache")
OURS = ("scopeproxy",)
EVERYBODY = FLOORS + ("haproxy",) + ENVOYS + ("apache",) + OURS

# Requests after which memory is read, in a short run and in a whole one; and the scenarios that they are taken from.
MIXED = ((2_000, 20_000), (10_000, 1_000_000))
MIXTURE = ("public", "tokens-2000", "rs256", "no-token", "scope-missing", "connections", "response-100k", "upload-1m")

STANDARD = Setup()
# A cache that has seen too many tokens would have to be filled again for the scenarios that expect a full one.
OVERFLOW = Setup("overflow")
TWO_WORKERS = Setup("two-workers", workers=2)
TLS = Setup("tls", tls=True)


@dataclasses.dataclass(frozen=True)
class Scenario:
    name: str
    title: str
    peers: tuple
    kind: str = "load"
    """load: closed loop at full speed; handshakes: of TLS, one after the other; paced: fixed rate; start: fresh
    processes; held: memory of idle connections; grown: memory after many requests of all kinds."""
    setup: Setup = STANDARD
    method: str = "GET"
    paths: tuple = ("/v2/users/4711",)
    algorithm: str = "RS256"
    tokens: int = 1
    scope: str | None = None
    """Instead of the usual scopes."""
    refused: bool = False
    close: bool = False
    body_bytes: int = 0
    resumes: bool = False
    """Handshakes resume a session."""
    tls_version: str = "1.3"
    idle: int = 0
    """Connections that are held, without a request, meanwhile."""
    slow: int = 0
    """Connections whose heads come byte by byte meanwhile, and never to an end."""


def scenarios(short):
    """All of them, in the order in which they are measured; those that are compared closely are neighbours.

    A short run sends the same requests, but has fewer tokens and idle connections to prepare.
    """
    few, many, idle, slow = (20, 60, 100, 40) if short else (2_000, 12_000, 5_000, 2_000)
    return [
        Scenario("public", "public route, no token", FLOORS + ("haproxy", "envoy", "apache") + OURS,
                 paths=("/healthz",), tokens=0),
        Scenario("es256", "one ES256 token and its scope", ("nginx", "haproxy", *ENVOYS, "apache", *OURS),
                 algorithm="ES256"),
        Scenario("tokens-2000", f"{few:,} distinct ES256 tokens in rotation",
                 ("nginx", "haproxy", "envoy-cache", "apache", *OURS), algorithm="ES256", tokens=few),
        Scenario("tokens-overflow", f"more tokens than the cache holds: {many:,} ES256 tokens in rotation",
                 ("nginx", "haproxy", *ENVOYS, *OURS), setup=OVERFLOW, algorithm="ES256", tokens=many),
        Scenario("eddsa", "one EdDSA token and its scope", ("nginx", *ENVOYS, *OURS), algorithm="EdDSA"),
        Scenario("rs256", "one RS256 token and its scope", EVERYBODY),
        Scenario("idle-connections", f"the same, beside {idle:,} idle connections", FLOORS + OURS, idle=idle),
        routes(10),
        routes(1_000),
        Scenario("no-token", "refused: no token", ("haproxy", "envoy", "apache", *OURS), tokens=0, refused=True),
        Scenario("scope-missing", "refused: valid RS256 token without the scope",
                 ("haproxy", *ENVOYS, "apache", *OURS), scope="profile:create", refused=True),
        Scenario("connections", "a connection for each request, one RS256 token",
                 FLOORS + ("haproxy", "envoy-cache") + OURS, close=True),
        Scenario("response-100k", "response of 100 KiB, one RS256 token", FLOORS + LARGE_BUFFERS + ("envoy-cache",) + OURS,
                 paths=("/v2/reports/4711",)),
        Scenario("upload-1m", "upload of 1 MiB, one RS256 token", FLOORS + LARGE_BUFFERS + ("envoy-cache",) + OURS,
                 method="POST", paths=("/v2/uploads/4711",), body_bytes=UPLOAD_BYTES),
        Scenario("two-workers", "two workers, one RS256 token", FLOORS + ("haproxy", "envoy-cache") + OURS,
                 setup=TWO_WORKERS),
        Scenario("tls", "TLS to callers, one RS256 token", FLOORS + OURS, setup=TLS),
        Scenario("tls-full", "full handshakes, TLS 1.3", FLOORS + OURS, kind="handshakes", setup=TLS),
        Scenario("tls-full-12", "full handshakes, TLS 1.2", FLOORS + OURS, kind="handshakes", setup=TLS,
                 tls_version="1.2"),
        Scenario("tls-resumed", "resumed handshakes, TLS 1.3", FLOORS + OURS, kind="handshakes", setup=TLS,
                 resumes=True),
        Scenario("tls-resumed-12", "resumed handshakes, TLS 1.2", FLOORS + OURS, kind="handshakes", setup=TLS,
                 resumes=True, tls_version="1.2"),
        Scenario("paced", "2,000 requests a second, one RS256 token", EVERYBODY, kind="paced"),
        Scenario("slow-heads", f"the same, beside {slow:,} connections whose heads come byte by byte", FLOORS + OURS,
                 kind="paced", slow=slow),
        Scenario("start", "start to the first authorised answer, and memory at idle", EVERYBODY, kind="start"),
        Scenario("held", f"memory of {idle:,} idle connections that have had one answer each", EVERYBODY, kind="held",
                 idle=idle),
        Scenario("grown", f"memory after {MIXED[not short][1]:,} mixed requests beside that after {MIXED[not short][0]:,}", OURS,
                 kind="grown"),
        Scenario("tls-held", f"memory of {idle // 5:,} idle TLS connections that have had one answer each",
                 FLOORS + OURS, kind="held", setup=TLS, idle=idle // 5),
    ]


def routes(count):
    return Scenario(
        f"routes-{count}", f"{count:,} routes, asked in turn, one RS256 token", ("nginx", *OURS),
        setup=Setup(f"{count}-routes", routes=count),
        paths=tuple(f"/v2/things{number}/4711" for number in range(count)),
    )
