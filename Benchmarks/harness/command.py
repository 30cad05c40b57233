"""Benchmarks/run: checks the proxies, lets them take turns, and reports."""

import argparse
import contextlib
import json
import pathlib
import resource
import signal
import sys
import tempfile
import time

from . import enforcement, goals, machine, tables
from .certificates import Certificate
from .peers import apache, envoy, haproxy, nginx, scopeproxy
from .peers.peer import Site
from .plan import Plan
from .programs import Failure, program
from .scenarios import STANDARD, scenarios
from .tokens import Authority
from .turns import TOLERATED, Turns
from .upstream import upstream

ROOT = pathlib.Path(__file__).resolve().parents[2]
KINDS = ("nginx", "nginx-large", "haproxy-plain", "haproxy-large", "haproxy", "envoy", "envoy-cache", "apache",
         "scopeproxy")
FORMAT = 1


def main():
    options = arguments()
    # The proxies inherit it, and hold thousands of connections as we do.
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    # So that everything that was started is ended.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        document = measured(options)
    except Failure as failure:
        print(f"run: {failure}", file=sys.stderr)
        return 1
    for table in tables.of(document) + goals.tables(document):
        print(table.text())
    failed = [f"{failure['scenario']}, {failure['peer']}: {failure['reason']}" for failure in document["failures"]]
    for line in failed:
        print(f"failed: {line}", file=sys.stderr)
    return 1 if failed else 0


def arguments():
    parser = argparse.ArgumentParser(
        description="Measures ScopeProxy beside other proxies, which take turns. Benchmarks/README.md tells the rest.",
        prog="Benchmarks/run",
    )
    names = [scenario.name for scenario in scenarios(short=False)]
    parser.add_argument("--binary", action="append", metavar="[NAME=]PATH", default=[],
                        help="of scopeproxy, also several to compare; default: .build/release/scopeproxy")
    parser.add_argument("--scenarios", type=chosen(names), default=names, metavar="A,B", help=", ".join(names))
    parser.add_argument("--peers", type=chosen(KINDS), default=KINDS, metavar="A,B", help=", ".join(KINDS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rounds-of-others", type=int, default=3, help="of Envoy and Apache")
    parser.add_argument("--seconds", type=int, default=2, help="of one turn")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write all readings there")
    parser.add_argument("--short", action="store_true",
                        help="only that everything works, with the peers that are installed; not a reading")
    parser.add_argument("--envoy", metavar="PATH", help="default: installed into .build/envoy, unless --short")
    options = parser.parse_args()
    if options.short:
        options.rounds = options.rounds_of_others = options.seconds = 1
    options.warm_up = not options.short
    if not (1 <= options.rounds <= 100 and 0 <= options.rounds_of_others <= 100 and 1 <= options.seconds <= 60):
        parser.error("rounds 1 to 100, seconds 1 to 60")
    return options


def chosen(known):
    def parse(text):
        names = text.split(",")
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(f"{name} is none of {', '.join(known)}")
        return names

    return parse


def measured(options):
    """The document of all readings."""
    if not program("wrk"):
        raise Failure("wrk is not installed (apt-get install wrk)")
    wanted = [scenario for scenario in scenarios(options.short) if scenario.name in options.scenarios]
    plan = Plan(installed_peers(options), wanted, options)
    for line in plan.lines():
        say(line)
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="scopeproxy-bench-")))
        # For the users that nginx and Apache run their workers as.
        folder.chmod(0o755)
        authority = Authority()
        (folder / "keys.json").write_text(json.dumps(authority.key_set()))
        site = Site(folder, stack.enter_context(upstream(folder)), authority, Certificate(folder))
        document = new_document(plan, options)
        standing = started(plan, site, stack, document)
        take_all(plan, Turns(site, standing, wanted, options), document, options)
    return document


def installed_peers(options):
    """(kind, peer) of those that are wanted and there."""
    names = [binary.rpartition("=") for binary in options.binary or [str(ROOT / ".build/release/scopeproxy")]]
    ours = [("ScopeProxy" if len(names) == 1 else f"ScopeProxy {name or number}", path)
            for number, (name, _, path) in enumerate(names, 1)]
    known = [
        ("nginx", nginx.Nginx()), ("nginx-large", nginx.LargeNginx()), ("haproxy-plain", haproxy.PlainHAProxy()),
        ("haproxy-large", haproxy.LargeHAProxy()), ("haproxy", haproxy.HAProxy()),
    ]
    if {"envoy", "envoy-cache"} & set(options.peers):
        binary = envoy.found(options.envoy, ROOT / ".build/envoy", install=not options.short)
        known += [("envoy", envoy.Envoy(binary, cache=False)), ("envoy-cache", envoy.Envoy(binary, cache=True))]
    known += [("apache", apache.Apache())]
    known += [("scopeproxy", scopeproxy.ScopeProxy(name, binary)) for name, binary in ours]
    there = []
    for kind, peer in known:
        if kind in options.peers:
            missing = peer.missing()
            if missing and kind == "scopeproxy":
                raise Failure(f"there is no program {missing}; {peer.packages}")
            if missing:
                say(f"{peer.name} is left out: {missing} is not installed ({peer.packages})")
            else:
                there.append((kind, peer))
    return there


def new_document(plan, options):
    say("openssl speed")
    return {
        "format": FORMAT,
        "machine": machine.description(),
        "options": {"short": options.short, "rounds": options.rounds, "rounds_of_others": options.rounds_of_others,
                    "seconds": options.seconds},
        "scenarios": {scenario.name: {"title": scenario.title, "kind": scenario.kind} for scenario in plan.scenarios},
        "verification_us": machine.verification_times(1 if options.short else 3),
        "peers": {},
        "readings": {scenario.name: {} for scenario in plan.scenarios},
        "failures": [],
    }


def started(plan, site, stack, document):
    """The instances that stand while turns are taken, each peer checked for enforcing what it is measured for."""
    standing = {}
    for name, peer in plan.peers().items():
        say(f"checking {name}")
        try:
            instance = stack.enter_context(peer.instance(site, STANDARD))
            found = enforcement.check(instance, site.authority)
            standing[name, STANDARD.name] = instance
            document["peers"][name] = {
                "version": peer.version(), "checks_tokens": peer.checks_tokens, "enforcement": found, **peer.size(),
            }
        except TOLERATED as failure:
            note(document, "checking", name, failure)
            plan.without(name)
    for peer, setup in plan.instances():
        if setup != STANDARD:
            try:
                standing[peer.name, setup.name] = stack.enter_context(peer.instance(site, setup))
            except TOLERATED as failure:
                note(document, f"starting with {setup.name}", peer.name, failure)
    return standing


def take_all(plan, turns, document, options):
    begin = time.monotonic()
    if options.warm_up:
        say("warming up")
        for turn in plan.turns(0):
            with contextlib.suppress(*TOLERATED):
                turns.warm_up(turn)
    for number in range(plan.rounds):
        for turn in plan.turns(number):
            name = turn.scenario.name
            if not supports(document["peers"][turn.peer.name], turn.scenario):
                continue
            try:
                reading = {"round": number, **turns.take(turn)}
                document["readings"][name].setdefault(turn.peer.name, []).append(reading)
                say(f"[{time.monotonic() - begin:4.0f} s] round {number + 1}: {name:17} {turn.peer.name:20} "
                    f"{tables.in_short(reading)}")
            except TOLERATED as failure:
                note(document, name, turn.peer.name, failure)
        # What there is, should the rest be interrupted.
        if options.json:
            options.json.write_text(json.dumps(document, indent=1) + "\n")


def supports(described, scenario):
    return not scenario.tokens or scenario.algorithm in described["enforcement"]["algorithms"]


def note(document, scenario, peer, failure):
    reason = str(failure) or type(failure).__name__
    say(f"failed: {scenario}, {peer}: {reason}")
    document["failures"].append({"scenario": scenario, "peer": peer, "reason": reason})


def say(line):
    print(line, file=sys.stderr, flush=True)
