"""One scheduling cycle as a pure function of view and query: every plugin asked about every node,
in full.

This is the slow, obvious form. The ranking gives the same totals from caches; explanations,
failures and tests use this one.

Mirrors: schedulePod of kube-scheduler v1.36 (filters in order, the first failure of a node
counts; normalised scores weighted and added). Departs: every node is evaluated
(percentageOfNodesToScore 100).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.base import ALL, Code, FilterPlugin, Query, normalized
from simk8s.placement.framework import Framework
from simk8s.placement.plugins.node_resources_fit import NodeResourcesFit
from simk8s.placement.view import View


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a pod fits nowhere: reason -> nodes, who rejected, and where preemption may help."""

    nodes: int
    reasons: dict[str, int]
    plugins: tuple[str, ...]
    resolvable: NDArray[np.intp]

    @property
    def message(self) -> str:
        """The FitError text; reasons are sorted as strings, as the scheduler does."""
        head = f"0/{self.nodes} nodes are available"
        if not self.reasons:
            return head + "."
        parts = sorted(f"{count} {reason}" for reason, count in self.reasons.items())
        return f"{head}: {', '.join(parts)}."


def exists_mask(view: View) -> NDArray[np.bool_]:
    """Rows of nodes that are there."""
    return view.nodes.exists.view(bool)


def feasible(framework: Framework, query: Query, view: View) -> NDArray[np.bool_]:
    """Nodes that pass every filter."""
    fits = exists_mask(view).copy()
    for plugin in framework.filters:
        if plugin.key(query) is not None:
            fits &= plugin.filter(query, view, ALL) == 0
    return fits


def totals(framework: Framework, query: Query, view: View) -> NDArray[np.float64]:
    """Weighted sum of normalised scores per node, −1 where the pod does not fit."""
    fits = feasible(framework, query, view)
    total = np.full(view.nodes.n, -1.0)
    rows = np.flatnonzero(fits)
    total[rows] = 0.0
    for plugin, weight in framework.scores:
        if plugin.key(query) is not None:
            raw: NDArray[Any] = plugin.score(query, view, rows)
            total[rows] += normalized(raw, plugin.normalize) * weight
    return total


def verdict(framework: Framework, query: Query, view: View) -> Verdict:
    """Why the pod fits nowhere; each node counts for the first filter that rejects it."""
    left = exists_mask(view).copy()
    nodes = int(np.count_nonzero(left))
    reasons: dict[str, int] = {}
    plugins: list[str] = []
    resolvable: list[NDArray[np.intp]] = []
    for plugin in framework.filters:
        if plugin.key(query) is None:
            continue
        found = np.where(left, _verdicts(plugin, query, view), 0).astype(np.uint8)
        if not found.any():
            continue
        plugins.append(plugin.name)
        for reason, count in plugin.histogram(query, view, found).items():
            reasons[reason] = reasons.get(reason, 0) + count
        codes = np.array([status.code for status in plugin.statuses])
        resolvable.append(np.flatnonzero(codes[found] == Code.UNSCHEDULABLE))
        left &= found == 0
    rows = np.sort(np.concatenate(resolvable)) if resolvable else np.empty(0, np.intp)
    return Verdict(nodes, reasons, tuple(sorted(set(plugins))), rows)


def _verdicts(plugin: FilterPlugin, query: Query, view: View) -> NDArray[np.uint8]:
    if isinstance(plugin, NodeResourcesFit):
        return plugin.verdicts(query, view)
    return plugin.filter(query, view, ALL)
