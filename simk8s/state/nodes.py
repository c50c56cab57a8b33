"""Nodes as struct-of-arrays, resource-major, with a log of the rows that changed.

Law: `free = allocatable − requested` row by row, in integers. Scores of cpu and memory divide,
and a float division is five times cheaper than an integer one and, below 2^53, floors to the same
integer; so three `[2, N]` float64 mirrors hold exact integers: `whole_f` (allocatable, 1 where
there is none), `twice_f` (2 × that) and `used_f` (requested). `beyond` is by how much scoring
requests exceed true ones; `spare100` is what the former leave. Whoever charges or
releases a pod appends its node to `dirty`; a reader remembers how far it has read.

Shapes: matrices `[R, capacity]`, resource-major; views cut to the `n` rows in use are re-made on
growth, so hold the table, not its arrays. `free_at[resource][row]`, `used_at`, `beyond_at` and
`whole_at` are the same memory for scalar use: 20 to 50 ns an item against 70 to 130 from numpy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simk8s.schema.labels import ZONE_LABEL
from simk8s.state.charges import Charges, Floats, IntMatrix, lines_of
from simk8s.state.images import ImageTable
from simk8s.state.nodetree import NodeTree
from simk8s.state.resources import CPU, GPU, MEMORY, ResourceIndex
from simk8s.state.selectors import Taint
from simk8s.state.topology import Topology

__all__ = ["Floats", "IntMatrix", "NodeSpec", "NodeTable", "Watts"]

_HUGE = 1 << 62


class Watts(NamedTuple):
    """What a node draws at rest and with all its CPU in use, and each of its GPUs beside that."""

    idle: float
    busy: float
    packages: int
    """0: a line between the two; otherwise that many steps, and a GPU with any pod is busy."""
    gpu_idle: float
    gpu_busy: float
    verified: bool


@dataclass(frozen=True, slots=True)
class NodeSpec:
    """What a node is, apart from what runs on it. Amounts as in state/resources."""

    name: str
    labels: Mapping[str, str]
    allocatable: Mapping[int, int]
    taints: tuple[Taint, ...] = ()
    unschedulable: bool = False
    gpu_count: int = 0
    gpu_model: str = ""
    profile: str = ""
    price_per_hour: float | None = None
    boot_us: tuple[int, int] = (30_000_000, 120_000_000)
    """Boot to Ready: median and 99th percentile."""
    images: tuple[tuple[str, int], ...] = ()
    """Container images on the node from the start, with their sizes in bytes."""
    runtime: str = ""
    """Container runtime by name; empty = the cluster's."""
    static_pods: tuple[Mapping[str, Any], ...] = field(default=(), compare=False)
    """Pod manifests in the kubelet's own folder."""
    capacity: Mapping[int, int] = field(default_factory=dict)
    """What the machine has, where that is more than what pods may request."""
    watts: Watts | None = None
    """None: by its profile."""

    @property
    def zone(self) -> str:
        """The zone label, or the empty string."""
        return self.labels.get(ZONE_LABEL, "")

    def named(self, name: str, labels: Mapping[str, str]) -> NodeSpec:
        """Another one like it (`replace` takes five times as long)."""
        return NodeSpec(name, labels, *_BESIDE(self))


_BESIDE = attrgetter(*(one.name for one in fields(NodeSpec)[2:]))
"""Everything but name and labels."""


class NodeTable(Charges):
    """All nodes of a run; a removed node keeps its row with `exists` 0."""

    def __init__(self, resources: ResourceIndex) -> None:
        self.resources = resources
        self.n = 0
        self.specs: list[NodeSpec] = []
        self.pods_on = []
        self.dirty = []
        self.dirty_base = 0
        self.lowest = [_HUGE] * len(resources)
        self.lows = 0
        self.defaulted_pods = 0
        self.lacking = False
        """Whether some node has no cpu or no memory at all (means leave those out then)."""
        self.largest = 1.0
        """The largest cpu or memory that any node ever had, in their units."""
        self.spec_version = 0
        self.images = ImageTable()
        self.topology = Topology(self)
        self.tree = NodeTree()
        self._rows: dict[str, int] = {}
        self._taint_sets: dict[tuple[Taint, ...], int] = {}
        self.taint_sets: list[tuple[Taint, ...]] = []
        self.gpu_models: list[str] = [""]
        self._capacity = 0
        self._depth = 0
        self._grow(64, len(resources), 1)

    def __len__(self) -> int:
        return self.n

    def row(self, name: str) -> int | None:
        """The row of a node by name, or None."""
        return self._rows.get(name)

    def add(self, spec: NodeSpec) -> int:
        """A new row for a new node (names are unique)."""
        return self.add_all((spec,)).start

    def add_all(self, specs: Sequence[NodeSpec]) -> range:
        """New rows for new nodes; thousands at once cost little more than one."""
        first, n = self.n, self.n + len(specs)
        self._register(specs)
        capacity = self._capacity
        while capacity < n:
            capacity *= 2
        depth = max((spec.gpu_count for spec in specs), default=0)
        self._grow(capacity, len(self.resources), max(self._depth, depth))
        self.n = n
        self._exists[first:n] = 1
        self._gpu_count[first:n] = [spec.gpu_count for spec in specs]
        self._gpu_model[first:n] = [self._model(spec.gpu_model) for spec in specs]
        for resource in range(len(self.resources)):
            offered = [spec.allocatable.get(resource, 0) for spec in specs]
            self._allocatable[resource, first:n] = self._free[resource, first:n] = offered
        self._trim()
        self._mirror(slice(first, n))
        for row, spec in enumerate(specs, first):
            self._gpu_free[: spec.gpu_count, row] = 1000
            self.images.add(row, spec.images)
            self.tree.add(row, spec.labels)
            self._keep_off(row, spec)
        self.spec_version += len(specs)
        self.dirty.extend(range(first, n))
        return range(first, n)

    def _register(self, specs: Sequence[NodeSpec]) -> None:
        for spec in specs:
            if spec.name in self._rows:
                raise ValueError(f"node {spec.name} exists already")
            self._rows[spec.name] = len(self.specs)
            self.specs.append(spec)
            self.pods_on.append({})

    def set_spec(self, row: int, spec: NodeSpec) -> None:
        """Replace labels, taints, images, allocatable or unschedulable of a node (not its
        GPUs).
        """
        before = self.specs[row]
        if before.allocatable != spec.allocatable:
            self._resize(row, before.allocatable, spec.allocatable)
        if before.images != spec.images:
            self.images.drop(row)
            self.images.add(row, spec.images)
        self.tree.update(row, before.labels, spec.labels)
        self.specs[row] = spec
        self._keep_off(row, spec)
        self.spec_version += 1
        self.dirty.append(row)

    def _keep_off(self, row: int, spec: NodeSpec) -> None:
        """What keeps pods off a node."""
        self._unschedulable[row] = spec.unschedulable
        known = self._taint_sets.get(spec.taints)
        if known is None:
            known = self._taint_sets[spec.taints] = len(self.taint_sets)
            self.taint_sets.append(spec.taints)
        self._taint_set[row] = known

    def _resize(self, row: int, before: Mapping[int, int], after: Mapping[int, int]) -> None:
        self.fit_resources()
        for resource in {**before, **after}:
            amount = after.get(resource, 0)
            self.free[resource, row] += amount - self.allocatable[resource, row]
            self.allocatable[resource, row] = amount
        self._mirror(slice(row, row + 1))

    def fit_resources(self) -> None:
        """Add rows for resources interned since the last growth (nobody offers them, so they are
        0).
        """
        self._grow(self._capacity, len(self.resources), self._depth)

    def remove(self, row: int) -> None:
        """The node object is gone; nothing fits any more."""
        self._exists[row] = 0
        self.images.drop(row)
        self.tree.remove(row, self.specs[row].labels)
        del self._rows[self.specs[row].name]
        self.spec_version += 1
        self.dirty.append(row)

    def _model(self, name: str) -> int:
        if name not in self.gpu_models:
            self.gpu_models.append(name)
        return self.gpu_models.index(name)

    def roomy(self, cpu: int, memory: int) -> bool:
        """Whether so much is free on every node, by the bound: then nothing needs clamping."""
        return self.lowest[CPU] >= cpu and self.lowest[MEMORY] >= memory

    def spare100(self, rows: slice | NDArray[Any]) -> Floats:
        """100 × the cpu and memory that scoring requests leave on some nodes, exact."""
        spare: Floats = np.multiply(self.free[: MEMORY + 1, rows] - self.beyond[:, rows], 100.0)
        return spare

    def trim_dirty(self) -> None:
        """Drop the older half of a long log; readers that had not got that far start afresh."""
        half = len(self.dirty) // 2
        del self.dirty[:half]
        self.dirty_base += half

    def usage(self, row: int) -> list[int]:
        """Requested amounts of one node, by resource row."""
        return (self.allocatable[:, row] - self.free[:, row]).tolist()  # type: ignore[no-any-return]

    def _mirror(self, rows: slice) -> None:
        whole = self.allocatable[[CPU, MEMORY], rows]
        self.lacking |= not whole.all()
        self.largest = max(self.largest, float(whole.max(initial=0)))
        self.whole_f[:, rows] = np.maximum(whole, 1)
        self.twice_f[:, rows] = 2 * np.maximum(whole, 1)
        least = self.free[:, rows].min(axis=1, initial=_HUGE)
        self.lowest[:] = map(min, self.lowest, least.tolist())
        self.lows += 1

    def _grow(self, capacity: int, rows: int, depth: int) -> None:
        old: Any = self.__dict__
        if capacity == self._capacity and depth == self._depth and rows == len(old["_free"]):
            return
        for name, lines, dtype in (
            ("_allocatable", rows, np.int64),
            ("_free", rows, np.int64),
            ("_whole_f", 2, np.float64),
            ("_twice_f", 2, np.float64),
            ("_used_f", 2, np.float64),
            ("_beyond", 2, np.int64),
            ("_gpu_free", depth, np.int64),
        ):
            fresh = np.zeros((lines, capacity), dtype)
            if name in old:
                fresh[: old[name].shape[0], : self.n] = old[name][:, : self.n]
            old[name] = fresh
        for name, kind in (
            ("_exists", np.uint8),
            ("_unschedulable", np.uint8),
            ("_taint_set", np.int32),
            ("_gpu_count", np.int64),
            ("_gpu_model", np.int16),
        ):
            line = np.zeros(capacity, kind)
            if name in old:
                line[: self.n] = old[name][: self.n]
            old[name] = line
        self._capacity, self._depth = capacity, depth
        self.lowest += [0] * (rows - len(self.lowest))
        self.lows += 1
        self._trim()
        self.whole_at = lines_of(self._whole_f)
        self.open_lines(self._free, self._used_f, self._beyond)

    def _trim(self) -> None:
        n = self.n
        self.allocatable: IntMatrix = self._allocatable[:, :n]
        self.free: IntMatrix = self._free[:, :n]
        self.whole_f: Floats = self._whole_f[:, :n]
        self.twice_f: Floats = self._twice_f[:, :n]
        self.used_f: Floats = self._used_f[:, :n]
        self.beyond: IntMatrix = self._beyond[:, :n]
        self.gpu_free: IntMatrix = self._gpu_free[:, :n]
        self.exists: NDArray[np.uint8] = self._exists[:n]
        self.unschedulable: NDArray[np.uint8] = self._unschedulable[:n]
        self.taint_set: NDArray[np.int32] = self._taint_set[:n]
        self.gpu_count: NDArray[np.int64] = self._gpu_count[:n]
        self.gpu_model: NDArray[np.int16] = self._gpu_model[:n]

    _allocatable: IntMatrix
    _free: IntMatrix
    _whole_f: Floats
    _twice_f: Floats
    _used_f: Floats
    _beyond: IntMatrix
    _gpu_free: IntMatrix
    _exists: NDArray[np.uint8]
    _unschedulable: NDArray[np.uint8]
    _taint_set: NDArray[np.int32]
    _gpu_count: NDArray[np.int64]
    _gpu_model: NDArray[np.int16]

    @property
    def gpu_total(self) -> int:
        """GPU milli of all existing nodes."""
        return int(self.allocatable[GPU][self.exists == 1].sum())
