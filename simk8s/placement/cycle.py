"""One scheduling cycle as a pure function of view and query: every plugin asked about every node,
in full, with every detail kept.

This is the slow, obvious form. The ranking gives the same totals from caches; explanations,
failures and tests use this one.

Mirrors: schedulePod of kube-scheduler v1.36 (filters in order, the first failure of a node
counts; normalised scores weighted and added), as far as the search goes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.base import Code, Query, ScorePlugin
from simk8s.placement.diagnosis import (
    Diagnosis,
    diagnose,
    diagnose_all,
    exists_mask,
    histogram,
)
from simk8s.placement.framework import Framework
from simk8s.placement.search import Search
from simk8s.placement.view import View

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Scored:
    """One plugin's scores of the feasible nodes; `raw` None = skipped, adds nothing."""

    plugin: str
    weight: int
    raw: Ints | None = None
    normalized: Ints | None = None

    @property
    def weighted(self) -> Ints | None:
        """What goes into the total."""
        if self.normalized is None:
            return None
        return (self.normalized * self.weight).astype(np.int64, copy=False)


@dataclass(slots=True)
class Evaluation:
    """Everything about one decision; scores and totals are parallel to `feasible`."""

    diagnosis: Diagnosis
    feasible: NDArray[np.intp]
    scores: list[Scored] = field(default_factory=list)
    total: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    error: str | None = None
    """A scheduling error; nothing was scored."""

    @property
    def best(self) -> NDArray[np.intp]:
        """Rows of all nodes that have the best total."""
        rows: NDArray[np.intp] = self.feasible
        if len(self.total):
            return np.compress(self.total == self.total.max(), rows)
        return rows[:0] if self.error or len(rows) != 1 else rows


@dataclass(slots=True, eq=False)
class Verdict:
    """Why a pod fits nowhere: reason -> nodes, who rejected (sorted), and where preemption may
    help. One verdict may be given to many pods; its texts are made when somebody asks.
    """

    nodes: int
    reasons: dict[str, int]
    plugins: tuple[str, ...]
    resolvable: NDArray[np.intp]
    words: str | None = None
    """The whole message, where it does not follow from the reasons."""
    error: bool = False
    """A scheduling error: nobody rejected the pod, the attempt failed."""
    _summary: str = ""

    @property
    def message(self) -> str:
        """The FitError's text before PostFilter."""
        return histogram(self.nodes, self.reasons) if self.words is None else self.words

    @property
    def summary(self) -> str:
        """The reasons without their counts."""
        if not self._summary:
            self._summary = "; ".join(sorted(self.reasons)) or "no nodes available"
        return self._summary


def evaluate(
    framework: Framework, query: Query, view: View, search: Search | None = None
) -> Evaluation:
    """One whole cycle, with every detail. Filter errors are raised (PluginError).

    A single feasible node needs no scores, so what is wrong with scoring does not matter then.
    """
    diagnosis = diagnose(framework, query, view, search)
    found = Evaluation(diagnosis, diagnosis.feasible)
    if not len(found.feasible):
        return found
    flaw = framework.flaw(query, view)
    if flaw is not None:
        found.error = flaw if len(found.feasible) > 1 else None
        return found
    found.total = np.zeros(len(found.feasible), np.int64)
    for plugin, weight in framework.scores:
        scored = _score(plugin, weight, query, view, found.feasible)
        found.scores.append(scored)
        if scored.weighted is not None:
            found.total += scored.weighted
    return found


def _score(
    plugin: ScorePlugin, weight: int, query: Query, view: View, rows: NDArray[np.intp]
) -> Scored:
    if not plugin.wakes(query, view):
        return Scored(plugin.name, weight)
    raw = plugin.score(query, view, rows)
    if raw is None:
        return Scored(plugin.name, weight)
    normalized = plugin.finish(query, view, rows, raw)
    return Scored(plugin.name, weight, raw.astype(np.int64), normalized)


def feasible(framework: Framework, query: Query, view: View) -> NDArray[np.bool_]:
    """Nodes that pass every filter, nominated pods and PreFilter left aside."""
    fits = exists_mask(view).copy()
    for plugin in framework.filters:
        if plugin.wakes(query, view):
            fits &= plugin.filter(query, view, slice(None)) == 0
    if query.pinned >= 0:
        mine, fits = fits[query.pinned], np.zeros_like(fits)
        fits[query.pinned] = mine
    return fits


def totals(framework: Framework, query: Query, view: View) -> NDArray[np.float64]:
    """Weighted sum of normalised scores per node, −1 where the pod does not fit."""
    total = np.full(view.nodes.n, -1.0)
    rows = np.flatnonzero(feasible(framework, query, view))
    if len(rows):
        total[rows] = 0.0
        for plugin, weight in framework.scores:
            scored = _score(plugin, weight, query, view, rows)
            if scored.weighted is not None:
                total[rows] += scored.weighted
    return total


def verdict(framework: Framework, query: Query, view: View) -> Verdict:
    """Why the pod fits nowhere."""
    found = diagnose_all(framework, query, view)
    return Verdict(
        found.nodes,
        found.reasons(),
        found.rejecters,
        found.with_code(Code.UNSCHEDULABLE),
        found.message if found.prefilter.code else None,
    )


def failed(view: View, words: str) -> Verdict:
    """The verdict of an attempt that ended in a scheduling error."""
    nodes = int(np.count_nonzero(view.nodes.exists))
    return Verdict(nodes, {words: nodes}, (), np.zeros(0, np.intp), words, error=True)
