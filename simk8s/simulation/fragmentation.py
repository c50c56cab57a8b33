"""Fragmentation over time: pictures of what nodes have free, judged at the end by the run's pods.

Law: taking a picture copies what is free and decides nothing; what is typical is known when all
pods are. Pods of DaemonSets and static ones are nobody's choice and not counted.

Mirrors: F of FGD (Weng et al., USENIX ATC 2023) for GPUs, typical pods up to 95 % of all. Departs:
where more than `MOST` shapes would be typical (requests are drawn), so many stand for all, taken
at even steps through the pods in order of size.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.plugins._devices import States
from simk8s.placement.plugins._fragmentation import Fragmentation
from simk8s.placement.plugins._typical import Shape, Typical, typical_of
from simk8s.placement.stranded import Room, stranded
from simk8s.record.writer import TableWriter
from simk8s.simulation.node_use import daemons
from simk8s.state.cluster import Cluster
from simk8s.state.nodes import NodeTable
from simk8s.state.pods import UNBORN
from simk8s.state.requests import Requests
from simk8s.state.resources import CPU, GPU, MEMORY, PODS

MOST = 64
Ints = NDArray[np.int64]
Which = NDArray[np.intp] | slice
"""Rows, or all of them."""


class Picture(NamedTuple):
    """Ready nodes at one instant."""

    t_us: int
    room: Room
    left: NDArray[np.int16] | None
    """GPU milli by device, `[K, N]`; None without GPUs."""
    model: NDArray[np.int16]
    gpu_allocatable: int


class Fragments:
    """Takes pictures while a run goes on."""

    def __init__(self, nodes: NodeTable) -> None:
        self._nodes = nodes
        self._pictures: list[Picture] = []

    def note(self, now_us: int, ready: Which) -> None:
        """A picture of these nodes now."""
        if self._pictures and self._pictures[-1].t_us == now_us:
            return
        nodes = self._nodes
        cpu, memory, pods = nodes.free[[CPU, MEMORY, PODS]][:, ready]
        offered = int(nodes.allocatable[GPU][ready].sum())
        left = nodes.gpu_free[:, ready].astype(np.int16) if offered else None
        model = nodes.gpu_model[ready].copy()
        self._pictures.append(Picture(now_us, Room(cpu, memory, pods), left, model, offered))

    def write(self, cluster: Cluster, rows: TableWriter) -> None:
        """One row a picture; none if there were no pods."""
        requests = _created(cluster)
        if not requests:
            return
        cpu, memory, weight = _shapes(cluster.requests.matrix(), requests)
        devices = any(picture.left is not None for picture in self._pictures)
        measure = _measure(cluster, requests) if devices else None
        for picture in self._pictures:
            lost_cpu, lost_memory = stranded(picture.room, cpu, memory, weight)
            idle, fragments = _gpus(picture, measure)
            rows.append(
                (
                    picture.t_us,
                    int(np.maximum(picture.room.cpu, 0).sum()),
                    lost_cpu,
                    int(np.maximum(picture.room.memory, 0).sum()),
                    lost_memory,
                    picture.gpu_allocatable,
                    idle,
                    fragments,
                )
            )


def _shapes(amounts: Ints, requests: list[tuple[Requests, int]]) -> tuple[Ints, Ints, Ints]:
    """What typical pods ask of CPU and memory, and for how many each stands."""
    some = np.array([(one.id, count) for one, count in requests], np.int64)
    (cpu, memory), count = amounts[some[:, 0], :][:, [CPU, MEMORY]].T, some[:, 1]
    order = np.lexsort((memory, cpu))
    cpu, memory, count = cpu[order], memory[order], count[order]
    differs = (np.diff(cpu) != 0) | (np.diff(memory) != 0)
    first = np.flatnonzero(np.concatenate([[True], differs]))
    if len(first) <= MOST:
        return cpu[first], memory[first], np.add.reduceat(count, first)
    some = _at_even_steps(np.cumsum(count))
    return cpu[some], memory[some], np.ones(MOST, np.int64)


def _gpus(picture: Picture, measure: Fragmentation | None) -> tuple[int, float | None]:
    """(idle, fragments) in milli-GPU."""
    if picture.left is None or measure is None:
        return 0, None
    left = picture.left.astype(np.int64)
    return int(left.sum()), math.fsum(measure(States(picture.room.cpu, left, picture.model)))


def _created(cluster: Cluster) -> list[tuple[Requests, int]]:
    """What was asked for, and by how many pods."""
    pods = cluster.pods
    counted = (pods.column("phase") != UNBORN) & ~daemons(cluster)
    counts = np.bincount(pods.column("requests")[counted])
    items = cluster.requests.items
    return [(items[number], int(counts[number])) for number in np.flatnonzero(counts).tolist()]


def _measure(cluster: Cluster, requests: list[tuple[Requests, int]]) -> Fragmentation:
    shapes = Counter[Shape]()
    for one, count in requests:
        gpu, cpu = one.gpu, one.values[CPU]
        shape = Shape(cpu, gpu.milli, gpu.count, gpu.models) if gpu.count else Shape(cpu, 0, 0)
        shapes[shape] += count
    typical = typical_of(shapes)
    if len(typical) > MOST:
        chosen = _chosen(shapes)
        total = sum(count for _, count in chosen)
        typical = tuple(Typical(shape, count, count / total) for shape, count in chosen)
    return Fragmentation(typical, cluster.nodes.gpu_models)


def _size(shape: Shape) -> tuple[int, ...]:
    return shape.gpu_milli, shape.milli, shape.cpu, len(shape.models or ())


def _chosen(counts: Mapping[Shape, int]) -> list[tuple[Shape, int]]:
    """All shapes, or `MOST` pods at even steps through all of them in order of size."""
    ordered = sorted(counts.items(), key=lambda item: _size(item[0]))
    if len(ordered) <= MOST:
        return ordered
    some = _at_even_steps(np.cumsum([count for _, count in ordered]))
    return [(ordered[i][0], 1) for i in some.tolist()]


def _at_even_steps(upto: Ints) -> NDArray[np.intp]:
    """Positions of `MOST` pods, by how many there are up to each position."""
    total = int(upto[-1])
    places = [total * (2 * step + 1) // (2 * MOST) for step in range(MOST)]
    return np.searchsorted(upto, places, side="right")
