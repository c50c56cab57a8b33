"""What a strategy did to pods that were running: moved, evicted, preempted; budgets used up.

Law: moved is evicted so that another is made and placed anew (relocations of a strategy, the
defragmenter, the descheduler); evicted is taken off its node by a drain, a taint or a kubelet under
pressure. Both are among the pods lost.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from simk8s.results.measure import Expression, Measure
from simk8s.schema.enums import LossCause

GROUP = "disruption"
EVICTED = (LossCause.DRAIN, LossCause.TAINT_EVICTION, LossCause.NODE_PRESSURE)


def _count(predicate: pl.Expr) -> Expression:
    return lambda _: predicate.fill_null(value=False).sum()


def measures() -> Iterable[Measure]:
    """Runs in which nobody was disturbed have none of these."""
    for name, title, causes, meaning in (
        ("pods_moved", "Moved", (LossCause.DESCHEDULED,),
         "Evicted by a strategy, the defragmenter or the descheduler, so as to be placed anew."),
        ("pods_evicted", "Evicted", EVICTED,
         "Evicted by a drain, a taint or a kubelet under pressure."),
    ):  # fmt: skip
        among = pl.col("lost_cause").is_in([cause.value for cause in causes])
        yield Measure(
            name, title, "pods", "lower", "count", GROUP, "pods", meaning, _count(among), "zero"
        )  # fmt: skip
    yield Measure(
        "budget_exhausted_us", "Budgets used up", "us", "lower", "duration", GROUP, "disruptions",
        "Time in which a PodDisruptionBudget allowed nothing, added up over budgets.",
        lambda _: pl.col("exhausted_us").sum(), "zero",
    )  # fmt: skip
