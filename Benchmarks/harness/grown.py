"""Memory after a few requests of every kind, and after very many."""

import contextlib

from .exchange import answer_of, connected, request_head
from .load import CONNECTIONS
from .programs import Failure


def grown(port, mixture, counts, resident):
    """What `resident` reads after the first so many requests, and after the second."""
    first, last = counts
    for requests in mixture:
        # Uploads as they will come later: how many buffers they fill at the same time is what counts.
        if requests.scenario.body_bytes:
            requests.wrk(port, 1)
        else:
            ask_all(port, requests, max(first // len(mixture), len(requests.tokens)))
    before = resident()
    sent = first
    while sent < last:
        for requests in mixture:
            sent += requests.wrk(port, 1)["requests"]
    return before, resident()


def ask_all(port, requests, count):
    """With as many connections as wrk has later, and with every token."""
    scenario, status = requests.scenario, None
    with contextlib.ExitStack() as stack:
        def fresh():
            return [stack.enter_context(connected(port, False)) for _ in range(CONNECTIONS)]

        connections = fresh()
        for number in range(0, count, CONNECTIONS):
            for place, connection in enumerate(connections):
                token = requests.tokens[(number + place) % len(requests.tokens)]
                path = scenario.paths[(number + place) % len(scenario.paths)]
                head = request_head(scenario.method, path, token, scenario.close)
                connection.sendall(head)
            for connection in connections:
                status = answer_of(connection)[0]
                if (status >= 400) != scenario.refused:
                    raise Failure(f"{scenario.name}: {status}")
            if scenario.close:
                connections = fresh()
