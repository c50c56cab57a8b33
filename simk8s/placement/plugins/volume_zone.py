"""VolumeZone: a bound volume with zone or region labels holds the pod in that zone or region.

Mirrors: kube-scheduler v1.36 plugins/volumezone: labels of the volume (GA and beta names, several
zones joined by `__`) against those of the node; a node without any such label passes; claims
without a volume pass only if their class waits for the first consumer.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.base import (
    EVERYWHERE,
    SUCCESS,
    Code,
    FilterPlugin,
    PreFilter,
    Query,
    Rows,
    Scope,
    Status,
)
from simk8s.placement.events import Change
from simk8s.placement.plugins import _claims
from simk8s.placement.view import View
from simk8s.schema.labels import REGION_LABEL, ZONE_LABEL
from simk8s.state.volumes import Claim

BETA = {
    "failure-domain.beta.kubernetes.io/zone": ZONE_LABEL,
    "failure-domain.beta.kubernetes.io/region": REGION_LABEL,
}
LABELS = (*BETA, ZONE_LABEL, REGION_LABEL)
Places = list[tuple[str, frozenset[str | None]]]


class VolumeZone(FilterPlugin):
    """Rejects nodes outside the zones of the pod's bound volumes."""

    name: ClassVar[str] = "VolumeZone"
    scope: ClassVar[Scope] = Scope.CLUSTER
    sleeps_without: ClassVar[str] = "volumes"
    statuses: ClassVar[tuple[Status, ...]] = (
        SUCCESS,
        Status(Code.UNSCHEDULABLE_AND_UNRESOLVABLE, ("node(s) had no available volume zone",)),
    )
    events: ClassVar[int] = Change.NODE_ADD | Change.NODE_LABELS | Change.VOLUMES

    def key(self, query: Query, view: View) -> Hashable | None:
        """The claims; skipped without any."""
        own = query.template
        names = tuple(n for n, ephemeral in _claims.named(own, "") if not ephemeral)
        return (own.namespace, names, view.volumes.version) if names else None

    def wakes(self, query: Query, view: View) -> bool:
        """Most pods have no volumes."""
        return bool(query.template.volumes) and self.key(query, view) is not None

    def prefilter(self, query: Query, view: View) -> PreFilter:
        """Every claim must name a volume that exists, or wait."""
        own, volumes = query.template, view.volumes
        for name, ephemeral in _claims.named(own, ""):
            if ephemeral:
                continue
            claim = volumes.claims.get((own.namespace, name))
            flaw = _flaw(name, claim, view)
            if flaw is not None:
                return PreFilter(Status(Code.UNSCHEDULABLE_AND_UNRESOLVABLE, (flaw,)))
        return EVERYWHERE

    def filter(self, query: Query, view: View, rows: Rows) -> NDArray[np.uint8]:
        """1 where a zone or region differs."""
        nodes = view.nodes
        labelled = np.zeros(nodes.n, bool)
        for label in LABELS:
            labelled |= nodes.topology.domain(label).ids >= 0
        wrong = np.zeros(nodes.n, bool)
        for label, values in _places(query, view):
            own = nodes.topology.domain(label)
            other = nodes.topology.domain(BETA.get(label, label))
            right = own.where(values.__contains__), other.where(values.__contains__)
            wrong |= ~np.where(own.ids >= 0, *right)
        return (wrong & labelled)[rows].view(np.uint8)


def elsewhere(
    query: Query, view: View, row: int
) -> Iterator[tuple[Claim, str, frozenset[str | None], str]]:
    """(claim, label, where its volume is, where the node is) for each that differs."""
    labels = view.nodes.specs[row].labels
    if not any(label in labels for label in LABELS):
        return
    for claim in _claims.found(query, view):
        for label, places in _places_of(claim, view):
            own = labels.get(label, labels.get(BETA.get(label, label)))
            if own not in places:
                yield claim, label, places, own or "(none)"


def _flaw(name: str, claim: Claim | None, view: View) -> str | None:
    if not name:
        return "PersistentVolumeClaim had no name"
    if claim is None:
        return f'persistentvolumeclaim "{name}" not found'
    if claim.volume:
        if claim.volume in view.volumes.volumes:
            return None
        return f'persistentvolume "{claim.volume}" not found'
    if not claim.storage_class:
        return "PersistentVolumeClaim had no pv name and storageClass name"
    storage = view.volumes.classes.get(claim.storage_class)
    if storage is None:
        return f'storageclass.storage.k8s.io "{claim.storage_class}" not found'
    return None if storage.waits else "PersistentVolume had no name"


def _places(query: Query, view: View) -> Places:
    return [place for c in _claims.found(query, view) for place in _places_of(c, view)]


def _places_of(claim: Claim, view: View) -> Places:
    found: Places = []
    volume = view.volumes.volumes.get(claim.volume)
    for label in LABELS if volume is not None else ():
        value = volume.labels.get(label) if volume is not None else None
        if value is not None:
            found.append((label, frozenset(z.strip() for z in value.split("__"))))
    return found
