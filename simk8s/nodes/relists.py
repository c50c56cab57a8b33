"""What a kubelet does periodically as functions of time: PLEG relists, housekeeping, image GC.

Law: a loop has a phase per node and ticks at phase + k · period for ever; that nothing came of a
tick is no event. A period of 0 is a loop that sees everything at once.

Mirrors: kubelet v1.36 generic PLEG (relist 1 s), housekeeping (2 s), image garbage collection (5
min). Departs: a relist takes no time, so that its period is exactly one second.
"""

from __future__ import annotations

from simk8s.kernel.streams import counter_hash

_PLEG, _HOUSEKEEPING, _GC = 1, 2, 3


class Relists:
    """The loops of all kubelets; rows are node rows."""

    def __init__(self, seed: int, pleg_us: int, housekeeping_us: int, gc_us: int) -> None:
        self._seed = seed
        self._pleg_us, self._house_us, self._gc_us = (
            max(1, period) for period in (pleg_us, housekeeping_us, gc_us)
        )
        self._pleg: list[int] = []
        self._house: list[int] = []

    def add(self, row: int) -> None:
        """A kubelet has started."""
        self._pleg.append(self._phase_us(self._pleg_us, _PLEG, row))
        self._house.append(self._phase_us(self._house_us, _HOUSEKEEPING, row))

    def _phase_us(self, period_us: int, loop: int, row: int) -> int:
        return int(period_us * counter_hash(self._seed, loop, row)) if period_us > 1 else 0

    def seen(self, node: int, t_us: int) -> int:
        """The first relist at or after an instant."""
        return t_us + (self._pleg[node] - t_us) % self._pleg_us

    def cleaned(self, node: int, t_us: int) -> int:
        """The first housekeeping at or after an instant."""
        return t_us + (self._house[node] - t_us) % self._house_us

    def collected(self, node: int, t_us: int) -> int:
        """The first image garbage collection at or after an instant."""
        return t_us + (self._phase_us(self._gc_us, _GC, node) - t_us) % self._gc_us
