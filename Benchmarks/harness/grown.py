"""Memory after a few requests of every kind, and after very many."""

import contextlib

from .exchange import answer_of, connected, request_head
from .load import CONNECTIONS
from .programs import Failure


def grown(port, mixture, counts, resident):
    """What `resident` reads after the first so many requests, and after the second."""
    first, last = counts
    for requests in mixture:
        ask_all(port, requests, first // len(mixture))
    before = resident()
    sent = first
    while sent < last:
        for requests in mixture:
            sent += requests.wrk(port, 1)["requests"]
    return before, resident()


def ask_all(port, requests, count):
    """With as many connections as wrk has later, and with every token."""
    scenario = requests.scenario
    body = b"x" * scenario.body_bytes
    # Large ones take their memory at once.
    count = min(count, 4 * CONNECTIONS) if body else count
    status = None
    with contextlib.ExitStack() as stack:
        def fresh():
            return [stack.enter_context(connected(port, False)) for _ in range(CONNECTIONS)]

        connections = fresh()
        for number in range(0, count, CONNECTIONS):
            for place, connection in enumerate(connections):
                token = requests.tokens[(number + place) % len(requests.tokens)]
                path = scenario.paths[(number + place) % len(scenario.paths)]
                head = request_head(scenario.method, path, token, scenario.close, len(body) or None)
                connection.sendall(head + body)
            for connection in connections:
                status = answer_of(connection)[0]
                if (status >= 400) != scenario.refused:
                    raise Failure(f"{scenario.name}: {status}")
            if scenario.close:
                connections = fresh()
