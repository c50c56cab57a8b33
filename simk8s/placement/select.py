"""Choose the node for one pod: ranking, nominated pods, ties.

Mirrors: kube-scheduler v1.36 schedulePod: nodes that carry nominated pods of the same or higher
priority are checked with those pods added, too. Departs: a pod's own nominated node gets no first
try of its own; equal scores go to the node that was added first (`lowest_index`) unless the
profile says `random`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from simk8s.placement.base import Query
from simk8s.placement.framework import Framework
from simk8s.placement.ranking import Floats, Ranking
from simk8s.placement.view import View


class Choice(NamedTuple):
    """The best node, its score, and how many nodes were feasible."""

    node: int
    score: int
    feasible: int


class Selector:
    """Chooses nodes for one framework over one view. `draws` is used by ties `random` alone."""

    def __init__(
        self, framework: Framework, view: View, draws: Generator, *, incremental: bool = True
    ) -> None:
        self.framework = framework
        self.view = view
        self._draws = draws
        self._ranking = Ranking(framework, view, incremental=incremental)

    def select(self, query: Query) -> Choice | None:
        """The best feasible node, or None."""
        ranked = self._ranking.rank(query)
        if not ranked.feasible:
            return None
        total, feasible = ranked.total, ranked.feasible
        if self.view.cluster.nominations:
            total, taken = self._less_nominated(query, total)
            feasible -= taken
            if not feasible:
                return None
        node = int(total.argmax())
        best = total.item(node)
        if self.framework.ties == "random":
            ties = np.flatnonzero(total == best)
            node = int(ties[self._draws.integers(len(ties))])
        return Choice(node, int(best) + ranked.constant, feasible)

    def _less_nominated(self, query: Query, total: Floats) -> tuple[Floats, int]:
        """Totals with −1 on nodes that are full once the pods nominated to them are counted."""
        cluster, taken = self.view.cluster, 0
        for node, pods in cluster.nominations.items():
            rivals = [
                p for p in pods if p != query.pod and cluster.pods.priority[p] >= query.priority
            ]
            if rivals and total[node] >= 0.0 and not self._fits_beside(query, node, rivals):
                total = total.copy() if not taken else total
                total[node] = -1.0
                taken += 1
        return total, taken

    def _fits_beside(self, query: Query, node: int, rivals: list[int]) -> bool:
        view = self.view.overlay()
        for pod in rivals:
            devices = view.nodes.choose_devices(node, view.cluster.requests_of(pod))
            if devices is None:
                return False
            view.add(pod, node, devices)
        return fits(self.framework, query, view, node)


def fits(framework: Framework, query: Query, view: View, node: int) -> bool:
    """Whether the pod passes every filter on one node."""
    if not view.nodes.exists[node]:
        return False
    return all(
        plugin.key(query) is None or not plugin.filter_one(query, view, node)
        for plugin in framework.filters
    )
