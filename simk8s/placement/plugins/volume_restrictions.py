"""VolumeRestrictions: disks that one node, and claims that one pod, can have at a time.

Mirrors: kube-scheduler v1.36 plugins/volumerestrictions: GCE disks, EBS volumes, iSCSI and RBD
conflict unless all mounts are read-only (EBS always); a ReadWriteOncePod claim in use anywhere
rejects every node, and a dry run that removes its user lifts that.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import Any, ClassVar

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
from simk8s.placement.events import Change, Event
from simk8s.placement.plugins import _claims
from simk8s.placement.view import View
from simk8s.state.shapes import PodTemplate
from simk8s.state.tallies import Weigh

ONE_POD = "ReadWriteOncePod"
Disk = tuple[str, tuple[str, ...], str, bool]
"""(kind, places it may be reached at, name, read-only)."""


class VolumeRestrictions(FilterPlugin):
    """Rejects by disk on the node, or by claim everywhere."""

    name: ClassVar[str] = "VolumeRestrictions"
    scope: ClassVar[Scope] = Scope.CLUSTER
    sleeps_without: ClassVar[str] = "volumes"
    statuses: ClassVar[tuple[Status, ...]] = (
        SUCCESS,
        Status(Code.UNSCHEDULABLE, ("node(s) had no available disk",)),
        Status(
            Code.UNSCHEDULABLE,
            (
                "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod "
                "access mode already in-use by another pod",
            ),
        ),
    )
    events: ClassVar[int] = Change.POD_DELETE | Change.NODE_ADD | Change.VOLUMES

    def key(self, query: Query, view: View) -> Hashable | None:
        """Disks and exclusive claims; skipped without any."""
        own = query.template
        if not own.volumes:
            return None
        claims = tuple(_plain_claims(own))
        disks = tuple(_disks(own))
        return (own.namespace, claims, disks, view.volumes.version) if claims or disks else None

    def wakes(self, query: Query, view: View) -> bool:
        """Most pods have no volumes."""
        return bool(query.template.volumes) and self.key(query, view) is not None

    def prefilter(self, query: Query, view: View) -> PreFilter:
        """Claims must exist."""
        own = query.template
        for name in _plain_claims(own):
            if (own.namespace, name) not in view.volumes.claims:
                flaw = f'persistentvolumeclaim "{name}" not found'
                return PreFilter(Status(Code.UNSCHEDULABLE_AND_UNRESOLVABLE, (flaw,)))
        return EVERYWHERE

    def hint(self, event: Event, query: Query, view: View) -> bool:
        """The pod that is gone held a disk or a claim that is wanted; anything else may help."""
        was, own = event.was, query.template
        if was is None:
            return True
        if was.namespace != own.namespace:
            return False
        held = list(_disks(was))
        if any(_conflict(disk, other) for disk in _disks(own) for other in held):
            return True
        claims = _plain_claims(was)
        return any(name in claims for name in _plain_claims(own))

    def filter(self, query: Query, view: View, rows: Rows) -> NDArray[np.uint8]:
        """1 a disk is taken on the node, 2 an exclusive claim is in use."""
        taken = np.zeros(view.nodes.n, np.uint8)
        if self._in_use(query, view):
            taken[:] = 2
        for disk in _disks(query.template):
            taken[view.counts(("disk", disk), _clashes(disk)) > 0] = 1
        return taken[rows]

    def _in_use(self, query: Query, view: View) -> bool:
        """Whether more users of exclusive claims are left than the moves took away."""
        own, claims = query.template, view.volumes.claims
        users = 0
        for name in dict.fromkeys(_plain_claims(own)):
            if ONE_POD in claims[own.namespace, name].modes:
                key, weigh = ("claim", own.namespace, name), _mounts(own.namespace, name)
                users += bool(view.tally(key, weigh).count.any())
                for pod, _, sign in view.moves:
                    users += sign * weigh(view.cluster.template_of(pod))
        return users > 0


def holders(query: Query, view: View, row: int) -> dict[str, list[int]]:
    """What the pod cannot have on a node -> the pods that hold it."""
    own, cluster = query.template, view.cluster
    found: dict[str, list[int]] = {}
    for disk in _disks(own):
        clashes = _clashes(disk)
        pods = [p for p in view.pods_on(row) if clashes(cluster.template_of(p))]
        if pods:
            found[f"{disk[0]} disk {disk[2]}"] = pods
    for name in dict.fromkeys(_plain_claims(own)):
        claim = view.volumes.claims.get((own.namespace, name))
        if claim is not None and ONE_POD in claim.modes:
            mounts = _mounts(own.namespace, name)
            rows = np.flatnonzero(view.tally(("claim", own.namespace, name), mounts).count)
            users = [p for r in rows.tolist() for p in view.pods_on(r)]
            pods = [p for p in users if mounts(cluster.template_of(p))]
            if pods:
                found[f"claim {name}, {ONE_POD}"] = pods
    return found


def _plain_claims(template: PodTemplate) -> list[str]:
    return [name for name, ephemeral in _claims.named(template, "") if not ephemeral]


def _mounts(namespace: str, name: str) -> Weigh:
    return lambda template: template.namespace == namespace and name in _plain_claims(template)


def _clashes(disk: Disk) -> Weigh:
    return lambda template: any(_conflict(disk, other) for other in _disks(template))


def _conflict(one: Disk, other: Disk) -> bool:
    if one[0] != other[0] or one[2] != other[2] or not set(one[1]) & set(other[1]):
        return False
    return one[0] == "ebs" or not (one[3] and other[3])


def _disks(template: PodTemplate) -> Iterator[Disk]:
    for volume in template.volumes:
        raw: Mapping[str, Any]
        if raw := volume.get("gcePersistentDisk") or {}:
            yield "gce", ("",), str(raw["pdName"]), bool(raw.get("readOnly"))
        elif raw := volume.get("awsElasticBlockStore") or {}:
            yield "ebs", ("",), str(raw["volumeID"]), False
        elif raw := volume.get("iscsi") or {}:
            yield "iscsi", ("",), str(raw["iqn"]), bool(raw.get("readOnly"))
        elif raw := volume.get("rbd") or {}:
            name = f"{raw.get('pool') or 'rbd'}/{raw['image']}"
            yield "rbd", tuple(raw.get("monitors") or ()), name, bool(raw.get("readOnly"))
