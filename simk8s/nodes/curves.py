"""Amounts over time as integers: piecewise-linear curves that are asked, never stepped through.

Law: a curve is exact and has no events: its value, its integral and the instant at which it passes
a level are arithmetic on its pieces. Offsets are µs since the curve's own beginning. After its
last piece a curve stays where it is, or with a period begins again.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

FOREVER_US = 1 << 60
"""Later than anything: the end of the last piece of a curve without a period."""


class Piece(NamedTuple):
    """A straight line from an offset on."""

    value: int
    end_value: int
    """What the line comes to at its end, where the next piece may begin elsewhere."""
    end_us: int


class Curve:
    """`starts[i]` at `times[i]`, in a straight line to `ends[i]` where the next piece begins."""

    __slots__ = ("_areas", "_ends", "_starts", "_times", "flat", "low", "peak", "period_us")

    def __init__(
        self,
        times: Sequence[int],
        starts: Sequence[int],
        ends: Sequence[int] | None = None,
        period_us: int = 0,
    ) -> None:
        ends = starts if ends is None else ends
        assert times[0] == 0, "a curve begins at offset 0"
        assert period_us or starts[-1] == ends[-1], "what goes on for ever stays level"
        self._times, self._starts, self._ends = times, starts, ends
        self.period_us = period_us
        self.peak = int(max(max(starts), max(ends)))
        self.low = int(min(min(starts), min(ends)))
        self.flat = self.peak == self.low
        self._areas: list[int] | None = None

    def value(self, offset_us: int) -> int:
        """The amount at an offset."""
        if self.flat:
            return self.peak
        return self.piece(offset_us).value

    def piece(self, offset_us: int) -> Piece:
        """The line that the curve is on, from this offset to the line's end."""
        if self.flat:
            return Piece(self.peak, self.peak, FOREVER_US)
        base_us = 0
        if self.period_us:
            base_us = offset_us - offset_us % self.period_us
        i = bisect_right(self._times, offset_us - base_us) - 1
        return self._piece(i, base_us, offset_us - base_us)

    def _piece(self, i: int, base_us: int, inner_us: int) -> Piece:
        times, start, end = self._times, int(self._starts[i]), int(self._ends[i])
        begun_us = int(times[i])
        if i + 1 < len(times):
            ended_us = int(times[i + 1])
        elif self.period_us:
            ended_us = self.period_us
        else:
            return Piece(start, start, FOREVER_US)
        value = start
        if end != start:
            value += (end - start) * (inner_us - begun_us) // (ended_us - begun_us)
        return Piece(value, end, base_us + ended_us)

    def area2(self, offset_us: int) -> int:
        """Twice the integral from the beginning to an offset (so that it stays whole)."""
        if self.flat:
            return 2 * self.peak * offset_us
        areas = self._areas if self._areas is not None else self._sum()
        cycles = 0
        if self.period_us:
            cycles, offset_us = divmod(offset_us, self.period_us)
        i = bisect_right(self._times, offset_us) - 1
        value = self._piece(i, 0, offset_us).value
        past_us = offset_us - int(self._times[i])
        return cycles * areas[-1] + areas[i] + (int(self._starts[i]) + value) * past_us

    def _sum(self) -> list[int]:
        """Twice the integral up to each piece, and with a period up to its end."""
        total, areas = 0, [0]
        bounds = [int(time) for time in self._times]
        if self.period_us:
            bounds.append(self.period_us)
        for i in range(len(bounds) - 1):
            total += (int(self._starts[i]) + int(self._ends[i])) * (bounds[i + 1] - bounds[i])
            areas.append(total)
        self._areas = areas
        return areas

    def passes(self, level: int, offset_us: int) -> int | None:
        """The first offset from this one on at which the curve is above a level."""
        if self.peak <= level:
            return None
        for _ in range(len(self._times) + 2):
            base_us = offset_us - offset_us % self.period_us if self.period_us else 0
            i = bisect_right(self._times, offset_us - base_us) - 1
            begun_us, start, end = base_us + int(self._times[i]), self._starts[i], self._ends[i]
            piece = self._piece(i, base_us, offset_us - base_us)
            if piece.value > level:
                return offset_us
            if end > start:
                width_us = piece.end_us - begun_us
                at_us = begun_us - (-(level + 1 - int(start)) * width_us // (int(end) - int(start)))
                if at_us < piece.end_us:
                    return at_us
            if piece.end_us >= FOREVER_US:
                return None
            offset_us = piece.end_us
        return None

    def capped(self, level: int) -> Curve:
        """The same curve, cut off at a level; of a curve of steps alone."""
        if self.peak <= level:
            return self
        starts = [min(int(value), level) for value in self._starts]
        return Curve(self._times, starts, None, self.period_us)

    def stepped(self, steps: int) -> Curve:
        """Slopes as so many steps each, at the means of what they stand for."""
        if self.flat or list(self._starts) == list(self._ends):
            return self
        times: list[int] = []
        values: list[int] = []
        bounds = [*self._times, self.period_us]
        for i, (start, end) in enumerate(zip(self._starts, self._ends, strict=True)):
            count = 1 if start == end else steps
            width = bounds[i + 1] - bounds[i]
            for step in range(count):
                times.append(bounds[i] + width * step // count)
                values.append(start + (end - start) * (2 * step + 1) // (2 * count))
        return Curve(times, values, None, self.period_us)


def flat(value: int) -> Curve:
    """The same amount for ever."""
    return Curve((0,), (value,))
