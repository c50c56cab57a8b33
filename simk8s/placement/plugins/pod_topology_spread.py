"""PodTopologySpread: keep pods that belong together spread over zones, hosts or any label.

Counts come from tallies of matching pods per node, summed per domain and kept until one of them
changes.

Mirrors: kube-scheduler v1.36 plugins/podtopologyspread: hard constraints filter (minDomains, node
inclusion policies, matchLabelKeys), soft ones score with weight ln(domains + 2); terminating pods
are not counted, yet a dry run that removes one subtracts it; an empty selector counts nobody;
pods without constraints get the profile's defaults with the selector of their services and
controller.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator
from dataclasses import replace
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from simk8s.placement.base import (
    MAX_NODE_SCORE,
    SUCCESS,
    Code,
    FilterPlugin,
    Query,
    Rows,
    Scope,
    ScorePlugin,
    Status,
)
from simk8s.placement.eligible import Counter, Floats, Mask
from simk8s.placement.events import Change, Event
from simk8s.placement.view import View
from simk8s.state.affinity import HARD, SpreadConstraint
from simk8s.state.nodes import HOSTNAME_LABEL, ZONE_LABEL
from simk8s.state.selectors import LabelSelector
from simk8s.state.shapes import PodTemplate
from simk8s.state.tallies import Weigh

Constraints = tuple[SpreadConstraint, ...]


class Default(BaseModel):
    """A default constraint: no selector, that is the pod's own."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    max_skew: int = Field(alias="maxSkew")
    topology_key: str = Field(alias="topologyKey")
    when_unsatisfiable: Literal["DoNotSchedule", "ScheduleAnyway"] = Field(
        alias="whenUnsatisfiable"
    )


class Params(BaseModel):
    """PodTopologySpreadArgs."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    default_constraints: list[Default] = Field([], alias="defaultConstraints")
    defaulting_type: Literal["System", "List"] = Field("System", alias="defaultingType")


SYSTEM_DEFAULTS = (
    SpreadConstraint(3, HOSTNAME_LABEL, False, LabelSelector()),
    SpreadConstraint(5, ZONE_LABEL, False, LabelSelector()),
)


class PodTopologySpread(FilterPlugin, ScorePlugin):
    """Filter by hard constraints, score by soft ones."""

    name: ClassVar[str] = "PodTopologySpread"
    scope: ClassVar[Scope] = Scope.CLUSTER
    statuses: ClassVar[tuple[Status, ...]] = (
        SUCCESS,
        Status(Code.UNSCHEDULABLE, ("node(s) didn't match pod topology spread constraints",)),
        Status(
            Code.UNSCHEDULABLE_AND_UNRESOLVABLE,
            ("node(s) didn't match pod topology spread constraints (missing required label)",),
        ),
    )
    events: ClassVar[int] = (
        Change.POD_ADD
        | Change.POD_LABELS
        | Change.POD_DELETE
        | Change.NODE_ADD
        | Change.NODE_DELETE
        | Change.NODE_LABELS
        | Change.NODE_TAINTS
        | Change.OWN_TOLERATIONS
    )

    def __init__(self, params: Params | None = None) -> None:
        params = params or Params()
        self._system = params.defaulting_type == "System"
        self._defaults = (
            SYSTEM_DEFAULTS
            if self._system
            else tuple(
                SpreadConstraint(
                    d.max_skew, d.topology_key, d.when_unsatisfiable == HARD, LabelSelector()
                )
                for d in params.default_constraints
            )
        )
        self.by_owner = any(c.hard for c in self._defaults)
        self._counter = Counter()

    def key(self, query: Query, view: View) -> Hashable | None:
        """Namespace, constraints, own labels as far as selectors read them, eligibility."""
        constraints = self._constraints(query, view)
        if not constraints:
            return None
        own = query.template
        selfs = tuple(c.selector.matches(own.labels) for c in constraints)
        eligibility = (own.node_selector, own.required_nodes, own.tolerations)
        return (own.namespace, constraints, selfs, eligibility)

    def _constraints(self, query: Query, view: View) -> Constraints:
        own = query.template
        if own.spread or not self._defaults:
            return own.spread
        objects, cluster = view.objects, view.cluster
        if not objects.services and not objects.controllers:
            return ()
        owner = cluster.controller_of(query.pod)
        selector = objects.belongs(own.namespace, own.labels, owner)
        if selector.empty:
            return ()
        return tuple(replace(c, selector=selector) for c in self._defaults)

    def hint(self, event: Event, query: Query, view: View) -> bool:
        """A counted pod came, went or was relabelled in the pod's namespace; a node with all keys
        came or went, or changed its domains or taints.
        """
        hard = tuple(c for c in self._constraints(query, view) if c.hard)
        if event.pod is None and event.was is None:
            return _node_hint(event, hard)
        pods = [pod for pod in (event.pod, event.was) if pod is not None]
        if any(pod.namespace != query.template.namespace for pod in pods):
            return False
        if len(pods) == 1:
            return any(c.selector.matches(pods[0].labels) for c in hard)
        return any(
            c.selector.matches(pods[0].labels) != c.selector.matches(pods[1].labels) for c in hard
        )

    # --- filter

    def filter(self, query: Query, view: View, rows: Rows) -> NDArray[np.uint8]:
        """1 where a domain would get too full, 2 where the node lacks a label."""
        hard = tuple(c for c in self._constraints(query, view) if c.hard)
        verdict = np.zeros(len(view.nodes.exists[rows]), np.uint8)
        keys = tuple(c.topology_key for c in hard)
        for own in reversed(hard):
            ids = view.nodes.topology.domain(own.topology_key).ids[rows]
            lacks = ids < 0
            full = self._skews(query, view, own, keys) > own.max_skew
            verdict[np.append(full, False)[ids]] = 1
            verdict[lacks] = 2
        return verdict

    def _skews(
        self, query: Query, view: View, own: SpreadConstraint, keys: tuple[str, ...]
    ) -> Floats:
        """By domain: matching pods with this one, less the global minimum."""
        template, domain = query.template, view.nodes.topology.domain(own.topology_key)
        mask = self._counter.spread_mask(template, own, keys, view)
        counts = self._counts(query, view, own, mask)
        present = np.zeros(len(domain.values), bool)
        present[domain.ids[mask[1]]] = True
        least = float(counts[present].min(initial=np.inf))
        if np.count_nonzero(present) < own.min_domains:
            least = 0.0
        return counts + own.selector.matches(template.labels) - least

    def broken(
        self, query: Query, view: View, row: int
    ) -> Iterator[tuple[SpreadConstraint, int | None]]:
        """Hard constraints that one node breaks, with the maxSkew that would let it pass; None
        where the node lacks the label.
        """
        hard = tuple(c for c in self._constraints(query, view) if c.hard)
        keys = tuple(c.topology_key for c in hard)
        for own in hard:
            domain = int(view.nodes.topology.domain(own.topology_key).ids[row])
            if domain < 0:
                yield own, None
            else:
                skew = int(self._skews(query, view, own, keys)[domain])
                if skew > own.max_skew:
                    yield own, skew

    def _counts(
        self, query: Query, view: View, own: SpreadConstraint, mask: tuple[Hashable, Mask]
    ) -> Floats:
        """Matching pods by domain over the nodes of the mask, the view's moves among them."""
        namespace = query.template.namespace
        key, weigh = _tally(namespace, own.selector)
        counts = self._counter.per_domain(
            view, key, weigh, live=True, topology_key=own.topology_key, mask=mask
        )
        if not view.moves:
            return counts
        counts = counts.copy()
        ids = view.nodes.topology.domain(own.topology_key).ids
        for pod, row, sign in view.moves:
            if mask[1][row] and _matches(view.cluster.template_of(pod), namespace, own.selector):
                counts[ids[row]] += sign
        return counts

    # --- score

    def score(self, query: Query, view: View, rows: Rows) -> NDArray[Any] | None:
        """Σ over soft constraints of count·ln(domains + 2) + maxSkew − 1, rounded; 0 where the
        node is ignored.
        """
        soft = tuple(c for c in self._constraints(query, view) if not c.hard)
        if not soft:
            return None
        ignored = self._ignored(query, view, soft, rows)
        total = np.zeros(len(ignored))
        for own in soft:
            if own.topology_key == HOSTNAME_LABEL:
                counts, size = self._on_host(query, view, own, rows), _left(ignored)
            else:
                counts, size = self._in_domain(query, view, own, soft, rows, ignored)
            here = view.nodes.topology.domain(own.topology_key).ids[rows] >= 0
            part = counts * math.log(size + 2) + float(own.max_skew - 1)
            total = np.where(here, total + part, total)
        whole = np.floor(total)
        whole += total - whole >= 0.5
        whole[ignored] = 0.0
        return whole

    def _ignored(self, query: Query, view: View, soft: Constraints, rows: Rows) -> Mask:
        """Nodes that lack a label of a constraint; system defaults ignore none."""
        if not self._requires_all(query):
            return np.zeros(len(view.nodes.exists[rows]), bool)
        return ~view.nodes.topology.has_all([c.topology_key for c in soft])[rows]

    def _requires_all(self, query: Query) -> bool:
        return bool(query.template.spread) or not self._system

    def _on_host(self, query: Query, view: View, own: SpreadConstraint, rows: Rows) -> Floats:
        key, weigh = _tally(query.template.namespace, own.selector)
        return view.tally(key, weigh, live=True).count[rows].astype(np.float64)

    def _in_domain(
        self,
        query: Query,
        view: View,
        own: SpreadConstraint,
        soft: Constraints,
        rows: Rows,
        ignored: Mask,
    ) -> tuple[Floats, int]:
        """(matching pods in each node's domain, number of domains among the nodes scored)."""
        keys = tuple(c.topology_key for c in soft) if self._requires_all(query) else ()
        mask = self._counter.spread_mask(query.template, own, keys, view)
        counts = self._counts(query, view, own, mask)
        ids = view.nodes.topology.domain(own.topology_key).ids[rows]
        seen = np.bincount(ids[~ignored] + 1, minlength=1)
        return np.append(counts, 0.0)[ids], int(np.count_nonzero(seen))

    def finish(self, query: Query, view: View, rows: Rows, raw: NDArray[Any]) -> NDArray[np.int64]:
        """100·(max + min − s) // max over the nodes that are not ignored, which get 0."""
        soft = tuple(c for c in self._constraints(query, view) if not c.hard)
        ignored = self._ignored(query, view, soft, rows)
        scores = raw.astype(np.int64)
        counted = scores[~ignored]
        top = int(counted.max(initial=0))
        if top == 0:
            scores[:] = MAX_NODE_SCORE
        else:
            scores = MAX_NODE_SCORE * (top + int(counted.min()) - scores) // top
        scores[ignored] = 0
        return scores


def _node_hint(event: Event, hard: Constraints) -> bool:
    node, before = event.node, event.before
    keys = [c.topology_key for c in hard]
    if node is None or before is None:
        spec = node or before
        return spec is None or all(key in spec.labels for key in keys)
    has, had = (all(key in spec.labels for key in keys) for spec in (node, before))
    if has != had:
        return True
    moved = any(node.labels.get(key) != before.labels.get(key) for key in keys)
    return has and (moved or node.taints != before.taints)


def _left(ignored: Mask) -> int:
    return len(ignored) - int(np.count_nonzero(ignored))


def _tally(namespace: str, selector: LabelSelector) -> tuple[Hashable, Weigh]:
    """What counting asks; an empty selector counts nobody, though it matches everybody."""
    return (
        "spread",
        namespace,
        selector,
    ), lambda template: not selector.empty and _matches(template, namespace, selector)


def _matches(template: PodTemplate, namespace: str, selector: LabelSelector) -> bool:
    return template.namespace == namespace and selector.matches(template.labels)
