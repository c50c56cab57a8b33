"""Where to look for something better when the whole is too large to solve.

A few nodes are taken out with the pods they hold and packed anew by the solver. Small
neighbourhoods win: on openb four nodes (two that lose most, two that are empty) gain three times
as much per second as eight. The size grows while rounds prove that nothing is to be gained and
shrinks while they run into their limit.

Law: choices come from a generator of this search's own, seeded by its options.
"""

from __future__ import annotations

import numpy as np

from simk8s.strategies._packing.incumbent import Incumbent, Part
from simk8s.strategies._packing.instance import Placement, room
from simk8s.strategies._packing.objective import Goal, fragmentation, leftovers
from simk8s.strategies._packing.pods import BoolArray, IntArray

SMALLEST, FIRST, LARGEST = 3, 4, 10
#: Fruitless rounds of one kind before the size changes.
PATIENCE = 6
#: Weight in the draw of a node on which nothing is lost, in milli.
QUIET = 50


class Neighbourhoods:
    """Chooses nodes to pack anew, and learns from how it went."""

    def __init__(self, incumbent: Incumbent, candidates: list[int], seed: int) -> None:
        self.incumbent, self.instance = incumbent, incumbent.instance
        self.random = np.random.Generator(np.random.PCG64(seed))
        self.size = FIRST
        self.fruitless = {True: 0, False: 0}
        self.candidates = candidates
        self.fits: dict[int, BoolArray] = {}
        everything = np.array(candidates, dtype=np.int64)
        self.loss = dict.fromkeys(candidates, 0)
        if self.instance.has_gpus:
            self.look(incumbent.part(everything))

    def look(self, part: Part, placement: Placement | None = None) -> None:
        """Notes what each node of the part loses."""
        if not self.instance.has_gpus:
            return
        small = part.instance
        before = fragmentation(small.free, small.devices, small.typical)
        after = fragmentation(*leftovers(small, placement or part.start), small.typical)
        self.loss.update(zip(part.nodes, (after - before).tolist(), strict=True))

    def learn(self, better: bool, proved: bool) -> None:
        """Adapts the size to the outcome of a round."""
        if better:
            self.fruitless = {True: 0, False: 0}
            return
        self.fruitless[proved] += 1
        if self.fruitless[proved] >= PATIENCE:
            self.fruitless = {True: 0, False: 0}
            self.size = min(max(self.size + (1 if proved else -1), SMALLEST), LARGEST)

    def choose(self, goal: Goal) -> IntArray:
        """Node indexes, ascending."""
        occupied = self.incumbent.occupied()
        first = self._wanted(goal.priority) if goal.priority is not None else occupied
        chosen = self._draw(first or occupied, self.size - 2)
        chosen += self._sample(self._others(goal), max(2, self.size - len(chosen)), chosen)
        chosen += self._sample(occupied, self.size - len(chosen), chosen)
        return np.array(sorted(chosen), dtype=np.int64)

    def _others(self, goal: Goal) -> list[int]:
        """Nodes that hold nothing of the batch; where nodes are counted, only those in use."""
        nodes = [n for n in self.candidates if n not in self.incumbent.on]
        if goal.priority is None and not self.instance.has_gpus:
            nodes = [n for n in self.candidates if self.instance.in_use[n]]
        return nodes

    def _wanted(self, priority: int) -> list[int]:
        """Occupied nodes where a pod that found no place would fit if they were emptied."""
        fits = np.zeros(self.instance.node_count, dtype=bool)
        for g, missing in enumerate(self.incumbent.missing):
            if missing and self.instance.groups[g].priority == priority:
                fits |= self._fits(g)
        return [n for n in self.incumbent.occupied() if fits[n]]

    def _fits(self, g: int) -> BoolArray:
        if g not in self.fits:
            self.fits[g] = room(self.instance, self.instance.groups[g]) > 0
        return self.fits[g]

    def _weight(self, node: int) -> int:
        if self.instance.has_gpus:
            return max(self.loss[node], 0) + QUIET
        if self.instance.in_use[node]:
            return 1
        return 1 + 1000 // sum(count for count, _ in self.incumbent.on[node].values())

    def _draw(self, pool: list[int], size: int) -> list[int]:
        """Different nodes, those that cost more being likelier."""
        weights = np.array([self._weight(n) for n in pool], dtype=np.int64)
        chosen: list[int] = []
        while len(chosen) < min(size, len(pool)):
            point = int(self.random.integers(int(weights.sum())))
            at = int(np.searchsorted(np.cumsum(weights), point, side="right"))
            weights[at] = 0
            chosen.append(pool[at])
        return chosen

    def _sample(self, pool: list[int], size: int, chosen: list[int]) -> list[int]:
        """Different nodes that are not chosen yet, all alike likely."""
        pool = [n for n in pool if n not in chosen]
        drawn = self.random.permutation(len(pool))[: max(size, 0)]
        return [pool[at] for at in drawn.tolist()]
