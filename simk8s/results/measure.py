"""What a KPI is: a measure as data, and its value in one run.

Law: a measure is one polars expression over one table, or, where that cannot say it, one function
of the whole run; never both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import polars as pl

from simk8s.results.format import Format, text
from simk8s.results.results import Results
from simk8s.schema.manifest import Manifest

Better = Literal["higher", "lower"]
Hide = Literal["never", "absent", "zero"]  # when a KPI is left out; zero includes absent
Expression = Callable[[Manifest], pl.Expr]
Compute = Callable[[Results], float | None]


@dataclass(frozen=True)
class Measure:
    """How a KPI is computed and read."""

    name: str
    title: str
    unit: str
    better: Better | None
    format: Format
    group: str
    table: str
    meaning: str
    expression: Expression | None
    hide: Hide = "never"
    compute: Compute | None = None

    def shows(self, value: float | None) -> bool:
        """Whether this value is worth a line."""
        if value is None:
            return self.hide == "never"
        return value != 0 or self.hide != "zero"


@dataclass(frozen=True, slots=True)
class Kpi:
    """A measure's value in one run; None where it does not exist (no GPUs, nothing started)."""

    name: str
    title: str
    value: float | None
    unit: str
    better: Better | None
    format: Format
    group: str
    meaning: str

    @property
    def text(self) -> str:
        """The value as people read it."""
        return text(self.value, self.format)
