"""NodeAffinity: nodeSelector and node affinity, required and preferred, and what the profile adds.

Terms are decided once per distinct label value and gathered over the nodes.

Mirrors: kube-scheduler v1.36 plugins/nodeaffinity: nodes named by `metadata.name` in every
required term limit the search; addedAffinity comes first; a flawed required term matches nothing,
a flawed preferred term is a scheduling error.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from simk8s.placement.base import (
    EVERYWHERE,
    SUCCESS,
    Code,
    FilterPlugin,
    Normalize,
    PreFilter,
    Query,
    Rows,
    ScorePlugin,
    Status,
)
from simk8s.placement.eligible import affinity_mask
from simk8s.placement.events import Change, Event
from simk8s.placement.view import View
from simk8s.state.nodes import NodeSpec
from simk8s.state.selectors import NodeTerm
from simk8s.state.shapes import node_affinity
from simk8s.state.topology import NAME_FIELD

CONFLICT = Status(Code.UNSCHEDULABLE_AND_UNRESOLVABLE, ("pod affinity terms conflict",))


class Params(BaseModel):
    """NodeAffinityArgs."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    added_affinity: dict[str, Any] | None = Field(None, alias="addedAffinity")


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
        Status(
            Code.UNSCHEDULABLE_AND_UNRESOLVABLE,
            ("node(s) didn't match scheduler-enforced node affinity",),
        ),
    )
    events: ClassVar[int] = Change.NODE_ADD | Change.NODE_LABELS

    def __init__(self, params: Params | None = None) -> None:
        added: Mapping[str, Any] = (params.added_affinity if params else None) or {}
        self._added_required, self._added_preferred = node_affinity(added)
        self._adds = self._added_required is not None or bool(self._added_preferred)

    def key(self, query: Query, view: View) -> Hashable | None:
        """Selector and terms; a pod without any is skipped."""
        own = query.template
        plain = not own.node_selector and own.required_nodes is None and not own.preferred_nodes
        if plain and not self._adds:
            return None
        return (own.node_selector, own.required_nodes, own.preferred_nodes)

    def wakes(self, query: Query, view: View) -> bool:
        """A daemon has a term of its own, which no key knows of: PreFilter alone reads it."""
        return query.pinned >= 0 or self.key(query, view) is not None

    def prefilter(self, query: Query, view: View) -> PreFilter:
        """The nodes that the required terms name, if every term names some."""
        if query.pinned >= 0:
            return PreFilter(nodes=frozenset((view.nodes.specs[query.pinned].name,)))
        names: set[str] = set()
        for term in query.template.required_nodes or ():
            named = [
                set(line.values)
                for line in term.requirements
                if line.is_field and line.key == NAME_FIELD and line.operator == "In"
            ]
            if not named:
                return EVERYWHERE
            names |= set.intersection(*named)
        if query.template.required_nodes and not names:
            return PreFilter(CONFLICT)
        return PreFilter(nodes=frozenset(names)) if names else EVERYWHERE

    def hint(self, event: Event, query: Query, view: View) -> bool:
        """The node matches now and did not before."""
        node, before = event.node, event.before
        if node is None or not self._allows(query, node):
            return False
        if query.pinned >= 0 and view.nodes.specs[query.pinned].name != node.name:
            return False
        return before is None or not self._allows(query, before)

    def _allows(self, query: Query, node: NodeSpec) -> bool:
        """Selector and required terms, the profile's too, on one node by itself."""
        own, fields = query.template, {NAME_FIELD: node.name}
        if not all(line.matches(node.labels) for line in own.node_selector):
            return False
        return all(
            terms is None or any(term.matches(node.labels, fields) for term in terms)
            for terms in (own.required_nodes, self._added_required)
        )

    def filter(self, query: Query, view: View, rows: Rows) -> NDArray[np.uint8]:
        """1 where the selector or every required term fails, 2 where what is added does."""
        own, nodes = query.template, view.nodes
        verdict = np.zeros(nodes.n, np.uint8)
        if own.node_selector or own.required_nodes is not None:
            verdict[~affinity_mask(own, nodes)] = 1
        if self._added_required is not None:
            some = np.zeros(nodes.n, bool)
            for term in self._added_required:
                some |= nodes.topology.term(term)
            verdict[~some] = 2
        return verdict[rows]

    def flaw(self, query: Query) -> str | None:
        """Flawed preferred terms."""
        return _flaw(query.template.preferred_nodes)

    def score(self, query: Query, view: View, rows: Rows) -> NDArray[Any] | None:
        """Sum of the weights of the preferred terms that match."""
        terms = query.template.preferred_nodes
        if not terms and not self._added_preferred:
            return None
        total = np.zeros(view.nodes.n, np.int64)
        for term in (*terms, *self._added_preferred):
            if term.weight:
                total += view.nodes.topology.term(term) * term.weight
        return total[rows]


def _flaw(terms: tuple[NodeTerm, ...]) -> str | None:
    flaws = [
        f"[{number}].{flaw}"
        for number, term in enumerate(terms)
        if term.weight and term.requirements
        for flaw in term.flaws()
    ]
    if len(flaws) > 1:
        return f"[{', '.join(flaws)}]"
    return flaws[0] if flaws else None
