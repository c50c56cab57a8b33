"""LeastAllocated and BalancedAllocation together: the sum of both scores of many nodes in one pass.

Law: equals `LeastAllocated.score + BalancedAllocation.score`, bit for bit: the same operations on
each number in the same order, less what is in between. Says nothing (None) where either of them
would not take its fast way.

How: numpy takes as long to be asked as to compute 500 nodes, and longer where lines do not lie
behind each other in memory. So lines are asked about one by one where they lie in the node table,
and together where they are our own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simk8s.placement.base import Query, ScorePlugin
from simk8s.placement.plugins.balanced_allocation import HUNDRED, ONE, SHIFT, BalancedAllocation
from simk8s.placement.plugins.least_allocated import DOWN, LeastAllocated
from simk8s.placement.view import HALF, Overlay, View
from simk8s.state.nodes import Floats, NodeTable
from simk8s.state.resources import CPU, MEMORY

WINDOWS = 32
"""Places of windows in the node table whose lines are kept at hand."""
Line = NDArray[np.float64]
Lines = tuple[Line, Line, Line, NDArray[np.int32]]
"""Requested memory and cpu; twice what there is of both; 150 − the balance without the pod."""


class _Room:
    """Where nodes of this shape are computed: memory, cpu and balance lie behind each other, so
    that what is done to two or three of them is one operation.
    """

    __slots__ = ("balance", "cpu", "floats", "gain", "halves", "ints", "memory", "other", "shape",
                 "steps", "sums", "total")  # fmt: skip

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape, count = shape, prod(shape)
        self.floats = np.empty((3, count))
        self.halves = self.floats[:2].reshape(-1)
        self.memory, self.cpu, self.balance = self.floats.reshape(3, *shape)
        self.steps = np.array([[float(DOWN)], [float(DOWN)], [float(HUNDRED)]])
        if len(shape) == 1:  # few nodes: numpy is asked faster about two arrays of one shape
            self.steps = np.repeat(self.steps, count, 1)
        self.ints = np.empty((3, count), np.int32)
        self.other, self.total, self.gain = self.ints.reshape(3, *shape)
        self.sums = self.ints[1:].reshape(-1)


class Both:
    """Of one framework; keeps the arrays that it computes in."""

    def __init__(self, least: LeastAllocated, balanced: BalancedAllocation) -> None:
        self._least = least
        self._balanced = balanced
        self._more = np.array(0.0), np.array(0.0)
        self._used: Floats | None = None
        self._headroom: NDArray[np.int32] | None = None
        self._version = -1
        self._lines: dict[tuple[int, int], Lines] = {}
        self._room = _Room((0,))
        self._rooms = _Room((0, 0))

    @classmethod
    def of(cls, scores: Sequence[tuple[ScorePlugin, int]]) -> Both | None:
        """If these are the two, unweighted and over cpu and memory alike."""
        found = {type(plugin): plugin for plugin, weight in scores if weight == 1}
        least, balanced = found.get(LeastAllocated), found.get(BalancedAllocation)
        if len(scores) != 2 or len(found) != 2:
            return None
        if not isinstance(least, LeastAllocated) or not isinstance(balanced, BalancedAllocation):
            return None
        return cls(least, balanced) if least.plain and balanced.plain else None

    def score(self, query: Query, view: View, rows: slice) -> NDArray[Any] | None:
        """The sum of both scores of some rows, until it is asked again."""
        if not self.quick(query, view):
            return None
        nodes, (cpu, memory) = view.nodes, query.requests.values[: MEMORY + 1]
        lines, room, more = self._window(view, nodes, rows), self._room, self._more
        if room.shape != lines[0].shape:
            room = self._room = _Room(lines[0].shape)
        more[0][()], more[1][()] = cpu, memory
        return self._sums(nodes, room, lines, more, nodes.roomy(cpu, memory))

    def quick(self, query: Query, view: View) -> bool:
        """Whether both would take their fast ways; BalancedAllocation has nothing to say of a pod
        that asks for neither cpu nor memory.
        """
        if view.nodes.lacking or isinstance(view, Overlay) or not self._least.true(query, view):
            return False
        values = query.requests.values
        return bool(values[CPU] or values[MEMORY])

    def windows(
        self,
        view: View,
        rows: slice,
        cpus: Sequence[int],
        memories: Sequence[int],
        *,
        roomy: bool,
    ) -> NDArray[np.int32]:
        """`score` of as many windows of these rows as there are pods that ask for so much, one for
        each, a line each; of no use to a pod for which there is no quick way. They hold until it
        is asked again. `roomy`: every node has room for each of the pods.
        """
        nodes = view.nodes
        shape = (len(cpus), (rows.stop - rows.start) // len(cpus))
        used_memory, used_cpu, twice, without = self._window(view, nodes, rows)
        lines = (used_memory.reshape(shape), used_cpu.reshape(shape), twice, without.reshape(shape))
        if self._rooms.shape != shape:
            self._rooms = _Room(shape)
        more = np.array((cpus, memories), np.float64)[:, :, np.newaxis]
        return self._sums(nodes, self._rooms, lines, (more[0], more[1]), roomy)

    def _sums(
        self, nodes: NodeTable, room: _Room, lines: Lines, more: tuple[Line, Line], roomy: bool
    ) -> NDArray[np.int32]:
        """The arithmetic, in the room."""
        used_memory, used_cpu, twice, without = lines
        halves, balance, floats, ints = room.halves, room.balance, room.floats, room.ints
        add = np.add
        add(used_memory, more[1], room.memory)
        add(used_cpu, more[0], room.cpu)
        np.divide(halves, twice, halves)
        if not roomy:
            np.minimum(halves, HALF, out=halves)
        np.subtract(room.cpu, room.memory, balance)
        np.abs(balance, balance)
        np.subtract(ONE, balance, balance)
        np.multiply(floats, room.steps, floats)
        add(halves, self._least.top(nodes), halves)
        ints[:] = floats
        total: NDArray[np.int32] = room.total
        gain = room.gain
        add(total, room.other, total)
        add(gain, without, gain)
        np.right_shift(room.sums, SHIFT, room.sums)
        add(total, gain, total)
        return total

    def _window(self, view: View, nodes: NodeTable, rows: slice) -> Lines:
        """The lines of some rows."""
        used, headroom = nodes.used_f, self._balanced.kept(view)
        known = self._used is used and self._headroom is headroom
        if not known or self._version != nodes.spec_version:
            self._used, self._headroom, self._version = used, headroom, nodes.spec_version
            self._lines.clear()
        place = (rows.start, rows.stop)
        lines = self._lines.get(place)
        if lines is None:
            if len(self._lines) == WINDOWS:
                self._lines.clear()
            twice = nodes.twice_f[::-1, rows].reshape(-1)
            lines = self._lines[place] = (used[1, rows], used[0, rows], twice, headroom[rows])
        return lines

    def scorer(self, nodes: NodeTable) -> Callable[[int, int, int], int]:
        """`score_one` of a row and what a pod asks of cpu and memory, for as long as the table does
        not grow: where `quick` holds, and the node has room for the pod.
        """
        cpus, memories = nodes.whole_at
        used_cpus, used_memories = nodes.used_at

        def score(row: int, more_cpu: int, more_memory: int) -> int:
            all_cpu, all_memory = cpus[row], memories[row]
            cpu, memory = used_cpus[row], used_memories[row]
            with_cpu, with_memory = cpu + more_cpu, memory + more_memory
            least = 100.0 * (all_cpu - with_cpu) // all_cpu
            least += 100.0 * (all_memory - with_memory) // all_memory
            gap = abs(cpu / all_cpu - memory / all_memory)
            gaps = abs(with_cpu / all_cpu - with_memory / all_memory)
            gain = int((1.0 - gaps / 2.0) * 100.0) - int((1.0 - gap / 2.0) * 100.0)
            return int(least) // 2 + 50 + (50 + gain >> 1)

        return score

    def score_one(self, query: Query, view: View, row: int) -> int:
        """The scalar form, for the real view or another: what the two say by themselves."""
        nodes, asked = view.nodes, query.requests
        if nodes.lacking:
            own = self._least.score_one(query, view, row)
            return own + self._balanced.score_one(query, view, row)
        cpu_line, memory_line = nodes.whole_at
        all_cpu, all_memory = cpu_line[row], memory_line[row]
        free, (cpu_line, memory_line) = nodes.free_at, nodes.beyond_at
        least: float = (free[CPU][row] - cpu_line[row] - asked.asked_cpu) * 100.0 // all_cpu
        if least < 0.0:
            least = 0.0
        spare: int = free[MEMORY][row] - memory_line[row] - asked.asked_memory
        left: float = spare * 100.0 // all_memory
        if left > 0.0:
            least += left
        # Balances without the pod and with it: 1 less half the gap between two shares, at most 1.
        cpu_line, memory_line = nodes.used_at
        cpu, memory = cpu_line[row], memory_line[row]
        more_cpu, more_memory = asked.values[: MEMORY + 1]
        before, after = cpu / all_cpu, (cpu + more_cpu) / all_cpu
        other, others = memory / all_memory, (memory + more_memory) / all_memory
        if after > 1.0 or others > 1.0:
            before, other = min(before, 1.0), min(other, 1.0)
            after, others = min(after, 1.0), min(others, 1.0)
        gap, gaps = abs(before - other), abs(after - others)
        gain = int((1.0 - gaps / 2.0) * 100.0) - int((1.0 - gap / 2.0) * 100.0)
        return int(least) // 2 + 50 + (50 + gain >> 1)
