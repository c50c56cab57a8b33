"""InterPodAffinity: pods that want to be, or must not be, near other pods.

Every distinct term among the charged pods is counted by a tally of its own; the incoming pod asks
only the terms that mean it.

Mirrors: kube-scheduler v1.36 plugins/interpodaffinity: required affinity (a pod that matches its
own terms may be the first of its kind), required anti-affinity of the pod and of pods that run;
preferred terms of both sides and required affinity of running pods (hardPodAffinityWeight) score;
namespaces and namespaceSelector; skipped when no term matches anything.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any, ClassVar

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
from simk8s.placement.eligible import Counter, Floats
from simk8s.placement.view import View
from simk8s.state.affinity import NO_AFFINITY, PodAffinity, PodTerm
from simk8s.state.cluster import TermKind
from simk8s.state.shapes import PodTemplate
from simk8s.state.tallies import Weigh


class Params(BaseModel):
    """InterPodAffinityArgs."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    hard_pod_affinity_weight: int = Field(1, alias="hardPodAffinityWeight", ge=0, le=100)
    ignore_preferred_terms_of_existing_pods: bool = Field(
        False, alias="ignorePreferredTermsOfExistingPods"
    )


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

    def __init__(self, params: Params | None = None) -> None:
        params = params or Params()
        self._hard_weight = params.hard_pod_affinity_weight
        self._ignores = params.ignore_preferred_terms_of_existing_pods
        self._counter = Counter()

    def key(self, query: Query, view: View) -> Hashable | None:
        """Namespace, labels and terms; nothing to do where no pod has any."""
        own = query.template
        if not any((own.affinity.required, own.affinity.preferred)) and not any(
            (own.affinity.anti_required, own.affinity.anti_preferred)
        ):
            moved = any(_anti(view, pod) for pod, _, _ in view.moves)
            if not view.cluster.terms and not moved:
                return None
        return (own.namespace, tuple(sorted(own.labels.items())), own.affinity)

    def wakes(self, query: Query, view: View) -> bool:
        """Most clusters have no terms."""
        if query.template.affinity is NO_AFFINITY and not view.cluster.terms and not view.moves:
            return False
        return self.key(query, view) is not None

    # --- filter

    def filter(self, query: Query, view: View, rows: Rows) -> NDArray[np.uint8]:
        """1 unmet affinity, 2 own anti-affinity, 3 anti-affinity of pods that run."""
        own = query.template.affinity
        verdict = np.zeros(len(view.nodes.exists[rows]), np.uint8)
        for term in self._terms_meaning(query, view, TermKind.ANTI_REQUIRED):
            verdict[self._near(view, rows, *_bearers(TermKind.ANTI_REQUIRED, term))] = 3
        for term in own.anti_required:
            verdict[self._near(view, rows, *_meant(view, (term,)))] = 2
        if own.required:
            verdict[~self._affine(query, view, rows)] = 1
        return verdict

    def _affine(self, query: Query, view: View, rows: Rows) -> NDArray[np.bool_]:
        """Nodes near pods that match all required terms, for each term."""
        terms = query.template.affinity.required
        near = np.ones(len(view.nodes.exists[rows]), bool)
        labelled = near.copy()
        nobody = True
        _, weigh, key = _meant(view, terms)
        for term in terms:
            counts = self._counts(view, term.topology_key, weigh, key)
            nobody &= not counts.any()
            ids = view.nodes.topology.domain(term.topology_key).ids[rows]
            labelled &= ids >= 0
            near &= np.append(counts > 0, False)[ids]
        if nobody and _all_mean(terms, query.template, view):
            return labelled
        return near & labelled

    def _terms_meaning(self, query: Query, view: View, kind: TermKind) -> Iterator[PodTerm]:
        """Distinct terms of that kind, of pods that run, that mean the incoming pod."""
        own, known = query.template, view.objects.namespaces
        seen: dict[PodTerm, None] = {}
        for other, term in view.cluster.terms:
            if other is kind:
                seen[term] = None
        for pod, _, _ in view.moves:
            affinity = view.cluster.template_of(pod).affinity
            seen.update(dict.fromkeys(_terms(affinity, kind)))
        for term in seen:
            if term.matches(own.namespace, own.labels, known):
                yield term

    def _near(
        self, view: View, rows: Rows, topology_key: str, weigh: Weigh, key: Hashable
    ) -> NDArray[np.bool_]:
        """Nodes in a domain that holds a pod that weighs something."""
        counts = self._counts(view, topology_key, weigh, key)
        ids = view.nodes.topology.domain(topology_key).ids[rows]
        near: NDArray[np.bool_] = np.append(counts > 0, False)[ids]
        return near

    def _counts(self, view: View, topology_key: str, weigh: Weigh, key: Hashable) -> Floats:
        counts = self._counter.per_domain(view, key, weigh, live=False, topology_key=topology_key)
        if not view.moves:
            return counts
        counts = counts.copy()
        ids = view.nodes.topology.domain(topology_key).ids
        for pod, row, sign in view.moves:
            if ids[row] >= 0:
                counts[ids[row]] += sign * weigh(view.cluster.template_of(pod))
        return counts

    # --- score

    def score(self, query: Query, view: View, rows: Rows) -> NDArray[Any] | None:
        """Weights of the terms that match, summed over the pods in each node's domains."""
        own = query.template.affinity
        if self._ignores and not own.preferred and not own.anti_preferred:
            return None
        total = np.zeros(len(view.nodes.exists[rows]))
        matched = False
        for weight, (topology_key, weigh, key) in self._weighted(query, view):
            counts = self._counts(view, topology_key, weigh, key)
            if counts.any():
                matched = True
                ids = view.nodes.topology.domain(topology_key).ids[rows]
                total += weight * np.append(counts, 0.0)[ids]
        return total if matched else None

    def _weighted(
        self, query: Query, view: View
    ) -> Iterator[tuple[int, tuple[str, Weigh, Hashable]]]:
        """(weight, what to count) of every term that can score."""
        own = query.template.affinity
        for sign, terms in ((1, own.preferred), (-1, own.anti_preferred)):
            for term in terms:
                yield sign * term.weight, _meant(view, (term,))
        for sign, kind in ((1, TermKind.PREFERRED), (-1, TermKind.ANTI_PREFERRED)):
            for term in self._terms_meaning(query, view, kind):
                yield sign * term.weight, _bearers(kind, term)
        if self._hard_weight:
            for term in self._terms_meaning(query, view, TermKind.REQUIRED):
                yield self._hard_weight, _bearers(TermKind.REQUIRED, term)

    def finish(self, query: Query, view: View, rows: Rows, raw: NDArray[Any]) -> NDArray[np.int64]:
        """100·(s − min) / (max − min) in floating point, cut off; 0 where all are equal."""
        least, gap = float(raw.min()), float(raw.max() - raw.min())
        if not gap:
            return np.zeros(len(raw), np.int64)
        scaled = float(MAX_NODE_SCORE) * ((raw - least) / gap)
        return scaled.astype(np.int64)


def _terms(affinity: PodAffinity, kind: TermKind) -> tuple[PodTerm, ...]:
    return (
        affinity.required,
        affinity.preferred,
        affinity.anti_required,
        affinity.anti_preferred,
    )[kind]


def _anti(view: View, pod: int) -> bool:
    return bool(view.cluster.template_of(pod).affinity.anti_required)


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
