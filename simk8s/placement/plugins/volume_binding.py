"""VolumeBinding: the pod's claims must be usable on the node, or be bound or made for it there.

Mirrors: kube-scheduler v1.36 plugins/volumebinding: bound claims must reach the node; claims that
wait for their first consumer take the smallest matching volume, else are provisioned where the
class's topologies and the driver's published capacity allow; unbound immediate claims end the
attempt. Departs: in-tree volumes are not translated to CSI; storage capacity is not scored.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.base import (
    EVERYWHERE,
    SUCCESS,
    Code,
    FilterPlugin,
    PluginError,
    PreFilter,
    Query,
    Rows,
    Scope,
    ScorePlugin,
    Status,
)
from simk8s.placement.events import Change
from simk8s.placement.plugins import _claims
from simk8s.placement.view import View
from simk8s.state.nodes import NodeSpec
from simk8s.state.volumes import NO_PROVISIONER, Claim, StorageClass, Volume, Volumes

UNBOUND = "pod has unbound immediate PersistentVolumeClaims"
CONFLICT = "node(s) didn't match PersistentVolume's node affinity"
NO_MATCH = "node(s) didn't find available persistent volumes to bind"
NO_SPACE = "node(s) did not have enough free storage"
NO_VOLUME = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)"


def _unresolvable(*reasons: str) -> Status:
    return Status(Code.UNSCHEDULABLE_AND_UNRESOLVABLE, reasons)


REASONS = (CONFLICT, NO_MATCH, NO_SPACE, NO_VOLUME)


class VolumeBinding(FilterPlugin, ScorePlugin):
    """Verdicts are sets of reasons: bit i of a verdict stands for `REASONS[i]`."""

    name: ClassVar[str] = "VolumeBinding"
    statuses: ClassVar[tuple[Status, ...]] = (
        SUCCESS,
        *(
            _unresolvable(*(r for bit, r in enumerate(REASONS) if mask >> bit & 1))
            for mask in range(1, 1 << len(REASONS))
        ),
    )
    events: ClassVar[int] = Change.NODE_ADD | Change.NODE_LABELS | Change.VOLUMES
    scope: ClassVar[Scope] = Scope.CLUSTER
    sleeps_without: ClassVar[str] = "volumes"

    def key(self, query: Query, view: View) -> Hashable | None:
        """The claims; pods without any are skipped."""
        own = query.template
        if not _claims.uses_claims(own):
            return None
        names = _claims.named(own, view.cluster.name_of(query.pod))
        return (own.namespace, tuple(names), view.volumes.version)

    def wakes(self, query: Query, view: View) -> bool:
        """Most pods have no volumes."""
        return bool(query.template.volumes) and self.key(query, view) is not None

    def prefilter(self, query: Query, view: View) -> PreFilter:
        """Claims must exist, and immediate ones must be bound already."""
        flaw = _claims.flaw(query, view)
        if flaw is not None:
            return PreFilter(_unresolvable(flaw))
        if any(not c.bound and not waits(c, view.volumes) for c in _claims.found(query, view)):
            return PreFilter(_unresolvable(UNBOUND))
        return EVERYWHERE

    def filter(self, query: Query, view: View, rows: Rows) -> NDArray[np.uint8]:
        """Node by node; few pods have claims."""
        claims = _claims.found(query, view)
        bound = [c for c in claims if c.bound]
        waiting = sorted((c for c in claims if not c.bound), key=lambda c: c.size)
        index = np.arange(view.nodes.n)[rows].tolist()
        specs, volumes = view.nodes.specs, view.volumes
        return np.array([_verdict(bound, waiting, specs[r], volumes) for r in index], np.uint8)

    def score(self, query: Query, view: View, rows: Rows) -> NDArray[Any] | None:
        """Skipped: storage capacity scoring is off."""
        return None


def waits(claim: Claim, volumes: Volumes) -> bool:
    """Whether a claim is bound only once a pod wants it."""
    storage = volumes.classes.get(claim.storage_class)
    return storage is not None and storage.waits and not claim.volume


def _verdict(bound: list[Claim], waiting: list[Claim], node: NodeSpec, volumes: Volumes) -> int:
    verdict = 0
    for claim in bound:
        volume = volumes.volumes.get(claim.volume)
        if volume is None:
            verdict |= 1 << REASONS.index(NO_VOLUME)
            break
        if not volume.reaches(node.labels):
            verdict |= 1 << REASONS.index(CONFLICT)
            break
    reason = _bind(waiting, node, volumes) if waiting else None
    return verdict if reason is None else verdict | 1 << REASONS.index(reason)


def refusals(
    claims: Sequence[Claim], node: NodeSpec, volumes: Volumes
) -> Iterator[tuple[Claim, str]]:
    """Claims that cannot be had on a node, each with why: lost, unreached, elsewhere, volume,
    topology, room.
    """
    taken: set[str] = set()
    for claim in sorted(claims, key=lambda c: (not c.bound, c.size)):
        if claim.bound:
            volume = volumes.volumes.get(claim.volume)
            if volume is None or not volume.reaches(node.labels):
                yield claim, "lost" if volume is None else "unreached"
        elif claim.selected_node not in (None, node.name):
            yield claim, "elsewhere"
        else:
            found = None
            if claim.selected_node is None:
                found = _smallest(claim, node, volumes, taken)
            if found is not None:
                taken.add(found.name)
            elif (reason := _make(claim, node, volumes)) is not None:
                storage = volumes.classes[claim.storage_class]
                makes = storage.provisioner not in ("", NO_PROVISIONER)
                why = "topology" if makes else "volume"
                yield claim, "room" if reason == NO_SPACE else why


def _bind(waiting: list[Claim], node: NodeSpec, volumes: Volumes) -> str | None:
    """Why the waiting claims cannot be had on a node, None if they can."""
    if any(c.selected_node not in (None, node.name) for c in waiting):
        return NO_MATCH
    taken: set[str] = set()
    to_make = [c for c in waiting if c.selected_node is not None]
    for claim in waiting:
        if claim.selected_node is None:
            volume = _smallest(claim, node, volumes, taken)
            if volume is None:
                to_make.append(claim)
            else:
                taken.add(volume.name)
    for claim in to_make:
        reason = _make(claim, node, volumes)
        if reason is not None:
            return reason
    return None


def _smallest(claim: Claim, node: NodeSpec, volumes: Volumes, taken: set[str]) -> Volume | None:
    best: Volume | None = None
    for volume in volumes.volumes.values():
        if volume.name in taken or volume.storage_class != claim.storage_class:
            continue
        mine = volume.is_for(claim)
        if (volume.claim is not None and not mine) or volume.deleting:
            continue
        if volume.capacity < claim.size or volume.volume_mode != claim.volume_mode:
            continue
        if mine:
            return volume if volume.reaches(node.labels) else None
        if not volume.available or not set(claim.modes) <= set(volume.modes):
            continue
        if claim.selector is not None and not claim.selector.matches(volume.labels):
            continue
        smaller = best is None or volume.capacity < best.capacity
        if smaller and volume.reaches(node.labels):
            best = volume
    return best


def _make(claim: Claim, node: NodeSpec, volumes: Volumes) -> str | None:
    if not claim.storage_class:
        raise _failed(f'no class for claim "{claim.namespace}/{claim.name}"')
    storage = volumes.classes.get(claim.storage_class)
    if storage is None:
        raise _failed(f'failed to find storage class "{claim.storage_class}"')
    if storage.provisioner in ("", NO_PROVISIONER) or not storage.allows(node.labels):
        return NO_MATCH
    return None if _has_room(claim, storage, node, volumes) else NO_SPACE


def _failed(words: str) -> PluginError:
    return PluginError(f'running "VolumeBinding" filter plugin: {words}')


def _has_room(claim: Claim, storage: StorageClass, node: NodeSpec, volumes: Volumes) -> bool:
    if not volumes.drivers.get(storage.provisioner):
        return True
    return any(
        c.storage_class == storage.name
        and c.limit is not None
        and c.limit >= claim.size
        and c.topology.matches(node.labels)
        for c in volumes.capacities
    )
