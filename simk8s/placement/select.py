"""Choose the node for one pod: nominated nodes, how far to look, ranking, ties.

Mirrors: kube-scheduler v1.36 schedulePod: a pod's own nominated node is tried first, alone; nodes
that carry nominated pods of the same or higher priority are checked with those pods added, too;
of the others as many are looked at as percentageOfNodesToScore says; equal totals are broken by
the rule of the profile (see `ties`).
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from simk8s.placement.base import Query, Scope
from simk8s.placement.diagnosis import failure_with_nominated, fits, rivals_of
from simk8s.placement.entries import Numbers
from simk8s.placement.express import Express
from simk8s.placement.framework import Framework
from simk8s.placement.ranking import BYTE_BUDGET, Ranking
from simk8s.placement.sampling import SMALL, Sampled, Sampling, array_of
from simk8s.placement.search import Choice, Search, nodes_to_find
from simk8s.placement.ties import AS_V1_36, LOWEST_NAME, RANDOM, HeapOrder, Names
from simk8s.placement.view import Overlay, View

__all__ = ["Choice", "Selector", "fits"]

Rows = NDArray[np.intp]
Kept = tuple[Rows | slice, Numbers, int]
"""Rows in the order in which they were found, and their totals times a number, that number."""


class Selector:
    """Chooses nodes for one framework over one view. `draws` is used by ties `random` alone;
    `search` is shared by the profiles of one scheduler.
    """

    def __init__(
        self,
        framework: Framework,
        view: View,
        draws: Generator,
        *,
        incremental: bool = True,
        search: Search | None = None,
        budget: int = BYTE_BUDGET,
    ) -> None:
        self.framework = framework
        self.view = view
        self.evaluated = 0
        """Nodes that the last `select` looked at."""
        self.keeps = False
        """Whether to leave in `kept` what the last search had to choose from."""
        self.kept: Kept | None = None
        self._draws = draws
        self.ranking = Ranking(framework, view, incremental=incremental, budget=budget)
        small = SMALL if incremental else 0
        self._sampling = Sampling(self.ranking, framework, view, small)
        self._search = search or Search()
        self._heap = HeapOrder()
        self._names = Names(view)
        self.express = Express(framework, view, self.ranking, self._sampling, self._search)

    def select(self, query: Query) -> Choice | None:
        """The best feasible node, or None. Raises PluginError."""
        known = self.express.find(query)
        if known is None:
            return self.search(query)
        self.evaluated, self.kept = known[2], self.express.kept
        return Choice(*known)

    def search(self, query: Query) -> Choice | None:
        """As `select`, for a pod that `express` knows nothing of."""
        self.kept = None
        barred: list[int] = []
        if self.view.cluster.nominations:
            overlay = self.view.overlay()
            if self._own_nomination_holds(query, overlay):
                self.evaluated = 1
                return Choice(query.nominated, None, 1)
            barred = [
                row
                for row, _ in rivals_of(query, self.view)
                if failure_with_nominated(self.framework, query, overlay, row) is not None
            ]
        search, order = self._search, self.view.nodes.tree.order
        nodes = len(order)
        search.percentage = percentage = self.framework.percentage
        if query.pinned >= 0:
            return self._of_one(query, barred, nodes)
        all_seen = percentage >= 100 or nodes_to_find(nodes, percentage) >= nodes
        if all_seen and self.framework.ties != AS_V1_36:
            return self._of_all(query, barred, nodes)
        static = self.ranking.static(query)
        limits = self._sampling.limits(query, static)
        if all_seen and limits is None:
            return self._of_all(query, barred, nodes)
        found = self._sampling.sample(query, static, barred, order, search, limits)
        return self._of_some(found, nodes)

    def pass_over(self, looked_at: int) -> None:
        """As if so many nodes had been looked at in vain, as before."""
        self.evaluated = looked_at
        self._search.advance(looked_at, len(self.view.nodes.tree.order))

    def _of_one(self, query: Query, barred: list[int], nodes: int) -> Choice | None:
        """PreFilter leaves one node: nothing else is looked at, and nothing is scored."""
        self.evaluated = 1
        self._search.advance(1, nodes)
        row, view, ranking = query.pinned, self.view, self.ranking
        static = ranking.static(query)
        if row in barred or not self._sampling.limits(query, static):
            return None
        if static.rejects.item(row):
            return None
        for scope in (Scope.NODE, Scope.CLUSTER):
            for plugin in ranking.filters[scope]:
                if plugin.wakes(query, view) and plugin.filter_one(query, view, row):
                    return None
        return Choice(row, None, 1)

    def _of_all(self, query: Query, barred: list[int], nodes: int) -> Choice | None:
        self.evaluated = nodes
        ranked = self.ranking.rank(query, barred)
        if not ranked.feasible:
            return None
        total = ranked.total
        if self.keeps:
            order = self._search.order(self.view)
            found = order[total[order] >= 0]
            self.kept = found, total[found], 1
        node = int(total.argmax())
        best = total.item(node)
        if self.framework.ties in (RANDOM, AS_V1_36, LOWEST_NAME):
            tied = total == best
            if np.count_nonzero(tied) > 1:
                node = self._break_tie(total, tied, ranked.feasible == nodes)
        return Choice(node, int(best) + ranked.constant, ranked.feasible)

    def _break_tie(self, total: Numbers, tied: NDArray[np.bool_], all_fit: bool) -> int:
        """One row of those that tie over all nodes."""
        if self.framework.ties != AS_V1_36:
            return self._chosen(np.flatnonzero(tied))
        order = self._search.order(self.view)
        places = np.flatnonzero(tied[order])
        if all_fit:
            return int(order[self._heap.root(places)])
        positions = np.cumsum(total[order] >= 0)[places] - 1
        root = self._heap.root(positions)
        return int(order[places[positions.searchsorted(root)]])

    def _chosen(self, rows: Rows) -> int:
        if self.framework.ties == RANDOM:
            return int(rows[self._draws.integers(len(rows))])
        return self._names.first(rows)

    def _of_some(self, found: Sampled, nodes: int) -> Choice | None:
        rows, total, constant, looked_at, best = found
        self.evaluated = looked_at
        self._search.advance(looked_at, nodes)
        count = len(total)
        if not count:
            return None
        if self.keeps:
            self.kept = rows, total, 1
        tied: Rows | None = None
        if self.framework.ties == AS_V1_36:
            first = self._heap.best(total) if best is None else best
        else:
            first = int(total.argmax())
            tied = (total == total[first : first + 1]).nonzero()[0]  # twice as fast as a number
        if tied is not None and len(tied) > 1:
            node = self._chosen(array_of(rows)[tied])
        else:
            node = rows.start + first if isinstance(rows, slice) else int(rows[first])
        return Choice(node, int(total.item(first)) + constant, count)

    def _own_nomination_holds(self, query: Query, overlay: Overlay) -> bool:
        row = query.nominated
        if row < 0 or not self.view.nodes.exists[row]:
            return False
        return failure_with_nominated(self.framework, query, overlay, row) is None
