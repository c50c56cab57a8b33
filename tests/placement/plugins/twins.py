"""Scalar twins of the plugins that count pods: one node and one pod at a time, nothing kept."""

from __future__ import annotations

import math

from simk8s.placement.base import Query
from simk8s.placement.view import View
from simk8s.schema.labels import HOSTNAME_LABEL
from simk8s.state.affinity import PodTerm, SpreadConstraint
from simk8s.state.nodes import NodeSpec
from simk8s.state.pods import NEVER
from simk8s.state.selectors import PREFER_NO_SCHEDULE, tolerated
from simk8s.state.shapes import PodTemplate


def here(view: View) -> list[int]:
    return [row for row in range(view.nodes.n) if view.nodes.exists[row]]


def matches_affinity(own: PodTemplate, spec: NodeSpec) -> bool:
    if not all(line.matches(spec.labels) for line in own.node_selector):
        return False
    fields = {"metadata.name": spec.name}
    terms = own.required_nodes
    return terms is None or any(t.matches(spec.labels, fields) for t in terms)


def counts_here(own: PodTemplate, constraint: SpreadConstraint, spec: NodeSpec) -> bool:
    if constraint.honor_affinity and not matches_affinity(own, spec):
        return False
    blocking = [t for t in spec.taints if t.effect != PREFER_NO_SCHEDULE]
    return not constraint.honor_taints or all(tolerated(own.tolerations, t) for t in blocking)


def matching(view: View, own: PodTemplate, constraint: SpreadConstraint, row: int) -> int:
    if constraint.selector.empty:
        return 0
    found = 0
    for pod in view.pods_on(row):
        other = view.cluster.template_of(pod)
        alive = view.pods.deletion_us[pod] == NEVER
        same = other.namespace == own.namespace
        found += alive and same and constraint.selector.matches(other.labels)
    return found


def spread_filter(query: Query, view: View, row: int) -> int:
    own, specs = query.template, view.nodes.specs
    hard = [c for c in own.spread if c.hard]
    keys = [c.topology_key for c in hard]
    for constraint in hard:
        key = constraint.topology_key
        if key not in specs[row].labels:
            return 2
        counts: dict[str, int] = {}
        for other in here(view):
            spec = specs[other]
            if all(k in spec.labels for k in keys) and counts_here(own, constraint, spec):
                value = spec.labels[key]
                counts[value] = counts.get(value, 0) + matching(view, own, constraint, other)
        least = min(counts.values(), default=1 << 31)
        if len(counts) < constraint.min_domains:
            least = 0
        mine = counts.get(specs[row].labels[key], 0)
        if mine + constraint.selector.matches(own.labels) - least > constraint.max_skew:
            return 1
    return 0


def spread_raw(query: Query, view: View, rows: list[int]) -> list[int]:
    own, specs = query.template, view.nodes.specs
    soft = [c for c in own.spread if not c.hard]
    keys = [c.topology_key for c in soft]
    kept = [r for r in rows if all(k in specs[r].labels for k in keys)]
    found = []
    for row in rows:
        total = 0.0
        for constraint in soft if row in kept else ():
            key = constraint.topology_key
            domains = {specs[r].labels[key] for r in kept}
            if key == HOSTNAME_LABEL:
                count, size = matching(view, own, constraint, row), len(kept)
            else:
                size = len(domains)
                count = sum(
                    matching(view, own, constraint, other)
                    for other in here(view)
                    if all(k in specs[other].labels for k in keys)
                    and counts_here(own, constraint, specs[other])
                    and specs[other].labels[key] == specs[row].labels[key]
                )
            total += count * math.log(size + 2) + (constraint.max_skew - 1)
        whole = math.floor(total)
        found.append(whole + (total - whole >= 0.5))
    return found


def spread_normal(query: Query, view: View, rows: list[int], raw: list[int]) -> list[int]:
    keys = [c.topology_key for c in query.template.spread if not c.hard]
    specs = view.nodes.specs
    kept = [all(k in specs[row].labels for k in keys) for row in rows]
    counted = [s for s, keep in zip(raw, kept, strict=True) if keep]
    top, least = max(counted, default=0), min(counted, default=0)
    return [
        (0 if not keep else 100 if not top else 100 * (top + least - s) // top)
        for s, keep in zip(raw, kept, strict=True)
    ]


def means(view: View, term: PodTerm, pod: PodTemplate) -> bool:
    return term.matches(pod.namespace, pod.labels, view.objects.namespaces)


def together(view: View, key: str, row: int) -> list[PodTemplate]:
    """Pods in the same domain of a node."""
    specs = view.nodes.specs
    value = specs[row].labels.get(key)
    return [
        view.cluster.template_of(pod)
        for other in here(view)
        if value is not None and specs[other].labels.get(key) == value
        for pod in view.pods_on(other)
    ]


def affinity_filter(query: Query, view: View, row: int) -> int:
    own, labels = query.template, view.nodes.specs[row].labels
    required = own.affinity.required
    if required:
        if any(t.topology_key not in labels for t in required):
            return 1
        kin = [
            (other, view.cluster.template_of(pod))
            for other in here(view)
            for pod in view.pods_on(other)
            if all(means(view, t, view.cluster.template_of(pod)) for t in required)
        ]
        near = all(
            any(
                view.nodes.specs[other].labels.get(t.topology_key) == labels[t.topology_key]
                for other, _ in kin
            )
            for t in required
        )
        known = any(
            t.topology_key in view.nodes.specs[other].labels for t in required for other, _ in kin
        )
        first = not known and all(means(view, t, own) for t in required)
        if not near and not first:
            return 1
    for term in own.affinity.anti_required:
        if any(means(view, term, p) for p in together(view, term.topology_key, row)):
            return 2
    for other in here(view):
        for pod in view.pods_on(other):
            for term in view.cluster.template_of(pod).affinity.anti_required:
                there = view.nodes.specs[other].labels.get(term.topology_key)
                same = there is not None and there == labels.get(term.topology_key)
                if same and means(view, term, own):
                    return 3
    return 0


def affinity_raw(query: Query, view: View, rows: list[int]) -> list[int] | None:
    own, matched = query.template, False
    scores: dict[tuple[str, str], int] = {}
    for other in here(view):
        labels = view.nodes.specs[other].labels
        for pod in view.pods_on(other):
            its = view.cluster.template_of(pod)
            signed = [(t, t.weight, its) for t in own.affinity.preferred]
            signed += [(t, -t.weight, its) for t in own.affinity.anti_preferred]
            signed += [(t, 1, own) for t in its.affinity.required]
            signed += [(t, t.weight, own) for t in its.affinity.preferred]
            signed += [(t, -t.weight, own) for t in its.affinity.anti_preferred]
            for term, weight, whom in signed:
                if means(view, term, whom) and term.topology_key in labels:
                    matched = True
                    pair = (term.topology_key, labels[term.topology_key])
                    scores[pair] = scores.get(pair, 0) + weight
    if not matched:
        return None
    return [
        sum(
            score
            for (key, value), score in scores.items()
            if view.nodes.specs[row].labels.get(key) == value
        )
        for row in rows
    ]


def affinity_normal(raw: list[int]) -> list[int]:
    least, gap = min(raw), max(raw) - min(raw)
    return [int(100.0 * ((s - least) / gap)) if gap else 0 for s in raw]
