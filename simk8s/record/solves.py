"""What a solver says of one plan and how it came to it: rows of `solves` and `solve_curve`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from simk8s.record.recorder import Recorder
from simk8s.schema.solver import Point


class SolveWriter:
    """Keeps the two tables together."""

    def __init__(self, recorder: Recorder) -> None:
        self._solves, self._curves = recorder.solves, recorder.solve_curve

    def note(self, row: tuple[Any, ...], curve: Iterable[Point] = ()) -> None:
        """A row of the table `solves`, and the steps to it."""
        number = len(self._solves)
        self._solves.append(row)
        for point in curve:
            self._curves.append((number, *point))
