"""gpu_share: whole GPUs, shares of one GPU, and allowed models.

Mirrors: the device model of the Alibaba openb trace (open-gpu-share): a pod takes `count` devices
of one node with at least `milli` free on each. Departs: this is not part of kube-scheduler; a
device plugin would decide it there.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.base import SUCCESS, Code, FilterPlugin, Query, Rows, Scope, Status
from simk8s.placement.events import Change, Event
from simk8s.placement.view import View


class GpuShare(FilterPlugin):
    """Enough devices with enough left, of a model that the pod accepts."""

    name: ClassVar[str] = "GpuShare"
    scope: ClassVar[Scope] = Scope.NODE
    statuses: ClassVar[tuple[Status, ...]] = (
        SUCCESS,
        Status(Code.UNSCHEDULABLE, ("Insufficient simk8s.io/gpu-milli",)),
        Status(Code.UNSCHEDULABLE_AND_UNRESOLVABLE, ("Insufficient simk8s.io/gpu-milli",)),
        Status(Code.UNSCHEDULABLE_AND_UNRESOLVABLE, ("node(s) didn't have an allowed GPU model",)),
    )
    events: ClassVar[int] = Change.POD_DELETE | Change.NODE_ADD | Change.NODE_ALLOCATABLE

    def key(self, query: Query, view: View) -> Hashable | None:
        """The GPU request; pods without one are skipped."""
        return query.requests.gpu if query.requests.gpu.count else None

    def hint(self, event: Event, query: Query, view: View) -> bool:
        """The pod that is gone held devices, or the node has enough of them when empty."""
        if event.freed is not None:
            return event.freed.gpu.count > 0
        return event.node is None or event.node.gpu_count >= query.requests.gpu.count

    def filter(self, query: Query, view: View, rows: Rows) -> NDArray[np.uint8]:
        """1 short of devices now, 2 too few devices ever, 3 wrong model."""
        nodes, gpu = view.nodes, query.requests.gpu
        roomy = (nodes.gpu_free[:, rows] >= gpu.milli).sum(axis=0)
        verdict: NDArray[np.uint8] = (roomy < gpu.count).view(np.uint8)
        verdict[nodes.gpu_count[rows] < gpu.count] = 2
        if gpu.models is not None:
            allowed = np.array([model in gpu.models for model in nodes.gpu_models])
            verdict[(nodes.gpu_count[rows] > 0) & ~allowed[nodes.gpu_model[rows]]] = 3
        return verdict
