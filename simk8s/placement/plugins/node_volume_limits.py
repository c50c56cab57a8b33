"""NodeVolumeLimits: a node can attach only so many volumes of each CSI driver.

Mirrors: kube-scheduler v1.36 plugins/nodevolumelimits (CSINode allocatable.count): volumes used
by several pods of a node count once. Departs: in-tree volumes are not translated to CSI.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.base import SUCCESS, Code, FilterPlugin, Query, Rows, Scope, Status
from simk8s.placement.events import Change, Event
from simk8s.placement.plugins import _claims
from simk8s.placement.view import View
from simk8s.state.shapes import PodTemplate

Attached = dict[tuple[str, str], str]
"""(driver, volume) -> driver."""


class NodeVolumeLimits(FilterPlugin):
    """Rejects nodes whose limit the pod's new volumes would exceed."""

    name: ClassVar[str] = "NodeVolumeLimits"
    scope: ClassVar[Scope] = Scope.CLUSTER
    sleeps_without: ClassVar[str] = "volumes"
    statuses: ClassVar[tuple[Status, ...]] = (
        SUCCESS,
        Status(Code.UNSCHEDULABLE, ("node(s) exceed max volume count",)),
    )
    events: ClassVar[int] = Change.POD_DELETE | Change.VOLUMES

    def key(self, query: Query, view: View) -> Hashable | None:
        """The claims; skipped without any, or where no node has a limit."""
        own = query.template
        if not _claims.uses_claims(own) or not view.volumes.limits:
            return None
        names = _claims.named(own, view.cluster.name_of(query.pod))
        return (own.namespace, tuple(names), view.volumes.version)

    def hint(self, event: Event, query: Query, view: View) -> bool:
        """The pod that is gone had claims; any new claim or limit may help."""
        return event.was is None or _claims.uses_claims(event.was)

    def wakes(self, query: Query, view: View) -> bool:
        """Most pods have no volumes."""
        return bool(query.template.volumes) and self.key(query, view) is not None

    def filter(self, query: Query, view: View, rows: Rows) -> NDArray[np.uint8]:
        """1 where a driver would have too many volumes; nodes without limits pass."""
        wanted = attached(query.template, query.pod, view)
        limits, specs = view.volumes.limits, view.nodes.specs
        index = np.arange(view.nodes.n)[rows].tolist()
        return np.array(
            [
                specs[row].name in limits and _exceeds(wanted, row, limits[specs[row].name], view)
                for row in index
            ],
            np.uint8,
        )


def _exceeds(wanted: Attached, row: int, limits: Mapping[str, int], view: View) -> bool:
    return bool(crowded(wanted, row, limits, view))


def crowded(wanted: Attached, row: int, limits: Mapping[str, int], view: View) -> dict[str, int]:
    """Driver -> how many volumes there would be too many."""
    there: Attached = {}
    for pod in view.pods_on(row):
        template = view.cluster.template_of(pod)
        if template.volumes:
            there.update(attached(template, pod, view))
    new = {name: driver for name, driver in wanted.items() if name not in there}
    over: dict[str, int] = {}
    for driver in dict.fromkeys(new.values()):
        count = sum(d == driver for d in (*new.values(), *there.values()))
        if driver in limits and count > limits[driver]:
            over[driver] = count - limits[driver]
    return over


def attached(template: PodTemplate, pod: int, view: View) -> Attached:
    """The CSI volumes of a pod; a claim without a volume counts for its class's provisioner."""
    volumes = view.volumes
    found: Attached = {}
    for name, _ in _claims.named(template, view.cluster.name_of(pod)):
        claim = volumes.claims.get((template.namespace, name))
        if claim is None:
            continue
        volume = volumes.volumes.get(claim.volume)
        if volume is not None:
            driver, handle = volume.driver, volume.handle
        else:
            storage = volumes.classes.get(claim.storage_class)
            driver = storage.provisioner if storage is not None else ""
            handle = f"{claim.namespace}/{claim.name}"
        if driver and handle:
            found[driver, handle] = driver
    return found
