"""Which nodes a pod's own node affinity and tolerations leave open, and pods counted per domain.

Masks are kept until a node's spec changes; counts are repaired pod by pod.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.view import View
from simk8s.state.affinity import SpreadConstraint
from simk8s.state.cluster import Cluster
from simk8s.state.nodes import NodeTable
from simk8s.state.selectors import PREFER_NO_SCHEDULE, Toleration, tolerated
from simk8s.state.shapes import PodTemplate
from simk8s.state.tallies import Tally, Weigh
from simk8s.state.topology import Domain

Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]
LIMIT = 4096
"""Masks or watches kept; beyond it all are dropped."""


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


class Watch:
    """A tally of the real cluster summed by topology domain over the nodes of a mask, repaired
    from what changed when it is read.
    """

    __slots__ = ("_changed", "_chosen", "_counts", "_spec_version", "_tally", "domain", "held")

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._changed = 0
        self._spec_version = -1
        self._counts: Floats = np.zeros(1)
        self._chosen: Mask = np.zeros(0, bool)
        self.domain = Domain(np.zeros(0, np.intp), [])
        self.held = 0.0
        """Sum of the counts, as of the last reading."""

    def read(self, view: View, topology_key: str, mask: Mask | None) -> Floats:
        """By domain number; one 0 more at the end, for nodes without the label. Do not write."""
        nodes, tally = view.nodes, self._tally
        view.cluster.tallies.refresh(tally)
        changed = tally.changed
        if changed == self._changed and self._spec_version == nodes.spec_version:
            return self._counts
        news = tally.since(self._changed)
        if news is None or self._spec_version != nodes.spec_version:
            self._sum(nodes, topology_key, mask)
        else:
            ids, chosen = self.domain.ids, self._chosen
            for row, change in news:
                if chosen[row]:
                    self._counts[ids[row]] += change
                    self.held += change
        self._changed = changed
        return self._counts

    def _sum(self, nodes: NodeTable, topology_key: str, mask: Mask | None) -> None:
        domain = self.domain = nodes.topology.domain(topology_key)
        chosen = (nodes.exists.view(bool) if mask is None else mask) & (domain.ids >= 0)
        self._chosen = chosen
        self._counts = np.bincount(
            domain.ids[chosen],
            weights=self._tally.count[chosen],
            minlength=len(domain.values) + 1,
        ).astype(np.float64)
        self.held = float(self._counts.sum())
        self._spec_version = nodes.spec_version


class Counter:
    """Masks and watches of one cluster, shared by all who ask for the same."""

    def __init__(self) -> None:
        self._masks: dict[Hashable, tuple[int, Mask]] = {}
        self._watches: dict[Hashable, Watch] = {}
        self._cluster: Cluster | None = None

    def moved(self, view: View) -> bool:
        """Whether the view is of another cluster than last time; all is forgotten then."""
        if view.cluster is self._cluster:
            return False
        self._cluster = view.cluster
        self._masks.clear()
        self._watches.clear()
        return True

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

    def watch(
        self,
        view: View,
        key: Hashable,
        weigh: Weigh,
        *,
        live: bool,
        topology_key: str,
        mask_name: Hashable = None,
        among: Iterable[int] | None = None,
    ) -> Watch:
        """The watch over a tally by domain; `mask_name` stands for the mask it is read with."""
        name = (key, live, topology_key, mask_name)
        known = self._watches.get(name)
        if known is None:
            known = Watch(view.tally(key, weigh, live=live, among=among))
            _keep(self._watches, name, known)
        return known


def _keep(kept: dict[Hashable, Any], name: Hashable, value: object) -> None:
    if len(kept) >= LIMIT:
        kept.clear()
    kept[name] = value
