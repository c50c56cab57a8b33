"""Nodes that fell silent: from marks where there are any, else from what was seen of the nodes.

Law: a node whose Ready condition became Unknown had last renewed its lease before a certain pass
of the node monitor, a grace period earlier, and its kubelet stopped within a renewal's time of
that. Where no mark says that a node stopped, it stopped in the middle of that time.

Mirrors: node lifecycle controller v1.36 (monitor period and grace period of the header), kubelets
that renew every 10 s x (1 + 0..4 %). Departs: the monitor's passes have the simulation's phase, so
a node is noticed up to half a period earlier or later than it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from simk8s.api.leases import JITTER, RENEW_US
from simk8s.simulation.recording.actions import Action
from simk8s.simulation.recording.nodes import named

LONGEST_US = round(RENEW_US * (1 + JITTER))
SHOWN_US = 6_000
"""From a request until a watch shows its effect, unloaded."""


@dataclass(slots=True)
class Seen:
    """What a recording shows of its nodes."""

    zones: dict[str, str] = field(default_factory=dict)
    """Zone of each node, `""` if it has none."""
    lost: list[tuple[int, str]] = field(default_factory=list)
    """(when, node): the Ready condition became Unknown."""
    back: list[tuple[int, str]] = field(default_factory=list)
    """(when, node): and True again."""
    _unknown: set[str] = field(default_factory=set)  # looked up, never iterated

    def node(self, at_us: int, name: str, zone: str, ready: str) -> None:
        """A node as it is from now on; `ready` is the status of its condition."""
        self.zones[name] = zone
        if ready == "Unknown" and name not in self._unknown:
            self._unknown.add(name)
            self.lost.append((at_us, name))
        elif ready == "True" and name in self._unknown:
            self._unknown.discard(name)
            self.back.append((at_us, name))


def with_silences(
    actions: Iterable[Action], seen: Seen, period_us: int, grace_us: int
) -> list[Action]:
    """Actions with the renewals that they must have had, and those that no mark tells of."""
    found = list(actions)
    who = {
        place: frozenset(named(action.body or (), seen.zones))
        for place, action in enumerate(found)
        if action.verb in ("silence", "restore")
    }
    implied: list[Action] = []
    for at_us, name in seen.lost:
        last_us = _last_renewal_us(at_us, period_us, grace_us)
        places = [p for p, names in who.items() if name in names and found[p].at_us <= at_us]
        place = max(places, key=lambda p: found[p].at_us, default=None)
        if place is not None and found[place].verb == "silence":
            action = found[place]
            known_us = min(max(last_us, action.at_us - LONGEST_US), action.at_us)
            found[place] = replace(action, renewed_us={**action.renewed_us, name: known_us})
        else:
            stopped_us = last_us + LONGEST_US // 2
            implied.append(_implied("silence", stopped_us, name, {name: last_us}))
    for at_us, name in seen.back:
        lost_us = max((t for t, other in seen.lost if other == name and t < at_us), default=0)
        told = any(
            name in names and found[p].verb == "restore" and lost_us - grace_us < found[p].at_us
            for p, names in who.items()
        )
        if not told:
            implied.append(_implied("restore", max(0, at_us - SHOWN_US), name, {}))
    return sorted([*found, *implied], key=lambda action: action.at_us)


def _implied(verb: str, at_us: int, name: str, renewed_us: Mapping[str, int]) -> Action:
    at_us = max(0, at_us)
    return Action(at_us, verb, name, [name], at_us, implied=True, renewed_us=renewed_us)


def _last_renewal_us(noticed_us: int, period_us: int, grace_us: int) -> int:
    """A renewal that leads to the pass nearest to `noticed_us`: the middle of all such."""
    nearest_us = (noticed_us + period_us // 2) // period_us * period_us
    probed_us = (nearest_us - grace_us) // period_us * period_us
    return probed_us - period_us // 2
