"""How much CPU and memory all pods together have used: integrals over time, read when asked.

Law: integrals are whole numbers (twice the amount times µs) and exact at every instant at which
they are read. What is level costs a multiplication for all pods together; a curve is integrated
when somebody reads, or when its pod stops.
"""

from __future__ import annotations

from typing import NamedTuple

from simk8s.nodes.curves import Curve

DEMAND, CAPPED, USED, MEMORY = range(4)


class Used(NamedTuple):
    """Twice the integrals since the beginning, in milli-CPU · µs and byte · µs."""

    demand: int
    """What pods wanted to use."""
    capped: int
    """What their limits let through."""
    used: int
    """What they got."""
    memory: int


class Ledger:
    """Sums of rates that are level, and curves with how far each is counted."""

    def __init__(self) -> None:
        self._rates = [0, 0, 0, 0]
        self._areas = [0, 0, 0, 0]
        self._since_us = 0
        self._curves: dict[tuple[int, int], tuple[Curve, int, int]] = {}
        """(pod, which) -> curve, its beginning, counted up to."""

    def change(self, which: int, by: int, now_us: int) -> None:
        """A level rate changes."""
        self._advance(now_us)
        self._rates[which] += by

    def level(self, demand: int, capped: int, memory: int, now_us: int) -> None:
        """A pod that wants the same all the time comes (or goes, with negative amounts)."""
        self._advance(now_us)
        rates = self._rates
        rates[DEMAND] += demand
        rates[CAPPED] += capped
        rates[USED] += capped
        rates[MEMORY] += memory

    def begin(self, pod: int, which: int, curve: Curve, origin_us: int, now_us: int) -> None:
        """A pod's curve counts from now on."""
        if curve.flat:
            self.change(which, curve.peak, now_us)
        else:
            self._curves[pod, which] = (curve, origin_us, now_us)

    def end(self, pod: int, which: int, curve: Curve, now_us: int) -> None:
        """It counts no more."""
        if curve.flat:
            self.change(which, -curve.peak, now_us)
        else:
            self._areas[which] += self._area(self._curves.pop((pod, which)), now_us)

    def read(self, now_us: int) -> Used:
        """Everything up to now."""
        self._advance(now_us)
        for key, held in self._curves.items():
            self._areas[key[1]] += self._area(held, now_us)
            self._curves[key] = (held[0], held[1], now_us)
        return Used(*self._areas)

    def _area(self, held: tuple[Curve, int, int], now_us: int) -> int:
        curve, origin_us, since_us = held
        return curve.area2(now_us - origin_us) - curve.area2(since_us - origin_us)

    def _advance(self, now_us: int) -> None:
        passed_us = 2 * (now_us - self._since_us)
        if passed_us:
            self._since_us = now_us
            areas = self._areas
            for which, rate in enumerate(self._rates):
                areas[which] += rate * passed_us
