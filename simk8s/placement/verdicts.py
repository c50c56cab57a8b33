"""Verdicts of one framework over one real view, without asking about every node from scratch.

When a cluster is full most attempts fail, and what fails them is the amounts of the moment: what
the filters that read specs alone say of a node, which stand first, is the same for all pods that
look alike to them until a spec changes. It is kept (*ground*), and the filters behind it are asked
about the nodes that it leaves.

Law: equals `cycle.verdict`, which is asked itself where more than filters has a say: a nominated
or pinned pod, pods nominated to nodes that it would meet there, a PreFilter that limits the search
or reads the cluster. `incremental=False` always asks it.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from itertools import takewhile

import numpy as np
from numpy.typing import NDArray

from simk8s.placement import cycle
from simk8s.placement.base import Code, FilterPlugin, Query, Scope
from simk8s.placement.cycle import Verdict
from simk8s.placement.diagnosis import rivals_of
from simk8s.placement.entries import Static
from simk8s.placement.framework import Framework
from simk8s.placement.limits import heard
from simk8s.placement.ranking import Ranking
from simk8s.placement.view import View

BYTE_BUDGET = 16 << 20
Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Ground:
    """What the leading filters leave, and how they rejected the others."""

    static: Static
    nodes: int
    left: Rows
    reasons: dict[str, int]
    plugins: tuple[str, ...]
    resolvable: tuple[Rows, ...]

    @property
    def nbytes(self) -> int:
        """What it takes to keep it."""
        return 1024 + self.left.nbytes + sum(rows.nbytes for rows in self.resolvable)


class Verdicts:
    """Why pods fit nowhere; `ranking` is of the same framework and view."""

    def __init__(
        self,
        framework: Framework,
        view: View,
        ranking: Ranking,
        *,
        incremental: bool = True,
        budget: int = BYTE_BUDGET,
    ) -> None:
        self._framework = framework
        self._view = view
        self._ranking = ranking
        self._incremental = incremental
        self._budget = budget
        filters = framework.filters
        self._leading = list(takewhile(lambda plugin: plugin.scope is Scope.SPECS, filters))
        self._others = filters[len(self._leading) :]
        self._codes = {plugin: _resolvable(plugin) for plugin in filters}
        self._heard = [p for p in heard(framework.prefilters) if p not in ranking.limiting]
        self._grounds: OrderedDict[int, Ground] = OrderedDict()
        self._kept = 0

    def of(self, query: Query) -> Verdict:
        """The verdict on a pod for which no node was found."""
        if not self._incremental or query.nominated >= 0 or query.pinned >= 0:
            return cycle.verdict(self._framework, query, self._view)
        static = self._ranking.static(query)
        if static.limits is not None or self._interferes(query):
            return cycle.verdict(self._framework, query, self._view)
        return self._built(query, self._ground(query, static))

    def _interferes(self, query: Query) -> bool:
        """Whether something else than filters has a say."""
        view = self._view
        if view.cluster.nominations and any(True for _ in rivals_of(query, view)):
            return True
        return any(plugin.wakes(query, view) for plugin in self._heard)

    def _built(self, query: Query, ground: Ground) -> Verdict:
        view, left, n = self._view, ground.left, self._view.nodes.n
        reasons, plugins, resolvable = dict(ground.reasons), ground.plugins, ground.resolvable
        for plugin in self._others:
            if not len(left):
                break
            if not plugin.wakes(query, view):
                continue
            left, bad, verdicts = _split(plugin, query, view, left)
            if len(bad):
                plugins = (*plugins, plugin.name)
                _count(plugin, query, view, bad, verdicts, reasons, n)
                resolvable = (*resolvable, bad[self._codes[plugin][verdicts]])
        return Verdict(ground.nodes, reasons, tuple(sorted(plugins)), _joined(resolvable))

    # --- the ground

    def _ground(self, query: Query, static: Static) -> Ground:
        ground = self._grounds.get(static.number)
        if ground is not None:
            if ground.static is static:
                self._grounds.move_to_end(static.number)
                return ground
            self._drop(static.number)
        ground = self._grounds[static.number] = self._made(query, static)
        self._kept += ground.nbytes
        while self._kept > self._budget and len(self._grounds) > 1:
            self._drop(next(iter(self._grounds)))
        return ground

    def _drop(self, number: int) -> None:
        self._kept -= self._grounds.pop(number).nbytes

    def _made(self, query: Query, static: Static) -> Ground:
        view, n = self._view, self._view.nodes.n
        left = existing = np.flatnonzero(view.nodes.exists)
        reasons: dict[str, int] = {}
        plugins: list[str] = []
        resolvable: list[Rows] = []
        for plugin in self._leading:
            if len(left) and plugin.wakes(query, view):
                left, bad, verdicts = _split(plugin, query, view, left)
                if len(bad):
                    plugins.append(plugin.name)
                    _count(plugin, query, view, bad, verdicts, reasons, n)
                    resolvable.append(bad[self._codes[plugin][verdicts]])
        return Ground(static, len(existing), left, reasons, tuple(plugins), tuple(resolvable))


def _resolvable(plugin: FilterPlugin) -> NDArray[np.bool_]:
    """By verdict: whether pods that leave may help."""
    return np.array([status.code is Code.UNSCHEDULABLE for status in plugin.statuses])


def _split(
    plugin: FilterPlugin, query: Query, view: View, rows: Rows
) -> tuple[Rows, Rows, NDArray[np.uint8]]:
    """Which of these nodes a filter passes, which it rejects, and how it rejects those."""
    verdicts = plugin.verdicts(query, view, rows)
    bad = verdicts.nonzero()[0]
    if len(bad) == len(rows):
        return rows[:0], rows, verdicts
    return rows[verdicts == 0], rows[bad], verdicts[bad]


def _count(
    plugin: FilterPlugin,
    query: Query,
    view: View,
    bad: Rows,
    verdicts: NDArray[np.uint8],
    reasons: dict[str, int],
    n: int,
) -> None:
    """Add a filter's reasons for rejecting these nodes."""
    every = np.zeros(n, np.uint8)
    every[bad] = verdicts
    for reason, count in plugin.histogram(query, view, every).items():
        if count:
            reasons[reason] = reasons.get(reason, 0) + count


def _joined(parts: tuple[Rows, ...]) -> Rows:
    """All of these rows in ascending order."""
    some = [part for part in parts if len(part)]
    if not some:
        return np.zeros(0, np.intp)
    return some[0] if len(some) == 1 else np.sort(np.concatenate(some))
