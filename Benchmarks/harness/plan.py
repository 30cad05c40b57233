"""Which turns are taken: for each round, which scenarios by which proxies."""

import dataclasses

from .peers.peer import Peer
from .scenarios import ENVOYS, Scenario

# Far from the goals, so that fewer rounds tell enough.
FEWER_ROUNDS = (*ENVOYS, "apache")


@dataclasses.dataclass(frozen=True)
class Turn:
    scenario: Scenario
    peer: Peer


class Plan:
    def __init__(self, peers, scenarios, options):
        """`peers` are pairs of a kind, as scenarios name it, and a peer of that kind."""
        self._kinds = {peer.name: kind for kind, peer in peers}
        self._peers = [peer for _, peer in peers]
        self.scenarios, self.options = scenarios, options
        self.rounds = max(options.rounds, options.rounds_of_others)

    def turns(self, number):
        """All turns of a round. Every round visits every scenario, so that a drift of the machine meets all alike."""
        for scenario in self.scenarios:
            taking = [peer for peer in self._peers if self._takes(scenario, peer, number)]
            # Who begins changes, so that nobody always runs behind the same other.
            first = number % len(taking) if taking else 0
            for peer in taking[first:] + taking[:first]:
                yield Turn(scenario, peer)

    def peers(self):
        """Those that take turns at all, by name, in the order of the tables."""
        taking = {turn.peer.name for turn in self.turns(0)}
        return {peer.name: peer for peer in self._peers if peer.name in taking}

    def instances(self):
        """(peer, setup) of everything that has to stand while turns are taken."""
        seen = {}
        for turn in self.turns(0):
            if turn.scenario.kind in ("load", "handshakes", "paced"):
                seen[turn.peer.name, turn.scenario.setup.name] = (turn.peer, turn.scenario.setup)
        return list(seen.values())

    def without(self, name):
        """Takes a peer out that cannot be measured."""
        self._peers = [peer for peer in self._peers if peer.name != name]

    def seconds(self):
        """About how long it takes."""
        return sum(self._seconds(turn) for number in range(self.rounds) for turn in self.turns(number)) + sum(
            1.3 for turn in self.turns(0) if turn.scenario.kind == "load" and self.options.warm_up)

    def lines(self):
        """The plan in words."""
        options = self.options
        yield (f"{options.rounds} rounds ({options.rounds_of_others} of Envoy and Apache), "
               f"turns of {options.seconds} s; about {self.seconds() / 60:.0f} minutes")
        for scenario in self.scenarios:
            names = [peer.name for peer in self._peers if self._takes(scenario, peer, 0)]
            yield f"  {scenario.name:17} {scenario.title}: {'; '.join(names) or 'nobody'}"

    def _takes(self, scenario, peer, number):
        kind = self._kinds[peer.name]
        if kind not in scenario.peers:
            return False
        if scenario.kind in ("held", "grown") and number > (scenario.kind == "held"):
            # Memory does not vary; connecting, and a million requests, take time.
            return False
        if self.options.short and kind != "scopeproxy":
            # Every proxy, and every kind of scenario, but not every pair.
            return scenario.name in ("rs256", "start", "held")
        return number < (self.options.rounds_of_others if kind in FEWER_ROUNDS else self.options.rounds)

    def _seconds(self, turn):
        connecting = (turn.scenario.idle + turn.scenario.slow) / 5_000
        return {"load": self.options.seconds + 0.3, "handshakes": self.options.seconds + 0.1, "paced": self.options.seconds + 1.3, "start": 0.6,
                "held": 1, "grown": 70}[turn.scenario.kind] + connecting
