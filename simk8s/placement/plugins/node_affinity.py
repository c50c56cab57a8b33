"""NodeAffinity: nodeSelector and node affinity, required and preferred.

Nodes share few distinct label sets apart from their names, but a selector may mention any label,
so terms are matched node by node once per node-spec version and the result is cached by the
ranking.

Mirrors: kube-scheduler v1.36 plugins/nodeaffinity. Departs: addedAffinity is not read.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.base import (
    ALL,
    SUCCESS,
    Code,
    FilterPlugin,
    Normalize,
    Query,
    Rows,
    ScorePlugin,
    Status,
)
from simk8s.placement.view import View
from simk8s.state.nodes import NodeSpec
from simk8s.state.shapes import PodTemplate


class NodeAffinity(FilterPlugin, ScorePlugin):
    """Filter by nodeSelector and required terms, score by preferred terms."""

    name: ClassVar[str] = "NodeAffinity"
    normalize: ClassVar[Normalize] = Normalize.MAX
    statuses: ClassVar[tuple[Status, ...]] = (
        SUCCESS,
        Status(
            Code.UNSCHEDULABLE_AND_UNRESOLVABLE,
            ("node(s) didn't match Pod's node affinity/selector",),
        ),
    )

    def key(self, query: Query) -> Hashable | None:
        """Selector and terms; a pod without any is skipped."""
        own = query.template
        if not own.node_selector and own.required_nodes is None and not own.preferred_nodes:
            return None
        return (own.node_selector, own.required_nodes, own.preferred_nodes)

    def filter(self, query: Query, view: View, rows: Rows) -> NDArray[np.uint8]:
        """1 where the selector or every required term fails."""
        own = query.template
        if not own.node_selector and own.required_nodes is None:
            return np.zeros(len(view.nodes.taint_set[rows]), np.uint8)
        return np.array([not _required(own, spec) for spec in _specs(view, rows)], np.uint8)

    def score(self, query: Query, view: View, rows: Rows) -> NDArray[Any]:
        """Sum of the weights of the preferred terms that match."""
        terms = query.template.preferred_nodes
        if not terms:
            return np.zeros(len(view.nodes.taint_set[rows]), np.int64)
        return np.array(
            [
                sum(t.weight for t in terms if t.matches(spec.labels, _fields(spec)))
                for spec in _specs(view, rows)
            ],
            np.int64,
        )


def _specs(view: View, rows: Rows) -> list[NodeSpec]:
    if isinstance(rows, slice):
        return view.nodes.specs if rows == ALL else view.nodes.specs[rows]
    return [view.nodes.specs[row] for row in rows.tolist()]


def _fields(spec: NodeSpec) -> dict[str, str]:
    return {"metadata.name": spec.name}


def _required(own: PodTemplate, spec: NodeSpec) -> bool:
    if not all(line.matches(spec.labels) for line in own.node_selector):
        return False
    if own.required_nodes is None:
        return True
    fields = _fields(spec)
    return any(term.matches(spec.labels, fields) for term in own.required_nodes)
