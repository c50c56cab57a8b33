"""gpu_clustering: GPU pods go to nodes that hold pods of their own kind, and among those to the
fuller.

The kind of a pod is *share* (a part of one device) or its number of whole devices. A node scores
75 if it holds no other kind, 50 if it holds this one and others, 25 if it holds no GPU pod,
otherwise 0; plus 25·(M − free) // M, free its free GPU milli and M the largest node's GPUs. Pods
without GPUs are indifferent.

Mirrors: GpuClustering of the FGD paper's simulator. Departs: M is the cluster's, not 8,000.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.base import Query, Rows, Scope, ScorePlugin
from simk8s.placement.plugins._devices import WHOLE
from simk8s.placement.plugins._kept import Kept
from simk8s.placement.view import View
from simk8s.state.requests import GpuRequest
from simk8s.state.resources import GPU

_ONLY, _AMONG, _NONE = 75, 50, 25
_FULLNESS = 25


class GpuClustering(ScorePlugin):
    """0..100."""

    name: ClassVar[str] = "GpuClustering"
    scope: ClassVar[Scope] = Scope.CLUSTER

    def __init__(self) -> None:
        self.kept = Kept()

    def key(self, query: Query, view: View) -> Hashable | None:
        """The GPU request; pods without one are skipped."""
        return query.requests.gpu if query.requests.gpu.count else None

    def score(self, query: Query, view: View, rows: Rows) -> NDArray[Any]:
        """From the kinds of pods on each node."""
        nodes, own = view.nodes, kind(query.requests.gpu)
        kinds = self.kept.of("kinds", view, rows, lambda some: _kinds(view, some))
        most = max(int(nodes.allocatable[GPU].max(initial=0)), 1)
        base = np.where(kinds == own, _ONLY, np.where(kinds & own, _AMONG, 0))
        base = np.where(kinds == 0, _NONE, base)
        return np.asarray(base + _FULLNESS * (most - nodes.free[GPU][rows]) // most, np.int64)


def kind(gpu: GpuRequest) -> int:
    """A bit for each kind of pod, none for pods without GPUs: bit 0 is shared devices."""
    if not gpu.count:
        return 0
    return 1 if gpu.milli < WHOLE else 1 << min(gpu.count, 62)


def _kinds(view: View, rows: Rows) -> NDArray[np.int64]:
    """Which kinds of GPU pods are on each node."""
    numbers = np.arange(view.nodes.n)[rows].tolist()
    found = np.zeros(len(numbers), np.int64)
    for place, row in enumerate(numbers):
        for pod in view.pods_on(row):
            found[place] |= kind(view.cluster.requests_of(pod).gpu)
    return found
