"""What the pods of one node use of one resource: a sum of curves, and when it passes a level.

Law: `passes` and `falls` answer with an instant at which the sum is there, or with one at which to
ask again (the sums of more than `MOST_PIECES` pieces); never later than the true one, but for the
rounding of amounts to whole units. Curves that are level cost a sum, and nothing is searched while
the peaks of all together stay below the level.
"""

from __future__ import annotations

from simk8s.nodes.curves import FOREVER_US, Curve

MOST_PIECES = 64
"""How far a search looks ahead before it asks to be called again."""


class Space:
    """One resource of one node, pods by their rows."""

    __slots__ = ("extra", "fixed", "low", "moving", "peak")

    def __init__(self) -> None:
        self.fixed = 0
        self.extra = 0
        """Used by something that is no pod (a fault)."""
        self.peak = 0
        self.low = 0
        self.moving: dict[int, tuple[Curve, int]] = {}
        """Curves that are not level, and the instants at which they begin."""

    def add(self, pod: int, curve: Curve, origin_us: int) -> None:
        """A pod begins to use it."""
        self.peak += curve.peak
        self.low += curve.low
        if curve.flat:
            self.fixed += curve.peak
        else:
            self.moving[pod] = (curve, origin_us)

    def remove(self, pod: int, curve: Curve) -> None:
        """It uses nothing any more."""
        self.peak -= curve.peak
        self.low -= curve.low
        if curve.flat:
            self.fixed -= curve.peak
        else:
            del self.moving[pod]

    def value(self, now_us: int) -> int:
        """In use now."""
        total = self.fixed + self.extra
        for curve, origin_us in self.moving.values():
            total += curve.value(now_us - origin_us)
        return total

    def passes(self, level: int, now_us: int) -> int | None:
        """When it is above a level, from now on; see the law."""
        if self.peak + self.extra <= level:
            return None
        if len(self.moving) == 1:
            ((curve, origin_us),) = self.moving.values()
            found = curve.passes(level - self.fixed - self.extra, now_us - origin_us)
            return None if found is None else found + origin_us
        return self._search(level, now_us, 1)

    def falls(self, level: int, now_us: int) -> int | None:
        """When it is at a level or below it, from now on; see the law."""
        if self.low + self.extra > level:
            return None
        return self._search(level, now_us, -1)

    def _search(self, level: int, now_us: int, sign: int) -> int | None:
        """The first instant at which sign · (sum − level) > 0, and for falling ≥ 0."""
        t_us, wanted = now_us, level + 1 if sign > 0 else level
        for _ in range(MOST_PIECES):
            total = end_total = self.fixed + self.extra
            end_us = FOREVER_US
            pieces = []
            for curve, origin_us in self.moving.values():
                piece = curve.piece(t_us - origin_us)
                total += piece.value
                if piece.end_us < FOREVER_US:
                    end_us = min(end_us, piece.end_us + origin_us)
                pieces.append((piece, origin_us))
            if sign * (total - wanted) >= 0:
                return t_us
            if end_us >= FOREVER_US:
                return None
            for piece, origin_us in pieces:
                rise, left_us = piece.end_value - piece.value, piece.end_us + origin_us - t_us
                end_total += piece.value + (rise * (end_us - t_us) // left_us if rise else 0)
            if sign * (end_total - wanted) >= 0:
                rise = end_total - total
                return t_us - (-(wanted - total) * (end_us - t_us) // rise)
            t_us = end_us
        return t_us
