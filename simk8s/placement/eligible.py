"""Which nodes a pod's own node affinity and tolerations leave open, and pods counted per domain.

Both are kept until a node's spec changes (masks) or a pod that counts comes or goes (counts).
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.view import View
from simk8s.state.affinity import SpreadConstraint
from simk8s.state.nodes import NodeTable
from simk8s.state.selectors import PREFER_NO_SCHEDULE, Toleration, tolerated
from simk8s.state.shapes import PodTemplate
from simk8s.state.tallies import Weigh

Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]
LIMIT = 4096
"""Masks or counts kept; beyond it all are dropped."""


def affinity_mask(template: PodTemplate, nodes: NodeTable) -> Mask:
    """Nodes that match nodeSelector and required node affinity."""
    topology = nodes.topology
    mask = np.ones(nodes.n, bool)
    for line in template.node_selector:
        mask &= topology.line(line)
    if template.required_nodes is not None:
        some = np.zeros(nodes.n, bool)
        for term in template.required_nodes:
            some |= topology.term(term)
        mask &= some
    return mask


def taint_mask(tolerations: tuple[Toleration, ...], nodes: NodeTable) -> Mask:
    """Nodes without an untolerated NoSchedule or NoExecute taint."""
    table = [
        all(t.effect == PREFER_NO_SCHEDULE or tolerated(tolerations, t) for t in taints)
        for taints in nodes.taint_sets
    ]
    return np.array(table, bool)[nodes.taint_set]


class Counter:
    """Counts of one view's real cluster, by topology domain, kept while they hold."""

    def __init__(self) -> None:
        self._masks: dict[Hashable, tuple[int, Mask]] = {}
        self._counts: dict[Hashable, tuple[tuple[int, int], Floats]] = {}

    def spread_mask(
        self, template: PodTemplate, own: SpreadConstraint, keys: tuple[str, ...], view: View
    ) -> tuple[Hashable, Mask]:
        """Nodes whose pods count for a constraint: they have all `keys` and the policies let
        them in.
        """
        nodes = view.nodes
        selects = own.honor_affinity and (
            template.node_selector or template.required_nodes is not None
        )
        affinity = (template.node_selector, template.required_nodes) if selects else None
        tolerations = template.tolerations if own.honor_taints else None
        name = (keys, affinity, tolerations)
        known = self._masks.get(name)
        if known is not None and known[0] == nodes.spec_version:
            return name, known[1]
        mask = nodes.topology.has_all(list(keys)) & nodes.exists.view(bool)
        if affinity is not None:
            mask &= affinity_mask(template, nodes)
        if tolerations is not None:
            mask &= taint_mask(tolerations, nodes)
        _keep(self._masks, name, (nodes.spec_version, mask))
        return name, mask

    def per_domain(
        self,
        view: View,
        key: Hashable,
        weigh: Weigh,
        *,
        live: bool,
        topology_key: str,
        mask: tuple[Hashable, Mask] | None = None,
    ) -> Floats:
        """Tally `key` of the real cluster summed per domain, over the nodes of the mask (all
        that exist if None).
        """
        tally = view.tally(key, weigh, live=live)
        nodes = view.nodes
        stamp = (tally.changed, nodes.spec_version)
        name = (key, live, topology_key, None if mask is None else mask[0])
        known = self._counts.get(name)
        if known is not None and known[0] == stamp:
            return known[1]
        domain = nodes.topology.domain(topology_key)
        chosen = (nodes.exists.view(bool) if mask is None else mask[1]) & (domain.ids >= 0)
        counts: Floats = np.bincount(
            domain.ids[chosen], weights=tally.count[chosen], minlength=len(domain.values)
        ).astype(np.float64)
        _keep(self._counts, name, (stamp, counts))
        return counts


def _keep(kept: dict[Hashable, Any], name: Hashable, value: object) -> None:
    if len(kept) >= LIMIT:
        kept.clear()
    kept[name] = value
