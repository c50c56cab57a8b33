"""Choose the node for one pod: ranking, nominated pods, ties.

Mirrors: kube-scheduler v1.36 schedulePod: a pod's own nominated node is tried first, alone; nodes
that carry nominated pods of the same or higher priority are checked with those pods added, too.
Departs: equal scores go to the node that was added first (`lowest_index`) unless the profile says
`random`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.random import Generator

from simk8s.placement.base import Query
from simk8s.placement.diagnosis import failure_with_nominated, fits, rivals_of
from simk8s.placement.framework import Framework
from simk8s.placement.ranking import Ranking
from simk8s.placement.view import Overlay, View

__all__ = ["Choice", "Selector", "fits"]


class Choice(NamedTuple):
    """The best node, its score (None where none was needed), and how many nodes were feasible."""

    node: int
    score: int | None
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
        """The best feasible node, or None. Raises PluginError."""
        barred: list[int] = []
        if self.view.cluster.nominations:
            overlay = self.view.overlay()
            if self._own_nomination_holds(query, overlay):
                return Choice(query.nominated, None, 1)
            barred = [
                row
                for row, _ in rivals_of(query, self.view)
                if failure_with_nominated(self.framework, query, overlay, row) is not None
            ]
        ranked = self._ranking.rank(query, barred)
        if not ranked.feasible:
            return None
        total = ranked.total
        node = int(total.argmax())
        best = total.item(node)
        if self.framework.ties == "random":
            ties = np.flatnonzero(total == best)
            node = int(ties[self._draws.integers(len(ties))])
        return Choice(node, int(best) + ranked.constant, ranked.feasible)

    def _own_nomination_holds(self, query: Query, overlay: Overlay) -> bool:
        row = query.nominated
        if row < 0 or not self.view.nodes.exists[row]:
            return False
        return failure_with_nominated(self.framework, query, overlay, row) is None
