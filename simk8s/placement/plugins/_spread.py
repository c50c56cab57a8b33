"""Parts of topology spreading that need no plugin: domains, rounding, hints."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

from simk8s.placement.base import ALL, Rows
from simk8s.placement.eligible import Floats, Mask
from simk8s.placement.events import Event
from simk8s.placement.view import View
from simk8s.state.affinity import SpreadConstraint
from simk8s.state.selectors import LabelSelector
from simk8s.state.shapes import PodTemplate
from simk8s.state.tallies import Weigh
from simk8s.state.topology import Domain


def spread_node_hint(event: Event, hard: Sequence[SpreadConstraint]) -> bool:
    """A node with all keys came or went, or changed its domains or taints."""
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


def domains_among(domain: Domain, rows: Rows, ignored: Mask | None) -> int:
    """How many domains (no label being one) the nodes scored are in."""
    if isinstance(rows, slice) and rows == ALL and ignored is None:
        return len(domain.values) + domain.lacking
    ids = domain.ids[rows] if ignored is None else domain.ids[rows][~ignored]
    return int(np.count_nonzero(np.bincount(ids + 1, minlength=1)))


def rounded(total: Floats) -> Floats:
    """Half away from zero (nothing is negative here)."""
    whole: Floats = np.floor(total)
    whole += total - whole >= 0.5
    return whole


def left(ignored: Mask) -> int:
    return len(ignored) - int(np.count_nonzero(ignored))


def spread_tally(namespace: str, selector: LabelSelector) -> tuple[Hashable, Weigh]:
    """What counting asks; an empty selector counts nobody, though it matches everybody."""
    return (
        "spread",
        namespace,
        selector,
    ), lambda template: not selector.empty and selects(template, namespace, selector)


def selects(template: PodTemplate, namespace: str, selector: LabelSelector) -> bool:
    return template.namespace == namespace and selector.matches(template.labels)


def candidates(template: PodTemplate, own: SpreadConstraint, view: View) -> list[int] | None:
    """Templates that a constraint can count; None = it could be any."""
    return view.cluster.templates.candidates(template.namespace, own.selector)
