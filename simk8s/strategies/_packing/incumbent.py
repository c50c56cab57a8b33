"""The best placement so far, in parts that can be taken out, packed anew and put back."""

from __future__ import annotations

from dataclasses import dataclass

from simk8s.strategies._packing.instance import PackingInstance, Placement
from simk8s.strategies._packing.pods import IntArray
from simk8s.strategies._packing.slots import Chosen

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Part:
    """Some nodes with the pods they hold here and all pods that are nowhere, as an instance."""

    instance: PackingInstance
    start: Placement
    nodes: tuple[int, ...]
    groups: tuple[int, ...]


class Incumbent:
    """A placement by node: `on[n][g]` is the number of pods and their devices."""

    def __init__(self, instance: PackingInstance, placement: Placement) -> None:
        self.instance = instance
        self.on: dict[int, dict[int, tuple[int, Chosen]]] = {}
        self.missing = [group.count for group in instance.groups]
        self._put(placement.counts, placement.devices)

    def _put(
        self, counts: dict[tuple[int, int], int], devices: dict[tuple[int, int], Chosen]
    ) -> None:
        for (g, n), count in counts.items():
            self.on.setdefault(n, {})[g] = (count, devices.get((g, n), ()))
            self.missing[g] -= count

    def placement(self) -> Placement:
        keys = sorted((g, n) for n, groups in self.on.items() for g in groups)
        return Placement(
            {(g, n): self.on[n][g][0] for g, n in keys},
            {(g, n): self.on[n][g][1] for g, n in keys if self.on[n][g][1]},
        )

    def part(self, nodes: IntArray) -> Part:
        """What may be packed anew on these nodes without touching any other."""
        counts = {g: count for g, count in enumerate(self.missing) if count}
        names = nodes.tolist()
        for n in names:
            for g, (count, _) in self.on.get(n, {}).items():
                counts[g] = counts.get(g, 0) + count
        counts = {g: counts[g] for g in sorted(counts)}
        position = {g: i for i, g in enumerate(counts)}
        held = sorted(
            ((position[g], i), *what)
            for i, n in enumerate(names)
            for g, what in self.on.get(n, {}).items()
        )
        start = Placement({k: c for k, c, _ in held}, {k: d for k, _, d in held if d})
        return Part(self.instance.part(nodes, counts), start, tuple(names), tuple(counts))

    def replace(self, part: Part, placement: Placement) -> None:
        """Puts a placement of the part in the place of what its nodes held."""
        for n in part.nodes:
            for g, (count, _) in self.on.pop(n, {}).items():
                self.missing[g] += count
        keys = {(g, n): (part.groups[g], part.nodes[n]) for g, n in placement.counts}
        self._put(
            {keys[k]: count for k, count in placement.counts.items()},
            {keys[k]: devices for k, devices in placement.devices.items()},
        )

    def occupied(self) -> list[int]:
        return sorted(self.on)
