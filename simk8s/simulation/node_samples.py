"""The table `node_samples`: how full each node is, every so often.

Law: a picture is taken in few copies, and all of them become rows once, at the end of a run.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simk8s.record.writer import TableWriter, nullable
from simk8s.state.nodes import NodeTable
from simk8s.state.resources import CPU, GPU, MEMORY, PODS

LINES = [CPU, MEMORY, GPU, PODS]
Ints = NDArray[np.int64]


class Nodes(NamedTuple):
    """What does not change while no node does."""

    rows: NDArray[np.intp]
    """Those that exist."""
    offered: Ints
    """By `LINES`."""
    whole: Ints
    """Of those that have a share: at least 1."""
    lacks_gpu: NDArray[np.bool_]
    ready: NDArray[np.bool_]

    @classmethod
    def of(cls, table: NodeTable, ready: NDArray[np.bool_]) -> Nodes:
        """As they are now."""
        rows = np.flatnonzero(table.exists)
        offered = table.allocatable[LINES][:, rows]
        lacks_gpu = table.gpu_count[rows] <= 0
        return cls(rows, offered, np.maximum(offered[:3], 1), lacks_gpu, ready[rows])


class NodeSamples:
    """Takes the pictures."""

    def __init__(self, table: NodeTable) -> None:
        self._table = table
        self._taken: list[tuple[int, Nodes, NDArray[np.float64], Ints]] = []

    def note(self, now_us: int, nodes: Nodes) -> None:
        """A picture now."""
        free = self._table.free[LINES]
        used = nodes.offered - (free if len(nodes.rows) == free.shape[1] else free[:, nodes.rows])
        self._taken.append((now_us, nodes, used[:3] / nodes.whole, used[3]))

    def write(self, rows: TableWriter) -> None:
        """A row for each node of each picture."""
        taken, self._taken = self._taken, []
        if not taken:
            return
        every = [nodes for _, nodes, _, _ in taken]
        counts = [len(nodes.rows) for nodes in every]
        cpu, memory, gpu = np.concatenate([shares for _, _, shares, _ in taken], axis=1)
        gpu[np.concatenate([nodes.lacks_gpu for nodes in every])] = -1.0
        columns: dict[str, Any] = {
            "t_us": np.repeat(np.array([at_us for at_us, _, _, _ in taken], np.int64), counts),
            "node": np.concatenate([nodes.rows for nodes in every]),
            "cpu_share": cpu,
            "memory_share": memory,
            "gpu_share": nullable(gpu),
            "pods": np.concatenate([pods for _, _, _, pods in taken]),
            "ready": np.concatenate([nodes.ready for nodes in every]),
        }
        rows.extend(columns)
