"""Whether a proxy enforces what it is measured for: what it lets pass, and the status that it refuses with.

A peer that lets a bad token pass is still measured, since its cost is worth knowing; the report says what it lets pass.
"""

from . import tokens
from .exchange import request_head, status_of
from .programs import Failure
from .upstream import ANSWER_BYTES, REPORT_BYTES, UPLOAD_BYTES

USERS = "/v2/users/4711"


def check(instance, authority):
    """What the peer accepts and refuses, as a dictionary for the report; raises Failure if it does not even forward."""
    port, name = instance.port, instance.peer.name
    forwards(port, name, "GET", "/healthz", None, ANSWER_BYTES)
    algorithms = [algorithm for algorithm in tokens.ALGORITHMS if accepts(port, authority.token(algorithm))]
    if not algorithms:
        raise Failure(f"{name} accepts no valid token; see {instance.log}")
    token = authority.token(algorithms[0])
    forwards(port, name, "GET", "/v2/reports/4711", token, REPORT_BYTES)
    forwards(port, name, "POST", "/v2/uploads/4711", token, ANSWER_BYTES, body=b"x" * UPLOAD_BYTES)
    passes, unusual = {}, {}
    for case, algorithm, expected, request in refusals(authority, algorithms) if instance.peer.checks_tokens else ():
        status = status_of(port, request)[0]
        if status < 400:
            passes.setdefault(case, []).append(algorithm)
        elif status != expected:
            unusual.setdefault(f"{case}: {status}", []).append(algorithm)
    return {
        "algorithms": algorithms,
        "passes": described(passes, algorithms),
        "other_statuses": described(unusual, algorithms),
    }


def described(cases, algorithms):
    """The cases, with the algorithms of those that do not occur with all."""
    return [
        case if having == algorithms else f"{case} ({', '.join(having)})" for case, having in cases.items()
    ]


def forwards(port, name, method, path, token, length, body=None):
    request = request_head(method, path, token, length=None if body is None else len(body)) + (body or b"")
    status, received = status_of(port, request)
    if (status, received) != (200, length):
        raise Failure(f"{name} answers {method} {path} with {status} and {received} bytes")


def accepts(port, token):
    return status_of(port, request_head("GET", USERS, token))[0] == 200


def refusals(authority, algorithms):
    """(case, algorithm, status by RFC 6750, request) for everything that has to be refused."""
    for algorithm in algorithms:
        yield "no token", algorithm, 401, request_head("GET", USERS)
        for case, token in authority.bad_tokens(algorithm):
            yield case, algorithm, 401, request_head("GET", USERS, token)
        for case, token in authority.unscoped_tokens(algorithm):
            yield case, algorithm, 403, request_head("GET", USERS, token)
