"""Scores per node, kept by what they depend on and repaired where nodes have changed.

For plugins of scope CLUSTER whose answer about a node follows from that node alone, given
something that may change as a whole (what is typical, the largest node): they are asked anew for
every pod, and a full pass over all nodes would cost more than the repair of a few hundred.

Law: what is kept equals what `compute` says of every row; `on = False` computes it every time.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.base import ALL, Rows
from simk8s.placement.view import Overlay, View

Compute = Callable[[Rows], NDArray[Any]]
BYTE_BUDGET = 32 << 20


@dataclass(slots=True)
class _Entry:
    values: NDArray[Any]
    nodes: object
    spec_version: int
    position: int


class Kept:
    """Arrays over all nodes, by key; least recently used ones go first."""

    def __init__(self) -> None:
        self.on = True
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()

    def clear(self) -> None:
        """Nothing of it holds any more."""
        self._entries.clear()

    def of(self, key: Hashable, view: View, rows: Rows, compute: Compute) -> NDArray[Any]:
        """`compute(rows)`, from what is kept under the key where that is possible."""
        if not self.on or isinstance(view, Overlay):
            return compute(rows)
        nodes = view.nodes
        end = nodes.dirty_base + len(nodes.dirty)
        entry = self._entries.get(key)
        if entry is None or not _holds(entry, view):
            entry = _Entry(compute(ALL), nodes, nodes.spec_version, end)
            self._add(key, entry)
        elif entry.position != end:
            changed = nodes.dirty[entry.position - nodes.dirty_base :]
            dirty = np.array(list(dict.fromkeys(changed)), np.intp)
            entry.values[dirty] = compute(dirty)
            entry.position = end
        self._entries.move_to_end(key)
        return entry.values[rows]

    def _add(self, key: Hashable, entry: _Entry) -> None:
        self._entries[key] = entry
        while len(self._entries) > 1 and len(self._entries) * entry.values.nbytes > BYTE_BUDGET:
            self._entries.popitem(last=False)


def _holds(entry: _Entry, view: View) -> bool:
    nodes = view.nodes
    return (
        entry.nodes is nodes
        and len(entry.values) == nodes.n
        and entry.spec_version == nodes.spec_version
        and entry.position >= nodes.dirty_base
    )
