"""TaintToleration: untolerated NoSchedule and NoExecute taints reject, PreferNoSchedule ones cost
score.

Nodes share few distinct sets of taints, so a verdict is looked up by set and gathered over the
nodes.

Mirrors: kube-scheduler v1.36 plugins/tainttoleration (filter, score, reversed default
normalisation).
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.base import (
    SUCCESS,
    Code,
    FilterPlugin,
    Normalize,
    Query,
    Rows,
    ScorePlugin,
    Status,
)
from simk8s.placement.events import Change, Event
from simk8s.placement.view import View
from simk8s.state.selectors import PREFER_NO_SCHEDULE, Taint, Toleration, tolerated


class TaintToleration(FilterPlugin, ScorePlugin):
    """Filter and score over a node's set of taints."""

    name: ClassVar[str] = "TaintToleration"
    normalize: ClassVar[Normalize] = Normalize.REVERSE
    statuses: ClassVar[tuple[Status, ...]] = (
        SUCCESS,
        Status(Code.UNSCHEDULABLE_AND_UNRESOLVABLE, ("node(s) had untolerated taint(s)",)),
    )
    events: ClassVar[int] = Change.NODE_ADD | Change.NODE_TAINTS | Change.OWN_TOLERATIONS

    def __init__(self) -> None:
        self._tables: dict[tuple[Toleration, ...], NDArray[np.uint8]] = {}
        """By tolerations: the verdict on each set of taints, of which there come only more."""
        self._sets: list[tuple[Taint, ...]] = []

    def key(self, query: Query, view: View) -> Hashable | None:
        """The tolerations."""
        return query.template.tolerations

    def hint(self, event: Event, query: Query, view: View) -> bool:
        """The node's taints are tolerated now and were not before."""
        own, node, before = query.template.tolerations, event.node, event.before
        if node is None:
            return True
        return not _rejects(own, node.taints) and (before is None or _rejects(own, before.taints))

    def filter(self, query: Query, view: View, rows: Rows) -> NDArray[np.uint8]:
        """1 where a NoSchedule or NoExecute taint is not tolerated."""
        own, sets = query.template.tolerations, view.nodes.taint_sets
        if sets is not self._sets:
            self._sets = sets
            self._tables.clear()
        table = self._tables.get(own)
        if table is None or len(table) != len(sets):
            table = self._tables[own] = np.array([_rejects(own, each) for each in sets], np.uint8)
        return table[view.nodes.taint_set[rows]]

    def filter_one(self, query: Query, view: View, row: int) -> int:
        """The scalar form of `filter`."""
        nodes = view.nodes
        taints = nodes.taint_sets[nodes.taint_set.item(row)]
        return int(bool(taints) and _rejects(query.template.tolerations, taints))

    def score(self, query: Query, view: View, rows: Rows) -> NDArray[Any]:
        """Number of PreferNoSchedule taints that are not tolerated."""
        own = [t for t in query.template.tolerations if t.effect in ("", PREFER_NO_SCHEDULE)]
        table = [
            sum(t.effect == PREFER_NO_SCHEDULE and not tolerated(own, t) for t in taints)
            for taints in view.nodes.taint_sets
        ]
        return np.array(table, np.int64)[view.nodes.taint_set[rows]]


def _rejects(own: tuple[Toleration, ...], taints: tuple[Taint, ...]) -> bool:
    return any(t.effect != PREFER_NO_SCHEDULE and not tolerated(own, t) for t in taints)
