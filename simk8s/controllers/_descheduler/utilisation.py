"""LowNodeUtilization and HighNodeUtilization: move pods to where there is room, or together.

Law: utilisation is what pods request, of what is allocatable. Low: nothing is taken from a node at
or below its target, and no more in all than the nodes below the thresholds can take up to theirs.
High: no more than the other nodes have free.

Mirrors: sigs.k8s.io/descheduler v0.34 plugins/nodeutilization. Departs: actual utilisation
(metricsUtilization) and extended resources are not looked at; nodes of equal usage in order of
their rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from simk8s.controllers._descheduler.round import Round
from simk8s.controllers._descheduler_params import (
    HighNodeUtilization,
    LowNodeUtilization,
    Thresholds,
)
from simk8s.state.resources import CPU, MEMORY, PODS

ROWS = (CPU, MEMORY, PODS)
Amounts = list[int]
"""Of cpu, memory and pods."""


@dataclass(slots=True)
class Usage:
    """A node, what its pods request, and its bounds."""

    node: int
    used: Amounts
    low: Amounts
    high: Amounts

    @property
    def below(self) -> bool:
        """At or under every low bound."""
        return all(used <= low for used, low in zip(self.used, self.low, strict=True))

    @property
    def above(self) -> bool:
        """Over a high bound."""
        return any(used > high for used, high in zip(self.used, self.high, strict=True))


def asked(turn: Round, pod: int) -> Amounts:
    """What a pod requests."""
    values = turn.cluster.requests_of(pod).values
    return [values[CPU], values[MEMORY], 1]


def used_on(turn: Round, node: int) -> Amounts:
    """What the pods of a node request."""
    total = [0, 0, 0]
    for pod in turn.on(node):
        for place, amount in enumerate(asked(turn, pod)):
            total[place] += amount
    return total


def _percents(bounds: Thresholds, otherwise: float) -> list[float]:
    given = (bounds.cpu, bounds.memory, bounds.pods)
    return [otherwise if one is None else one for one in given]


def _bound(whole: int, percent: float) -> int:
    return int(min(max(percent, 0.0), 100.0) * 0.01 * whole)


def usages(
    turn: Round, low: list[float], high: list[float], *, deviation: bool = False
) -> list[Usage]:
    """Every ready node with its bounds."""
    allocatable = turn.cluster.nodes.allocatable
    whole = {node: [int(allocatable[row, node]) for row in ROWS] for node in turn.nodes}
    used = {node: used_on(turn, node) for node in turn.nodes}
    found = []
    for node in turn.nodes:
        bounds = [
            [_bound(w, p) for w, p in zip(whole[node], percents, strict=True)]
            for percents in (low, high)
        ]
        if deviation:
            bounds = _around_the_mean(whole, used, node, low, high)
        found.append(Usage(node, used[node], *bounds))
    return found


def _around_the_mean(
    whole: dict[int, Amounts],
    used: dict[int, Amounts],
    node: int,
    low: list[float],
    high: list[float],
) -> list[Amounts]:
    means = [
        sum(100.0 * used[n][place] / max(whole[n][place], 1) for n in whole) / len(whole)
        for place in range(len(ROWS))
    ]
    bounds: list[Amounts] = [[], []]
    for place, mean in enumerate(means):
        all_of_it = whole[node][place]
        if not low[place]:  # not asked for
            bounds[0].append(all_of_it)
            bounds[1].append(all_of_it)
        else:
            bounds[0].append(_bound(all_of_it, mean - low[place]))
            bounds[1].append(_bound(all_of_it, mean + high[place]))
    return bounds


def low_utilisation(turn: Round, params: LowNodeUtilization) -> None:
    """From the full to the empty."""
    otherwise = 0.0 if params.use_deviation_thresholds else 100.0
    low = _percents(params.thresholds, otherwise)
    high = _percents(params.target_thresholds, otherwise)
    found = usages(turn, low, high, deviation=params.use_deviation_thresholds)
    under = [one for one in found if one.below and not turn.spec(one.node).unschedulable]
    over = [one for one in found if one not in under and one.above]
    if len(under) <= params.number_of_nodes or len(under) == len(found) or not over:
        return
    over.sort(key=lambda one: -sum(one.used))

    def go_on(source: Usage, room: Amounts) -> bool:
        return source.above and min(room) > 0

    _move(turn, over, under, go_on, "LowNodeUtilization")


def high_utilisation(turn: Round, params: HighNodeUtilization) -> None:
    """From the nearly empty to all others."""
    low, high = _percents(params.thresholds, 100.0), [100.0] * len(ROWS)
    found = usages(turn, low, high)
    under = [one for one in found if one.below]
    rest = [one for one in found if not one.below and not turn.spec(one.node).unschedulable]
    if len(under) <= params.number_of_nodes or not rest:
        return
    under.sort(key=lambda one: sum(one.used))
    _move(turn, under, rest, lambda _, room: min(room) > 0, "HighNodeUtilization")


def _move(
    turn: Round,
    sources: Sequence[Usage],
    targets: Sequence[Usage],
    go_on: Callable[[Usage, Amounts], bool],
    policy: str,
) -> None:
    room = [sum(one.high[place] - one.used[place] for one in targets) for place in range(len(ROWS))]
    taints = [turn.spec(one.node).taints for one in targets]
    for source in sources:
        removable = [pod for pod in turn.on(source.node) if turn.evictable(pod)]
        for pod in turn.by_priority(removable):
            if not go_on(source, room):
                break
            template = turn.template(pod)
            if not any(turn.tolerates(template, one) for one in taints):
                continue
            if turn.leavable(pod) and turn.evict(pod, policy):
                for place, amount in enumerate(asked(turn, pod)):
                    source.used[place] -= amount
                    room[place] -= amount
