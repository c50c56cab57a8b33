"""The scenario's thresholds against what a run came to.

Law: they are read from the scenario text in the manifest, so that a page drawn again and a
comparison's runs answer like the run itself. What cannot be measured (nothing ever started) is not
met: a check that saw nothing must not pass.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from simk8s.results import settings
from simk8s.results.format import Format, difference, text
from simk8s.results.kpis import values
from simk8s.results.quantities import percentile
from simk8s.results.results import Results
from simk8s.scenario.thresholds import Target, Threshold
from simk8s.schema.kpis import QUANTITIES


@dataclass(frozen=True, slots=True)
class Judged:
    """A threshold, the value it is about, and whether it is met."""

    threshold: Threshold
    value: float | None

    @property
    def met(self) -> bool:
        return self.value is not None and self.threshold.holds(self.value)

    @property
    def format(self) -> Format:
        return self.threshold.target.kind

    @property
    def margin(self) -> float | None:
        """How far the value is on the good side of the limit; negative: on the bad side."""
        if self.value is None:
            return None
        over = self.value - self.threshold.limit
        return -over if self.threshold.operator in ("<", "<=") else over

    @property
    def value_text(self) -> str:
        return "not measurable" if self.value is None else text(self.value, self.format)

    @property
    def margin_text(self) -> str:
        return difference(self.margin, self.format)


def judge(results: Results) -> list[Judged]:
    """Every threshold of the scenario, in its order."""
    found = settings.thresholds(results)
    return [Judged(threshold, value_of(results, threshold.target)) for threshold in found]


def value_of(results: Results, target: Target) -> float | None:
    """A KPI's value, or any percentile of a quantity."""
    if target.percent is None:
        return values(results)[target.name]
    return percentile(results, QUANTITIES[target.name], target.percent)


def missed(found: Iterable[Judged]) -> list[Judged]:
    """Those that are not met."""
    return [judged for judged in found if not judged.met]


def as_data(found: Iterable[Judged]) -> list[dict[str, object]]:
    """For `--json`: values in base units (microseconds, shares of one)."""
    return [
        {
            "threshold": str(judged.threshold),
            "met": judged.met,
            "value": judged.value,
            "limit": judged.threshold.limit,
            "margin": judged.margin,
        }
        for judged in found
    ]
