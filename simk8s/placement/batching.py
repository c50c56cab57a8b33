"""OpportunisticBatching: the next of several equal pods takes the next best node of one search.

Where equal pods fill a node each, the order of the other nodes holds for the next of them: if the
node that was chosen last has no room left for the pod, the head of that order is tried alone, and
taken if it fits.

Law: a hint is a node on which the pod passes every filter now. No hint is given where a plugin
of the profile looks at more than the pod and one node.

Mirrors: kube-scheduler v1.36 framework/runtime/batch.go (beta, on by default) and its SignPod
functions: pods with spread constraints, their own or the profile's defaults (as the system has
them: so nothing is batched unless a configuration takes the defaults away), inter-pod affinity or
resource claims have no signature; hints live 500 ms and for consecutive cycles; the others come
off the heap that the best was taken from. Departs: NodeResourcesFit signs pods as if
DRAExtendedResource were off; the namespace is part of the signature; ties other than as_v1_36
give no hints.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from simk8s.placement.base import FilterPlugin, Query, ScorePlugin
from simk8s.placement.config import FILES, STRATEGIES
from simk8s.placement.diagnosis import failure_with_nominated, fits
from simk8s.placement.framework import Framework
from simk8s.placement.plugins.pod_topology_spread import PodTopologySpread
from simk8s.placement.ties import AS_V1_36
from simk8s.placement.view import View

OLDEST_US = 500_000
Kept = tuple[NDArray[Any] | slice, NDArray[Any], int]
"""Rows in the order in which they were found, and their totals times a number (and less than that
number more), that number.
"""


@dataclass(slots=True)
class Cycles:
    """Scheduling cycles so far, of all profiles of one scheduler."""

    count: int = 0


class Batching:
    """Hints of one profile."""

    def __init__(self, framework: Framework, view: View, cycles: Cycles) -> None:
        self._framework = framework
        self._view = view
        self._cycles = cycles
        self._kept: Kept | None = None
        """The nodes of the last search that left some, the pod it was for, and when."""
        self._of: Query | None = None
        self._made_us = 0
        self._heap: list[tuple[int, int]] | None = None
        """Those nodes, best first; made when the first is asked for."""
        self._last_cycle = -1
        self._last_node = -1
        self._signatures: dict[int, Hashable] = {}

    def hint(self, query: Query, now_us: int) -> int | None:
        """A node that may be taken without a search."""
        kept = self._kept
        if kept is None or self._cycles.count != self._last_cycle + 1 or query.nominated >= 0:
            return None
        if now_us > self._made_us + OLDEST_US or not self._alike(query):
            return None
        if not self._view.nodes.exists.item(self._last_node):
            return None
        if fits(self._framework, query, self._view, self._last_node):
            return None
        node = self._next(kept)
        if node is None or not self._view.nodes.exists[node]:
            return None
        if self._view.cluster.nominations:
            overlay = self._view.overlay()
            failure = failure_with_nominated(self._framework, query, overlay, node)
            return node if failure is None else None
        return node if fits(self._framework, query, self._view, node) else None

    def taken(self, node: int) -> None:
        """The hint was taken."""
        self._last_cycle, self._last_node = self._cycles.count, node

    def found(self, query: Query, node: int, kept: Kept | None, now_us: int) -> None:
        """A search has ended with this node; `kept` is what it had to choose from. Equal pods are
        the exception, so signatures are compared when the next one comes.
        """
        self._last_cycle, self._last_node = self._cycles.count, node
        self._kept = self._heap = None
        if kept is not None and len(kept[1]) > 1:
            self._kept, self._of, self._made_us = kept, query, now_us

    def _next(self, kept: Kept) -> int | None:
        """The best node that has not been taken, None for none."""
        if self._heap is None:
            rows, totals, times = kept
            found = range(rows.start, rows.stop) if isinstance(rows, slice) else rows.tolist()
            self._heap = list(zip((totals // times).tolist(), found, strict=True))
            heap_init(self._heap)
            heap_pop(self._heap)
        return heap_pop(self._heap)[1] if self._heap else None

    def _alike(self, query: Query) -> bool:
        """Whether the pod has the signature of the one that was searched for."""
        assert self._of is not None, "a search leaves nodes and the pod it was for"
        if query.requests is not self._of.requests:
            return False
        signature = self._signature(query)
        return signature is not None and signature == self._signature(self._of)

    def _signature(self, query: Query) -> Hashable:
        if query.pinned >= 0:
            return None  # no other pod is like it
        template = query.template.id
        if template not in self._signatures:
            self._signatures[template] = _of_template(query)
        return self._signatures[template]


def signs(framework: Framework) -> bool:
    """Whether every plugin of a profile can sign pods, and the rule for ties is that of v1.36."""
    shipped = {*FILES, *STRATEGIES, "NodeResourcesFit"}
    scores = [plugin for plugin, _ in framework.scores]
    plugins: list[FilterPlugin | ScorePlugin] = [
        *framework.filters,
        *framework.prefilters,
        *scores,
    ]
    spreads = (p for p in plugins if isinstance(p, PodTopologySpread))
    return (
        framework.ties == AS_V1_36
        and all(plugin.name in shipped for plugin in plugins)
        and not any(plugin.defaults for plugin in spreads)
    )


def _of_template(query: Query) -> Hashable:
    own = query.template
    affinity = own.spec.get("affinity") or {}
    if own.spread or affinity.get("podAffinity") or affinity.get("podAntiAffinity"):
        return None
    if own.spec.get("resourceClaims"):
        return None
    volumes = [v for v in own.volumes if "configMap" not in v and "secret" not in v]
    return (
        own.namespace,
        tuple(sorted(own.labels.items())),
        own.tolerations,
        own.node_name,
        own.node_selector,
        own.required_nodes,
        own.preferred_nodes,
        own.ports,
        own.images,
        own.containers,
        repr(volumes),
    )


# --- Go's container/heap, the greatest first; which of equals comes next depends on its steps


def heap_init(heap: list[tuple[int, int]]) -> None:
    """Make (total, row) pairs a heap by their totals."""
    for index in range(len(heap) // 2 - 1, -1, -1):
        _down(heap, index, len(heap))


def heap_pop(heap: list[tuple[int, int]]) -> tuple[int, int]:
    """Take the root."""
    last = len(heap) - 1
    heap[0], heap[last] = heap[last], heap[0]
    _down(heap, 0, last)
    return heap.pop()


def _down(heap: list[tuple[int, int]], index: int, size: int) -> None:
    while (child := 2 * index + 1) < size:
        if child + 1 < size and heap[child + 1][0] > heap[child][0]:
            child += 1
        if heap[child][0] <= heap[index][0]:
            return
        heap[index], heap[child] = heap[child], heap[index]
        index = child
