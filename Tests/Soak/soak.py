"""Everything at once, for as long as one likes: mixed traffic, reloads, rotations, restarts of the application.

Started by scripts/soak. Writes samples.jsonl and soak.svg, says what it found, and ends with 1 when anything was wrong.
"""

import argparse
import itertools
import json
import multiprocessing
import os
import pathlib
import queue
import random
import signal
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "EndToEnd")]

import plot  # noqa: E402
import sampling  # noqa: E402
import traffic  # noqa: E402
from support import processes, tokens, upstream  # noqa: E402
from support.caller import curl  # noqa: E402
from support.issuer import Issuer  # noqa: E402
from support.processes import BINARY, PATIENCE  # noqa: E402

API = tokens.AUDIENCE
# The two tables differ in one route.
VARIANTS = [{"path": "/v2/variant/{id}", "scopes": [scope]} for scope in ("profile:read", "admin")]
ROUTES = [
    {"methods": ["GET"], "path": "/v2/users/{id}", "scopes": ["profile:read"]},
    {"methods": ["POST"], "path": "/v2/users/{id}", "scopes": ["profile:create"]},
    {"path": "/public/{rest...}", "public": True},
]
NGINX = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    keepalive_requests 10000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location / {{ return 200 "$request_uri $http_x_auth_client_id\\n"; }}
    }}
}}
"""


class Application:
    """nginx, which can be stopped and started again."""

    def __init__(self):
        self.folder = processes.new_folder("application")
        self.port = processes.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        (self.folder / "nginx.conf").write_text(NGINX.format(folder=self.folder, port=self.port))
        self.start()

    def start(self):
        self.process = processes.start([
            processes.program("nginx"), "-p", self.folder, "-e", f"{self.folder}/error.log", "-c",
            f"{self.folder}/nginx.conf"])
        upstream.wait_until_connected(self.port, self.process)

    def stop(self):
        processes.end(self.process)


class Serve:
    """`scopeproxy serve` with its log in a file: it is too long for a pipe that a busy program reads."""

    def __init__(self, name, **settings):
        self.folder = processes.new_folder(name)
        self.file = self.folder / "routes.json"
        self.settings = {"listen": "127.0.0.1:0", "workers": 2, "log": {"format": "json", "sample": 0.001}} | settings
        self.write()
        self.log = self.folder / "log"
        with open(self.log, "wb") as log:
            self.process = processes.start([BINARY, "serve", "--config", self.file], stderr=log)
        listening = self.wait_for("listening")
        self.port = int(listening["address"].rpartition(":")[2])
        self.egress = listening.get("egress")

    def write(self, **changes):
        """Puts another configuration in the place of the one that there is, in one step."""
        self.settings |= changes
        new = self.file.with_suffix(".new")
        new.write_text(json.dumps(self.settings))
        new.replace(self.file)

    def size(self):
        return self.log.stat().st_size

    def wait_for(self, event, since=0):
        """The first entry of this event from that place of the log on."""
        deadline = time.monotonic() + PATIENCE
        with open(self.log, "rb") as log:
            log.seek(since)
            line = b""
            while time.monotonic() < deadline:
                line += log.readline()
                if not line.endswith(b"\n"):
                    time.sleep(0.01)
                    continue
                if f'"event":"{event}"'.encode() in line:
                    return json.loads(line)
                line = b""
        raise AssertionError(f"{event} is not in the log: {self.log.read_bytes()[-2000:]!r}")


class World:
    """The three roles, and a service that calls through its own proxy."""

    def __init__(self, weather):
        self.weather = weather
        self.application = Application()
        self.issuer = Issuer(tokens={"lifetime_seconds": 20, "max_lifetime_seconds": 20}, signing={
            "rotate_after_seconds": 3600, "publish_before_seconds": 3, "jwks_max_age_seconds": 1}).start()
        self.signer = tokens.Signer()
        self.secret = processes.new_folder("secret") / "secret"
        self.secret.write_text(self.issuer.add("daemon"))
        refresh = {"min_seconds": 1, "default_seconds": 1, "cooldown_seconds": 0}
        self.api = Serve("api", upstream=self.application.url, issuers=[
            {"issuer": tokens.ISSUER, "audiences": [API], "jwks": tokens.key_set(self.signer)},
            {"issuer": self.issuer.url, "audiences": [API], "key_refresh": refresh},
        ], routes=[*ROUTES, VARIANTS[0]])
        token = {"issuer": self.issuer.url, "client_id": "daemon", "client_secret": f"${{file:{self.secret}}}",
                 "audience": API, "scope": "profile:read"}
        self.service = Serve(
            "service", upstream=self.application.url,
            routes=[{"path": "/{rest...}", "public": True}], egress={"listen": "127.0.0.1:0", "targets": [
                {"id": "api", "host": "api.test", "upstream": f"http://127.0.0.1:{self.api.port}", "token": token}]})

    def cases(self):
        def many(count, scope, **changes):
            return [self.signer.token(scope, **changes) for _ in range(count)]

        later = int(time.time()) + 30 * 86400
        good = many(300, "profile:read profile:create", exp=later)
        expired = many(5, "profile:read", exp=int(time.time()) - 3600, iat=int(time.time()) - 7200)
        forged = [tokens.with_changed_signature(token) for token in good[:20]]
        case = traffic.Case
        return [
            case("read", "GET", "/v2/users/@ID@", 200, good), case("read", "GET", "/v2/users/@ID@?page=2", 200, good),
            case("read, one token", "GET", "/v2/users/@ID@", 200, good[:1]),
            case("create", "POST", "/v2/users/@ID@", 200, good, body="length"),
            case("create in chunks", "POST", "/v2/users/@ID@", 200, good, body="chunked"),
            case("public", "GET", "/public/@ID@", 200), case("variant", "GET", "/v2/variant/@ID@", (200, 403), good),
            case("no token", "GET", "/v2/users/@ID@", 401), case("expired", "GET", "/v2/users/@ID@", 401, expired),
            case("forged", "GET", "/v2/users/@ID@", 401, forged),
            case("scope", "POST", "/v2/users/@ID@", 403, many(20, "profile:read", exp=later), body="length"),
            case("no route", "GET", "/v3/@ID@", 404, good), case("method", "PUT", "/v2/users/@ID@", 405, good),
            # Public as it is sent, and not where it lands.
            case("two readings", "GET", "/public/%2e%2e/v2/users/@ID@", 401),
            case("two readings", "GET", "/public/%2e%2e/v2/users/@ID@", 200, good),
        ]

    def close(self):
        for process in (self.service.process, self.api.process):
            assert processes.end(process) == 0, "the proxy did not end in good order"
        assert self.issuer.stop() == 0
        self.application.stop()


class Changes:
    """What is done to the proxy while it serves, one thing after the other, each with its pause."""

    def __init__(self, world, sampler, wrong):
        self.world, self.sampler, self.wrong = world, sampler, wrong
        self.counts = {}
        self.stopping = threading.Event()
        self.threads = [
            threading.Thread(target=self._repeat, args=work, daemon=True) for work in [
                ("reload", 0.5, self.reload), ("secret", 7, self.rotate_secret), ("key", 11, self.rotate_key),
                ("application", 13, self.restart_application), ("call of the service", 0.05, self.call),
            ]]
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def _repeat(self, name, pause, work):
        while not self.stopping.wait(pause):
            try:
                work()
                self.counts[name] = self.counts.get(name, 0) + 1
                if pause > 1:
                    self.sampler.note(name)
            except (AssertionError, OSError, subprocess.SubprocessError) as problem:
                self.wrong.put(f"{time.strftime('%H:%M:%S')} {name}: {problem}")

    def reload(self):
        weather, api = self.world.weather, self.world.api
        table = 1 - weather.table.value
        since = api.size()
        weather.changing_since.value = time.time()
        api.write(routes=[*ROUTES, VARIANTS[table]])
        if random.random() < 0.5:
            api.process.send_signal(signal.SIGHUP)
        api.wait_for("reloaded", since)
        weather.table.value = table
        weather.settled_since.value = time.time()

    def rotate_secret(self):
        new = self.world.secret.with_suffix(".new")
        since = self.world.service.size()
        new.write_text(self.world.issuer.rotate("daemon", "--old-expires", "10s"))
        new.replace(self.world.secret)
        self.world.service.wait_for("token_obtained", since)

    def rotate_key(self):
        self.world.issuer.command("keys", "rotate")

    def restart_application(self):
        weather, application = self.world.weather, self.world.application
        weather.down_since.value = time.time()
        application.stop()
        application.start()
        weather.up_since.value = time.time()

    def call(self):
        began = time.time()
        answer = curl(self.world.service.egress + "/v2/users/7", "-H", "Host: api.test")
        if answer.status != 200 and not self.world.weather.may_be_down(began):
            self.wrong.put(f"{time.strftime('%H:%M:%S')} the service's call: {answer.status} {answer.body[:300]!r}")


class Findings:
    """What was wrong, and whether what was measured stays within its bounds."""

    def __init__(self, wrong):
        self.wrong = wrong
        self.texts = []

    def collect(self):
        with_bound = itertools.islice(iter(self._take, None), 1000)
        self.texts += with_bound

    def _take(self):
        try:
            return self.wrong.get(timeout=0.2)
        except queue.Empty:
            return None

    def require(self, holds, text):
        print(f"{'ok' if holds else 'WRONG':6} {text}")
        if not holds:
            self.texts.append(text)


def run(told):
    weather = traffic.Weather()
    world = World(weather)
    wrong = multiprocessing.Queue()
    answers = multiprocessing.Value("Q", 0)
    cases = world.cases()
    port = world.api.port
    good = cases[0].heads[0].replace("@ID@", "probe").encode()
    callers = [
        traffic.start(lambda draw: traffic.Caller(port, cases, weather, draw, wrong), answers, told.seed + number)
        for number in range(told.callers)
    ]
    callers.append(traffic.start(
        lambda draw: traffic.Nuisance(port, cases[0].heads[0].split("Bearer ")[1].split("\r")[0], weather, draw),
        answers, told.seed))
    sampler = sampling.Sampler(world.api.process, port, good, answers)
    changes = Changes(world, sampler, wrong)
    early = None
    while not is_done(told, sampler, answers):
        time.sleep(0.05)
        if early is None and answers.value >= 10_000:
            early = sampler.take()
        if any(process.exitcode not in (None, 0) for process in callers) or world.api.process.poll() is not None:
            wrong.put("a process ended before its time")
            break
    late = sampler.take()
    changes.stop()
    weather.stopping.set()
    findings = Findings(wrong)
    findings.collect()
    for process in callers:
        process.join(traffic.PATIENCE)
    findings.collect()
    sampler.stop()
    report(told, findings, sampler, changes, early, late)
    world.close()
    return 1 if findings.texts else 0


def is_done(told, sampler, answers):
    if told.requests:
        return answers.value >= told.requests
    return time.monotonic() - sampler.began >= told.seconds


def report(told, findings, sampler, changes, early, late):
    told.output.mkdir(parents=True, exist_ok=True)
    with open(told.output / "samples.jsonl", "w") as file:
        file.writelines(json.dumps(sample) + "\n" for sample in sampler.samples)
    plot.draw(sampler.samples, sampler.events, told.output / "soak.svg")
    for text in findings.texts[:20]:
        print("WRONG ", text)
    done = ", ".join(f"{count} × {name}" for name, count in sorted(changes.counts.items()))
    print(f"{late['answers']} answers in {late['seconds']:.0f} s; {done}")
    findings.require(not findings.texts, "every answer is the one that the table in force gives")
    findings.require(early is not None, "at least 10,000 requests were answered")
    if early:
        change = late["rss_kib"] / early["rss_kib"] - 1
        findings.require(
            abs(change) <= 0.1 or change < 0,
            f"resident memory: {early['rss_kib'] / 1024:.1f} MiB after {early['answers']} requests, "
            f"{late['rss_kib'] / 1024:.1f} MiB after {late['answers']} ({100 * change:+.1f} %, at most +10 %)")
    half = len(sampler.samples) // 2
    first, second = (max((s["descriptors"] for s in part), default=0)
                     for part in (sampler.samples[:half], sampler.samples[half:]))
    findings.require(second <= first + 64, f"descriptors: at most {first} in the first half, {second} in the second")
    print(f"{told.output}/soak.svg, {told.output}/samples.jsonl")


def main():
    parser = argparse.ArgumentParser(prog="scripts/soak", description=__doc__)
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--seconds", type=float, default=60)
    length.add_argument("--requests", type=int, help="until so many are answered, however long that takes")
    parser.add_argument("--callers", type=int, default=2, help="processes that send requests")
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4)))
    parser.add_argument("--output", type=pathlib.Path, default=pathlib.Path(".build/soak"))
    told = parser.parse_args()
    print(f"seed {told.seed}", flush=True)
    sys.exit(run(told))


if __name__ == "__main__":
    multiprocessing.set_start_method("fork")
    main()
