"""How much of what is free is of no use to typical pods: one resource is there without another.

Law: F as FGD defines it for GPUs, for CPU and memory: all that a node has free is lost to a pod
that does not fit there; the loss is the mean over typical pods. Weights are whole numbers and sums
are rounded once, so that nothing depends on the order of nodes or on the processor.

Departs: FGD's definition is of GPUs (`plugins/_fragmentation`); here a pod fits if its CPU, memory
and one more pod do: no taints, labels or GPUs.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


class Room(NamedTuple):
    """What nodes have free, `[N]` each."""

    cpu: Ints
    memory: Ints
    pods: Ints


def stranded(room: Room, cpu: Ints, memory: Ints, weight: Ints) -> tuple[float, float]:
    """(milli-CPU, bytes) that pods asking `cpu[m]` and `memory[m]`, `weight[m]` of them, miss."""
    total = int(weight.sum())
    if not total:
        return 0.0, 0.0
    missed = (total - np.where(room.pods >= 1, _fitting(room, cpu, memory, weight), 0)) / total
    free_cpu, free_memory = np.maximum(room.cpu, 0), np.maximum(room.memory, 0)
    lost_cpu, lost_memory = (free_cpu * missed).tolist(), (free_memory * missed).tolist()
    return math.fsum(lost_cpu), math.fsum(lost_memory)


def _fitting(room: Room, cpu: Ints, memory: Ints, weight: Ints) -> Ints:
    """How many of the pods ask for no more CPU and memory than a node has, `[N]`: by a table of how
    many ask for at most so much of either.
    """
    cpus, memories = np.unique(cpu), np.unique(memory)
    table = np.zeros((len(cpus) + 1, len(memories) + 1), np.int64)
    places = np.searchsorted(cpus, cpu) + 1, np.searchsorted(memories, memory) + 1
    np.add.at(table, places, weight)
    table = table.cumsum(axis=0).cumsum(axis=1)
    at_most = (
        np.searchsorted(cpus, room.cpu, "right"),
        np.searchsorted(memories, room.memory, "right"),
    )
    found: Ints = table[at_most]
    return found
