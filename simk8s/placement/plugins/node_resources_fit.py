"""NodeResourcesFit: what the pod asks for must be free.

Mirrors: kube-scheduler v1.36 plugins/noderesources/fit (all shortages are listed; more than the
node's whole allocatable is unresolvable). Departs: GPU devices are checked by the gpu_share
plugin.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.base import SUCCESS, Code, FilterPlugin, Query, Rows, Status
from simk8s.placement.view import View
from simk8s.state.resources import GPU, PODS


class NodeResourcesFit(FilterPlugin):
    """Compares requests with free amounts, row by row of the resource matrix."""

    name: ClassVar[str] = "NodeResourcesFit"
    volatile: ClassVar[bool] = True
    statuses: ClassVar[tuple[Status, ...]] = (
        SUCCESS,
        Status(Code.UNSCHEDULABLE),
        Status(Code.UNSCHEDULABLE_AND_UNRESOLVABLE),
    )

    def key(self, query: Query) -> Hashable | None:
        """The request vector, by its number."""
        return query.requests.id

    def filter(self, query: Query, view: View, rows: Rows) -> NDArray[np.uint8]:
        """1 where something is short now, 2 where the node could never hold the pod."""
        nodes = view.nodes
        if len(query.requests.values) > len(nodes.free):
            nodes.fit_resources()
        short: NDArray[np.bool_] | None = None
        for row, amount in query.requests.wanted:
            if row == GPU or nodes.lowest[row] >= amount:
                continue
            lacking = nodes.free[row][rows] < amount
            short = lacking if short is None else np.logical_or(short, lacking, out=short)
        if short is None:
            return np.zeros(len(nodes.exists[rows]), np.uint8)
        return short.view(np.uint8)

    def verdicts(self, query: Query, view: View) -> NDArray[np.uint8]:
        """As `filter` over all nodes, with 2 where the node's whole allocatable is too small."""
        never = np.zeros(view.nodes.n, bool)
        for row, amount in query.requests.wanted:
            if row not in (PODS, GPU):
                never |= view.nodes.allocatable[row] < amount
        verdict = self.filter(query, view, slice(None)).copy()
        verdict[never] = 2
        return verdict

    def filter_one(self, query: Query, view: View, row: int) -> int:
        """The scalar form of `filter`."""
        free = view.nodes.free_at
        for resource, amount in query.requests.wanted:
            if resource != GPU and free[resource][row] < amount:
                return 1
        return 0

    def explain(self, query: Query, view: View, row: int) -> tuple[str, ...]:
        """Every shortage on one node."""
        nodes = view.nodes
        return tuple(
            _words(nodes.resources.names[r])
            for r, amount in query.requests.wanted
            if r != GPU and nodes.free[r, row] < amount
        )

    def histogram(self, query: Query, view: View, verdicts: NDArray[np.uint8]) -> dict[str, int]:
        """Shortages over all nodes that this plugin rejected."""
        nodes, rejected = view.nodes, verdicts > 0
        found: dict[str, int] = {}
        for row, amount in query.requests.wanted:
            count = int(np.count_nonzero(rejected & (nodes.free[row] < amount)))
            if count and row != GPU:
                found[_words(nodes.resources.names[row])] = count
        return found


def _words(resource: str) -> str:
    return "Too many pods" if resource == "pods" else f"Insufficient {resource}"
