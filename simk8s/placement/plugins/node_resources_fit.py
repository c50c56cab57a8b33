"""NodeResourcesFit: what the pod asks for must be free.

Mirrors: kube-scheduler v1.36 plugins/noderesources/fit: all shortages are listed; more than the
node's whole allocatable is unresolvable; ignoredResources and ignoredResourceGroups hold for
extended resources. The scores of its three scoring strategies are files of their own
(least_allocated, most_allocated, requested_to_capacity_ratio). Departs: shares of GPU devices are
checked by the gpu_share plugin.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from simk8s.placement.base import ALL, SUCCESS, Code, FilterPlugin, Query, Rows, Scope, Status
from simk8s.placement.events import Change, Event
from simk8s.placement.view import View
from simk8s.state.resources import FIXED, GPU, PODS


class Params(BaseModel):
    """The filtering half of NodeResourcesFitArgs."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    ignored_resources: list[str] = Field([], alias="ignoredResources")
    ignored_resource_groups: list[str] = Field([], alias="ignoredResourceGroups")


class NodeResourcesFit(FilterPlugin):
    """Compares requests with free amounts, row by row of the resource matrix."""

    name: ClassVar[str] = "NodeResourcesFit"
    scope: ClassVar[Scope] = Scope.NODE
    statuses: ClassVar[tuple[Status, ...]] = (
        SUCCESS,
        Status(Code.UNSCHEDULABLE),
        Status(Code.UNSCHEDULABLE_AND_UNRESOLVABLE),
    )
    events: ClassVar[int] = (
        Change.POD_DELETE | Change.POD_SCALE_DOWN | Change.NODE_ADD | Change.NODE_ALLOCATABLE
    )

    def __init__(self, params: Params | None = None) -> None:
        params = params or Params()
        self._ignored = frozenset(params.ignored_resources)
        self._groups = frozenset(params.ignored_resource_groups)
        self._ignores = bool(self._ignored or self._groups)

    def key(self, query: Query, view: View) -> Hashable | None:
        """The request vector, by its number."""
        return query.requests.id

    def wakes(self, query: Query, view: View) -> bool:
        """Every pod wants a slot at least."""
        return True

    def _wanted(self, query: Query, view: View) -> tuple[tuple[int, int], ...]:
        """(resource, amount) to be checked."""
        if len(query.requests.values) > len(view.nodes.free):
            view.nodes.fit_resources()
        if not self._ignores and not query.requests.gpu.count:
            return query.requests.wanted
        names = view.nodes.resources.names
        return tuple(
            (row, amount)
            for row, amount in query.requests.wanted
            if row != GPU and not self._ignore(names[row])
        )

    def _ignore(self, name: str) -> bool:
        if not self._ignores or name in FIXED or name.startswith("hugepages-"):
            return False
        return name in self._ignored or name.partition("/")[0] in self._groups

    def hint(self, event: Event, query: Query, view: View) -> bool:
        """Any pod that leaves may help; a node, if it offers enough when empty and, unless it is
        new, more of something wanted than before.
        """
        node, before = event.node, event.before
        if node is None:
            return True
        wanted, offered = self._wanted(query, view), node.allocatable
        if any(offered.get(row, 0) < amount for row, amount in wanted):
            return False
        return before is None or any(
            offered.get(row, 0) > before.allocatable.get(row, 0) for row, _ in wanted
        )

    def amounts(self, query: Query, view: View) -> tuple[tuple[int, int], ...] | None:
        """Nothing but free amounts decides."""
        return self._wanted(query, view)

    def passes(self, query: Query, view: View) -> bool:
        """Whether no node ever had less free than is wanted."""
        requests, lowest = query.requests, view.nodes.lowest
        wanted = requests.wanted
        if self._ignores or requests.gpu.count or len(requests.values) > len(lowest):
            wanted = self._wanted(query, view)
            lowest = view.nodes.lowest
        for row, amount in wanted:
            if lowest[row] < amount:
                break
        else:
            return True
        return False

    def filter(self, query: Query, view: View, rows: Rows) -> NDArray[np.uint8]:
        """1 where something is short (see `verdicts` for where it always will be)."""
        wanted = self._wanted(query, view)
        nodes = view.nodes
        short: NDArray[np.bool_] | None = None
        for row, amount in wanted:
            if nodes.lowest[row] < amount:
                lacking = nodes.free[row][rows] < amount
                short = lacking if short is None else np.logical_or(short, lacking, out=short)
        if short is None:
            return np.zeros(len(nodes.exists[rows]), np.uint8)
        return short.view(np.uint8)

    def verdicts(self, query: Query, view: View, rows: Rows) -> NDArray[np.uint8]:
        """As `filter`, with 2 where the node's whole allocatable is too small."""
        verdict, nodes = self.filter(query, view, rows).copy(), view.nodes
        for row, amount in self._wanted(query, view):
            if row != PODS and nodes.lowest[row] < amount:
                verdict[nodes.allocatable[row][rows] < amount] = 2
        return verdict

    def filter_one(self, query: Query, view: View, row: int) -> int:
        """The scalar form of `filter`."""
        requests, nodes = query.requests, view.nodes
        wanted = requests.wanted
        if self._ignores or requests.gpu.count or len(requests.values) > len(nodes.lowest):
            wanted = self._wanted(query, view)
        free = nodes.free_at
        for resource, amount in wanted:
            if free[resource][row] < amount:
                return 1
        return 0

    def explain(self, query: Query, view: View, row: int) -> tuple[str, ...]:
        """Every shortage on one node."""
        nodes = view.nodes
        return tuple(
            _words(nodes.resources.names[r])
            for r, amount in self._wanted(query, view)
            if nodes.free[r, row] < amount
        )

    def histogram(self, query: Query, view: View, verdicts: NDArray[np.uint8]) -> dict[str, int]:
        """Shortages over all nodes that this plugin rejected."""
        nodes, rejected = view.nodes, verdicts > 0
        found: dict[str, int] = {}
        for row, amount in self._wanted(query, view):
            if nodes.lowest[row] >= amount:
                continue
            count = int(np.count_nonzero(rejected & (nodes.free[row][ALL] < amount)))
            if count:
                found[_words(nodes.resources.names[row])] = count
        return found


def _words(resource: str) -> str:
    return "Too many pods" if resource == "pods" else f"Insufficient {resource}"
