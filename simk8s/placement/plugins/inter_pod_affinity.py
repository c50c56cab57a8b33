"""InterPodAffinity: pods that want to be, or must not be, near other pods.

Every distinct term among the charged pods is counted by a tally of its own; the incoming pod asks
only the terms that mean it. Which those are is worked out once per template (a plan) and holds
until a term comes or goes; sums over terms are taken by domain, and only the last step is per node.

Mirrors: kube-scheduler v1.36 plugins/interpodaffinity: required affinity (a pod that matches its
own terms may be the first of its kind), required anti-affinity of the pod and of pods that run;
preferred terms of both sides and required affinity of running pods (hardPodAffinityWeight) score;
namespaces and namespaceSelector; skipped when no term matches anything.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from simk8s.placement.base import (
    MAX_NODE_SCORE,
    NO_EFFORT,
    SUCCESS,
    Code,
    Effort,
    FilterPlugin,
    Query,
    Rows,
    Scope,
    ScorePlugin,
    Status,
)
from simk8s.placement.eligible import LIMIT, Counter, Floats, Watch
from simk8s.placement.events import Change, Event
from simk8s.placement.view import View
from simk8s.state.affinity import NO_AFFINITY, PodAffinity, PodTerm
from simk8s.state.cluster import TermKind
from simk8s.state.nodes import NodeSpec
from simk8s.state.shapes import PodTemplate
from simk8s.state.tallies import Weigh

_SCORING = (TermKind.PREFERRED, TermKind.ANTI_PREFERRED, TermKind.REQUIRED)
Bearing = tuple[TermKind, PodTerm]
"""A term of a pod that runs."""


class Params(BaseModel):
    """InterPodAffinityArgs."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    hard_pod_affinity_weight: int = Field(1, alias="hardPodAffinityWeight", ge=0, le=100)
    ignore_preferred_terms_of_existing_pods: bool = Field(
        False, alias="ignorePreferredTermsOfExistingPods"
    )


@dataclass(slots=True)
class _Count:
    """Pods by domain of one label: those that have a term, or those that terms mean."""

    topology_key: str
    weigh: Weigh
    watch: Watch

    def read(self, view: View) -> tuple[Floats, bool]:
        """(by domain, one 0 more at the end, the view's moves among them; whether any is there).
        Do not write to it.
        """
        counts = self.watch.read(view, self.topology_key, None)
        if not view.moves:
            return counts, self.watch.held > 0.0
        counts, ids = counts.copy(), self.watch.domain.ids
        for pod, row, sign in view.moves:
            if ids[row] >= 0:
                counts[ids[row]] += sign * self.weigh(view.cluster.template_of(pod))
        return counts, bool(counts.any())


@dataclass(slots=True)
class _Plan:
    """What is counted for one template."""

    template: PodTemplate
    version: tuple[int, int]
    rejecting: tuple[tuple[int, _Count], ...]
    """Anti-affinity: the verdict on nodes near what is counted; later ones win."""
    required: tuple[_Count, ...]
    scored: tuple[tuple[str, tuple[tuple[int, _Count], ...]], ...]
    """By label: (weight, what)."""


class InterPodAffinity(FilterPlugin, ScorePlugin):
    """Filter by required terms, score by preferred ones."""

    name: ClassVar[str] = "InterPodAffinity"
    scope: ClassVar[Scope] = Scope.CLUSTER
    statuses: ClassVar[tuple[Status, ...]] = (
        SUCCESS,
        Status(Code.UNSCHEDULABLE_AND_UNRESOLVABLE, ("node(s) didn't match pod affinity rules",)),
        Status(Code.UNSCHEDULABLE, ("node(s) didn't match pod anti-affinity rules",)),
        Status(Code.UNSCHEDULABLE, ("node(s) didn't satisfy existing pods anti-affinity rules",)),
    )
    events: ClassVar[int] = (
        Change.POD_ADD
        | Change.POD_LABELS
        | Change.POD_DELETE
        | Change.NODE_ADD
        | Change.NODE_LABELS
    )

    def __init__(self, params: Params | None = None) -> None:
        params = params or Params()
        self._hard_weight = params.hard_pod_affinity_weight
        self._ignores = params.ignore_preferred_terms_of_existing_pods
        self._counter = Counter()
        self._plans: dict[int, _Plan] = {}

    def key(self, query: Query, view: View) -> Hashable | None:
        """Namespace, labels and terms; nothing to do where no pod has any."""
        if not self.wakes(query, view):
            return None
        own = query.template
        return (own.namespace, tuple(sorted(own.labels.items())), own.affinity)

    def hint(self, event: Event, query: Query, view: View) -> bool:
        """A pod came that all affinity terms mean, one went that all anti-affinity terms mean or
        all of whose anti-affinity terms mean this pod, or a node's domains are others now.
        """
        own = query.template.affinity
        if event.node is not None:
            return _node_hint(event, query.template.affinity)

        def meant(terms: tuple[PodTerm, ...], pod: PodTemplate | None) -> bool:
            return pod is not None and bool(terms) and _all_mean(terms, pod, view)

        pod, was = event.pod, event.was
        if meant(own.required, pod) and not meant(own.required, was):
            return True
        if meant(own.anti_required, was) and not meant(own.anti_required, pod):
            return True
        return pod is None and was is not None and meant(was.affinity.anti_required, query.template)

    def wakes(self, query: Query, view: View) -> bool:
        """Whether this pod or any that runs has terms."""
        if query.template.affinity is not NO_AFFINITY or view.cluster.terms:
            return True
        return any(view.cluster.template_of(p).affinity.anti_required for p, _, _ in view.moves)

    def effort(self, query: Query, view: View) -> Effort:
        """PreFilter: pods with required anti-affinity, and all pods if the own one has required
        terms. PreScore: all pods if it has preferred terms, else those with terms of any kind.
        """
        cluster, own = view.cluster, query.template.affinity
        if own is NO_AFFINITY and not cluster.terms:
            return NO_EFFORT
        held = [0] * len(TermKind)
        for (kind, _), count in cluster.terms.items():
            held[kind] += count
        everybody, whole = cluster.charged, view.nodes.n
        looked = [min(held[TermKind.ANTI_REQUIRED], everybody)]
        if own.required or own.anti_required:
            looked.append(everybody)
        preferring = bool(own.preferred or own.anti_preferred)
        looked.append(everybody if preferring else min(sum(held), everybody))
        nodes = sum(min(whole, pods) for pods in looked)
        return Effort(nodes, sum(looked))

    # --- what to count

    def _plan(self, query: Query, view: View) -> _Plan:
        own, cluster = query.template, view.cluster
        if self._counter.moved(view):
            self._plans.clear()
        further = tuple(_new_terms(view)) if view.moves else ()
        if further:
            return self._make_plan(own, view, further)
        version = (cluster.terms_version, view.objects.version)
        plan = self._plans.get(own.id)
        if plan is None or plan.template is not own or plan.version != version:
            if len(self._plans) >= LIMIT:
                self._plans.clear()
            plan = self._plans[own.id] = self._make_plan(own, view, ())
        return plan

    def _make_plan(self, own: PodTemplate, view: View, further: tuple[Bearing, ...]) -> _Plan:
        """For a template, with the terms of pods that run and further ones."""
        known = view.objects.namespaces
        meaning: dict[TermKind, list[PodTerm]] = {kind: [] for kind in TermKind}
        for kind, term in (*view.cluster.terms, *further):
            if term.matches(own.namespace, own.labels, known):
                meaning[kind].append(term)

        def bearing(kind: TermKind) -> Iterator[tuple[PodTerm, _Count]]:
            for term in meaning[kind]:
                yield term, self._count(view, *_bearers(kind, term))

        rejecting = [(3, count) for _, count in bearing(TermKind.ANTI_REQUIRED)]
        affinity = own.affinity
        rejecting += [(2, self._count(view, *_meant(view, (t,)))) for t in affinity.anti_required]
        required = affinity.required
        joint = _meant(view, required)[1:] if required else ()
        near = tuple(self._count(view, t.topology_key, *joint) for t in required)
        by_label: dict[str, list[tuple[int, _Count]]] = {}
        if not self._ignores or affinity.preferred or affinity.anti_preferred:
            for sign, terms in ((1, affinity.preferred), (-1, affinity.anti_preferred)):
                for term in terms:
                    count = self._count(view, *_meant(view, (term,)))
                    by_label.setdefault(term.topology_key, []).append((sign * term.weight, count))
            for kind in _SCORING if self._hard_weight else _SCORING[:2]:
                for term, count in bearing(kind):
                    weight = self._weight(kind, term)
                    by_label.setdefault(term.topology_key, []).append((weight, count))
        scored = tuple((label, tuple(counts)) for label, counts in by_label.items())
        version = (view.cluster.terms_version, view.objects.version)
        return _Plan(own, version, tuple(rejecting), near, scored)

    def _count(self, view: View, topology_key: str, weigh: Weigh, key: Hashable) -> _Count:
        watch = self._counter.watch(view, key, weigh, live=False, topology_key=topology_key)
        return _Count(topology_key, weigh, watch)

    # --- filter

    def filter(self, query: Query, view: View, rows: Rows) -> NDArray[np.uint8]:
        """1 unmet affinity, 2 own anti-affinity, 3 anti-affinity of pods that run."""
        plan = self._plan(query, view)
        verdict = np.zeros(len(view.nodes.exists[rows]), np.uint8)
        for number, count in plan.rejecting:
            counts, some = count.read(view)
            if some:
                verdict[count.watch.domain.per_node(counts > 0, rows)] = number
        if plan.required:
            verdict[~self._affine(query, view, rows, plan.required)] = 1
        return verdict

    def _affine(
        self, query: Query, view: View, rows: Rows, required: tuple[_Count, ...]
    ) -> NDArray[np.bool_]:
        """Nodes near pods that match all required terms, for each term."""
        near = np.ones(len(view.nodes.exists[rows]), bool)
        labelled = near.copy()
        nobody = True
        for count in required:
            counts, some = count.read(view)
            nobody &= not some
            domain = count.watch.domain
            if domain.lacking:
                labelled &= domain.ids[rows] >= 0
            near &= domain.per_node(counts > 0, rows)
        if nobody and _all_mean(query.template.affinity.required, query.template, view):
            return labelled
        return near & labelled

    # --- score

    def score(self, query: Query, view: View, rows: Rows) -> NDArray[Any] | None:
        """Weights of the terms that match, summed over the pods in each node's domains."""
        total: Floats | None = None
        for _, weighted in self._plan(query, view).scored:
            table: Floats | None = None
            for weight, count in weighted:
                counts, some = count.read(view)
                if some:
                    part = counts * float(weight)
                    table = part if table is None else table + part
            if table is not None:
                found = weighted[0][1].watch.domain.per_node(table, rows)
                total = found if total is None else total + found
        return total

    def _weight(self, kind: TermKind, term: PodTerm) -> int:
        """What a term of a pod that runs adds where that pod is."""
        if kind is TermKind.REQUIRED:
            return self._hard_weight
        return term.weight if kind is TermKind.PREFERRED else -term.weight

    def finish(self, query: Query, view: View, rows: Rows, raw: NDArray[Any]) -> NDArray[np.int64]:
        """100·(s − min) / (max − min) in floating point, cut off; 0 where all are equal."""
        least, gap = float(raw.min()), float(raw.max() - raw.min())
        if not gap:
            return np.zeros(len(raw), np.int64)
        scaled = float(MAX_NODE_SCORE) * ((raw - least) / gap)
        return scaled.astype(np.int64)


def _node_hint(event: Event, own: PodAffinity) -> bool:
    node, before = event.node, event.before
    if node is None:
        return False
    keys = [term.topology_key for term in own.required]
    anti_keys = [term.topology_key for term in own.anti_required]
    if before is None:
        return bool(anti_keys) or any(key in node.labels for key in keys)
    joined = any(key in node.labels and _differs(key, node, before) for key in keys)
    return joined or any(key in before.labels and _differs(key, node, before) for key in anti_keys)


def _differs(key: str, node: NodeSpec, before: NodeSpec) -> bool:
    return node.labels.get(key) != before.labels.get(key)


def _terms(affinity: PodAffinity, kind: TermKind) -> tuple[PodTerm, ...]:
    return (
        affinity.required,
        affinity.preferred,
        affinity.anti_required,
        affinity.anti_preferred,
    )[kind]


def _new_terms(view: View) -> Iterator[Bearing]:
    """Terms of moved pods that no pod of the real cluster has."""
    found: dict[Bearing, None] = {}
    for pod, _, _ in view.moves:
        affinity = view.cluster.template_of(pod).affinity
        if affinity is not NO_AFFINITY:
            for kind in TermKind:
                found.update(dict.fromkeys((kind, term) for term in _terms(affinity, kind)))
    return (bearing for bearing in found if bearing not in view.cluster.terms)


def _bearers(kind: TermKind, term: PodTerm) -> tuple[str, Weigh, Hashable]:
    """Pods that have a term, as often as they have it."""
    return (
        term.topology_key,
        lambda template: _terms(template.affinity, kind).count(term),
        ("bearers", kind, term),
    )


def _meant(view: View, terms: tuple[PodTerm, ...]) -> tuple[str, Weigh, Hashable]:
    """Pods that all of the terms mean."""
    version = view.objects.version if any(_by_label(t) for t in terms) else 0
    plain = tuple((t.selector, t.namespaces, t.namespace_selector) for t in terms)
    return (
        terms[0].topology_key,
        lambda template: _all_mean(terms, template, view),
        ("meant", plain, version),
    )


def _all_mean(terms: tuple[PodTerm, ...], template: PodTemplate, view: View) -> bool:
    known = view.objects.namespaces
    return all(t.matches(template.namespace, template.labels, known) for t in terms)


def _by_label(term: PodTerm) -> bool:
    return not term.namespace_selector.nothing
