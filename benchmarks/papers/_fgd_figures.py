"""What the runs of the FGD table say, beside what was published: means, differences, intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.papers._paired import Difference, paired
from benchmarks.papers._runs import OURS, Run, Task

Curve = Mapping[int, float]
Curves = Mapping[tuple[str, str, int], Curve]


@dataclass(frozen=True, slots=True)
class Figures:
    """Published curves by (list, policy, seed), runs, and the seeds that count."""

    published: Curves
    runs: Mapping[Task, Run]
    seeds: Sequence[int]

    def ran(self, trace: str, policy: str) -> list[int]:
        """The seeds of which that policy was run; FGD and ours count where both were."""
        policies = ("FGD", OURS) if policy in ("FGD", OURS) else (policy,)
        return [
            seed
            for seed in self.seeds
            if all(Task(trace, one, seed) in self.runs for one in policies)
        ]

    def at(
        self, trace: str, policy: str, percent: int, seeds: Sequence[int] | None = None
    ) -> list[float]:
        """Allocation by seed; where a list ends earlier, at its end."""
        some = self.ran(trace, policy) if seeds is None else seeds
        return [_at(self.runs[Task(trace, policy, seed)].curve, percent) for seed in some]

    def published_at(
        self, trace: str, policy: str, percent: int, seeds: Sequence[int] | None = None
    ) -> list[float]:
        """The same of the published curves, of the seeds that were run unless others are named."""
        some = self.ran(trace, policy) if seeds is None else seeds
        found = [self.published.get((trace, policy, seed)) for seed in some]
        return [_at(curve, percent) for curve in found if curve]

    def largest(self, trace: str, policy: str) -> float | None:
        """The largest difference over all points of all published curves (their points are rounded
        to hundredths: half of one is theirs); endless where a point is missing, None = no curve.
        """
        gaps = []
        for seed in self.ran(trace, policy):
            published = self.published.get((trace, policy, seed))
            if published is None:
                continue
            curve = self.runs[Task(trace, policy, seed)].curve
            if published.keys() - curve.keys():
                return float("inf")
            gaps.append(max(abs(curve[x] - y) for x, y in published.items()))
        return max(gaps, default=None)

    def against_fgd(self, trace: str, percent: int, among: Sequence[int]) -> Difference | None:
        """Ours less FGD, paired by seed; None = fewer than two pairs."""
        some = [seed for seed in self.ran(trace, OURS) if seed in among]
        if len(some) < 2:
            return None
        ours, fgd = (self.at(trace, policy, percent, some) for policy in (OURS, "FGD"))
        return paired(ours, fgd)


def _at(curve: Curve, percent: int) -> float:
    return curve[min(percent, max(curve))]
