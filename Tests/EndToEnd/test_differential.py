"""What nginx, Apache httpd, gunicorn and Python's http.server understand, against what the proxy judged.

Thousands of requests that nobody should send (support/heads.py) go through the proxy, and once more straight to the
server behind it, which shows what the proxy has stopped. DIFFERENTIAL_CASES says how many for each server,
DIFFERENTIAL_SEED draws the same ones again, and DIFFERENTIAL_ONLY, a number, runs a single one.
"""

import collections
import concurrent.futures
import itertools
import os
import posixpath
import random
import re
import socket
import unittest
import urllib.parse

from support import heads, processes
from support.processes import PATIENCE
from support.proxy import Proxy, issuer
from support.readers import Apache, Gunicorn, HTTPServer, Nginx
from support.tokens import Signer, key_set

SEED = int(os.environ.get("DIFFERENTIAL_SEED") or random.randrange(1 << 32))
CASES = int(os.environ.get("DIFFERENTIAL_CASES") or 1200)
ONLY = os.environ.get("DIFFERENTIAL_ONLY")
# Straight to a server, which may wait for more of a request that has no more.
SHORT = 0.2

ROUTES = [
    {"id": "public", "path": "/public/{rest...}", "public": True},
    {"id": "healthz", "path": "/healthz", "public": True},
    {"id": "scoped", "path": "/v2/users/{id}", "scopes": ["read"]},
    {"id": "secret", "path": "/public/secret/{rest...}", "scopes": ["admin"]},
    {"id": "admin", "path": "/admin/{rest...}", "scopes": ["admin"]},
]
# What a token's holder may make a server say, besides what is public or nowhere.
MAY = {None: set(), "read": {"scoped"}, "admin": {"admin"}}


def place(path):
    """Where an application that takes `path` for what it is finds itself."""
    segments = path.split("/")
    if segments[1:2] == ["admin"] or segments[1:3] == ["public", "secret"]:
        return "admin"
    if segments[1:3] == ["v2", "users"] and len(segments) == 4 and segments[3]:
        return "scoped"
    return "public"


def stripped(path):
    return re.sub(";[^/]*", "", path)


def split(path):
    try:
        return urllib.parse.urlsplit(path).path
    except ValueError:
        return path


# What applications, and the libraries that they use, still do to the path that a server hands them.
HABITS = [
    posixpath.normpath, stripped, split, str.lower,
    lambda path: re.sub("/+", "/", path), lambda path: path.replace("\\", "/"),
]


def places(seen):
    """Every place that the server, or an application in it, may take the request to."""
    found = {seen.place} if seen.place else set()
    paths = set() if seen.path is None else {seen.path, *seen.paths}
    for order in itertools.chain([()], itertools.permutations(HABITS, 1), itertools.permutations(HABITS, 2)):
        for path in paths:
            for habit in order:
                path = habit(path)
            found.add(place(path))
    return found


def body_of(data):
    """The body of a request whose framing is beyond doubt, since the proxy has passed it on."""
    head, _, rest = data.lstrip(b"\r\n").partition(b"\r\n\r\n")
    fields = [line.partition(b":") for line in head.lower().split(b"\r\n")[1:]]
    if any(name == b"transfer-encoding" for name, _, _ in fields):
        body = b""
        while True:
            line, _, rest = rest.partition(b"\r\n")
            size = int(line.partition(b";")[0], 16)
            if not size:
                return body
            body, rest = body + rest[:size], rest[size + 2:]
    length = next((int(value) for name, _, value in fields if name == b"content-length"), 0)
    return rest[:length]


def converse(port, data, patience):
    """All that comes back, and whether the end came within the time."""
    with socket.create_connection(("127.0.0.1", port), timeout=patience) as connection:
        answer = b""
        try:
            connection.sendall(data)
            if patience == PATIENCE:
                connection.shutdown(socket.SHUT_WR)
            while piece := connection.recv(65536):
                answer += piece
        except TimeoutError:
            return answer, False
        except OSError:
            pass
        return answer, True


def echoes(answer):
    return [name.decode("latin-1") for name in re.findall(rb"(?i)\r\nX-Echo: *([^\r]*)\r\n", answer)]


def follow_up(case):
    return b"GET /public/after HTTP/1.1\r\nHost: api\r\nX-Case: after%d\r\nConnection: close\r\n\r\n" % case.number


class DifferentialTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        print(f"       DIFFERENTIAL_SEED={SEED}", flush=True)
        cls.signer = Signer()
        cls.tokens = {
            "read": cls.signer.token("read", sub="reader").encode(),
            "admin": cls.signer.token("admin", sub="root-of-all").encode(),
        }
        numbers = [int(ONLY)] if ONLY else range(CASES)
        cls.cases = [
            heads.simple(number, heads.TOKENS[number % 3], cls.tokens) if number % 20 == 0
            else heads.case(SEED, number, cls.tokens) for number in numbers]
        cls.by_id = {case.id: case for case in cls.cases}

    # MARK: - Through the proxy

    def check(self, make):
        reader = make()
        try:
            with Proxy(reader.url, issuer(key_set(self.signer)), routes=ROUTES, workers=1) as proxy:
                answers = self.send_all(proxy.port, PATIENCE)
        finally:
            every = reader.stop()
        wrong = []
        self.check_answers(answers, wrong)
        forwarded = self.check_seen(proxy.requests(), every, wrong)
        if wrong:
            shown = "\n".join(wrong[:8])
            self.fail(f"{reader.title}: {len(wrong)} of {len(self.cases)} cases, DIFFERENTIAL_SEED={SEED}\n{shown}")
        self.tell_what_was_stopped(make, forwarded)

    def send_all(self, port, patience):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            return list(pool.map(lambda case: converse(port, case.data + follow_up(case), patience), self.cases))

    def told(self, case, what):
        shown = re.sub(rb"Bearer eyJ[-._A-Za-z0-9]+", b"Bearer ...", case.data)[:600]
        return f"DIFFERENTIAL_ONLY={case.number} ({case.name}; token {case.token}): {what}\n    {shown!r}"

    def check_answers(self, answers, wrong):
        """On its connection a case gets its own answer, and the request behind it its own or none."""
        for case, (answer, ended) in zip(self.cases, answers):
            names = echoes(answer)
            after = f"after{case.number}"
            # In some cases another request is put before it.
            allowed = [
                before + own + behind
                for before in ([], ["first"]) for own in ([], [case.id]) for behind in ([], [after])]
            if not ended:
                wrong.append(self.told(case, "the connection was left open"))
            elif [name for name in names if name] not in allowed:
                wrong.append(self.told(case, f"answers of {names}"))
            # Whoever breaks off in the middle of a body gets none.
            elif case.name == "simple" and after not in names:
                wrong.append(self.told(case, f"a good request was not answered: {answer[:300]}"))

    def check_seen(self, log, every, wrong):
        """Each request of the server is one that the proxy let pass, as the proxy read it. The cases that were."""
        entries = {entry["request_id"]: entry for entry in log}
        counts = collections.Counter(seen.request_id for seen in every)
        forwarded, nameless = set(), 0
        for seen in every:
            if not seen.request_id and seen.status >= 400:
                # nginx does not read on when it does not like the first line, not even for its log.
                nameless += 1
                continue
            case = self.by_id.get(seen.case.replace("after", "case"))
            entry = entries.get(seen.request_id)
            if entry is None:
                wrong.append(f"the proxy knows nothing of {seen}")
                continue
            forwarded.add(seen.case)
            if counts[seen.request_id] > 1:
                wrong.append(f"{counts[seen.request_id]} requests for one: {seen}")
            for problem in self.problems(case, entry, seen):
                what = f"{problem}\n    {seen}\n    {entry}"
                wrong.append(self.told(case, what) if case else what)
        unseen = [entry for entry in log if "upstream_status" in entry and entry["request_id"] not in counts]
        wrong += [f"answered, but never seen: {entry}" for entry in unseen if entry["upstream_status"] < 400]
        if nameless > len(unseen):
            wrong.append(f"the server has refused {nameless} requests, and not for {len(unseen)} of the proxy's")
        return forwarded

    def problems(self, case, entry, seen):
        # Where `Connection` names the case's own field, it does not come.
        is_case = case is not None and seen.case == case.id
        if seen.method != entry["method"]:
            yield "another method"
        if seen.path is None or seen.status >= 400:
            # The server has refused it by itself.
            return
        subject = entry.get("subject", "")
        token = case.token if case else {"reader": "read", "root-of-all": "admin"}.get(subject)
        for found in places(seen) - MAY[token] - {"public", "other"}:
            yield f"a token of {token} got to {found}"
        if (seen.subject, seen.admin) != (subject, ""):
            yield "another caller"
        if is_case and "upstream_status" in entry and entry["status"] < 400:
            if seen.body is None:
                return
            if len(seen.body) != entry["request_bytes"]:
                yield f"{len(seen.body)} bytes of a body of {entry['request_bytes']}"
            elif seen.body != body_of(case.data + follow_up(case)):
                yield "another body"

    # MARK: - Without it

    def tell_what_was_stopped(self, make, forwarded):
        """The same cases straight to the server: what would have come of them."""
        if ONLY:
            return
        reader = make()
        try:
            self.send_all(reader.port, SHORT)
        finally:
            every = reader.stop()
        understood, doubled, misled = set(), set(), set()
        counts = collections.Counter()
        for seen in every:
            case = self.by_id.get(seen.case)
            if seen.case == "smuggled":
                doubled.add(len(doubled))
            if case is None or seen.path is None or seen.status >= 400:
                continue
            counts[seen.case] += 1
            understood.add(seen.case)
            raw = place(seen.target.partition("?")[0])
            if "admin" in places(seen) and raw != "admin":
                misled.add(seen.case)
        passed = {case.id for case in self.cases} & forwarded
        refused = len(self.cases) - len(passed)
        print(f"       {reader.title}: {len(self.cases)} cases, {len(passed)} forwarded, {refused} refused; "
              f"without the proxy {len(understood)} understood, {len(understood - passed)} of them refused by it, "
              f"{len(doubled)} smuggled requests, {len(misled)} that look harmless and end at admin", flush=True)

    def test_nginx(self):
        self.check(Nginx)

    def test_nginx_lenient(self):
        self.check(lambda: Nginx(lenient=True))

    def test_apache(self):
        self.check(Apache)

    def test_apache_lenient(self):
        self.check(lambda: Apache(lenient=True))

    def test_gunicorn(self):
        self.check(Gunicorn)

    def test_gunicorn_lenient(self):
        self.check(lambda: Gunicorn(lenient=True))

    def test_http_server(self):
        self.check(HTTPServer)
