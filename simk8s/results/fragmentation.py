"""What of the free room is of no use to typical pods: the table `fragmentation`, and its means.

Law: a mean over time weighs each sample with the time until the next; shares are sums by sums, so
that an instant at which little is free counts little.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from simk8s.results.measure import Expression, Hide, Measure
from simk8s.results.results import Results

GROUP, TABLE = "fragmentation", "fragmentation"


def measures() -> Iterable[Measure]:
    """GPU fragments and stranded CPU and memory."""
    fragments = "gpu_fragments_milli"
    yield _mean(
        "gpu_fragmentation_mean", "GPU fragments, mean",
        "F of FGD, of all GPUs of ready nodes: idle and of no use to typical pods.",
        fragments, "gpu_allocatable_milli", "absent",
    )  # fmt: skip
    yield _mean(
        "gpu_fragmentation_of_idle", "GPU fragments of idle GPUs, mean",
        "F of FGD, of the GPUs that are idle.", fragments, "gpu_idle_milli", "absent",
    )  # fmt: skip
    yield _mean(
        "cpu_stranded_mean", "CPU stranded, mean",
        "Of the free CPU of ready nodes, what is where a typical pod does not fit.",
        "cpu_stranded_milli", "cpu_free_milli",
    )  # fmt: skip
    yield _mean(
        "memory_stranded_mean", "Memory stranded, mean",
        "Of the free memory of ready nodes, what is where a typical pod does not fit.",
        "memory_stranded_bytes", "memory_free_bytes",
    )  # fmt: skip


def _mean(
    name: str, title: str, meaning: str, part: str, whole: str, hide: Hide = "zero"
) -> Measure:
    words = f"{meaning} Weighted by time."
    expression = _ratio(part, whole)
    return Measure(name, title, "share", "lower", "share", GROUP, TABLE, words, expression, hide)


def _ratio(part: str, whole: str) -> Expression:
    weight = (pl.col("t_us").shift(-1) - pl.col("t_us")).fill_null(0).cast(pl.Float64)
    of = (pl.col(whole) * weight).sum()
    known = pl.col(part).count() > 0
    return lambda _: pl.when(known & (of > 0)).then((pl.col(part) * weight).sum() / of)


def over_time(results: Results) -> pl.DataFrame:
    """t_us, and shares: gpu (of all GPUs), gpu_idle (of idle ones), cpu, memory (of free); null
    where there is nothing.
    """

    def share(part: str, whole: str) -> pl.Expr:
        return pl.when(pl.col(whole) > 0).then(pl.col(part) / pl.col(whole))

    return results.table(TABLE).select(
        "t_us",
        gpu=share("gpu_fragments_milli", "gpu_allocatable_milli"),
        gpu_idle=share("gpu_fragments_milli", "gpu_idle_milli"),
        cpu=share("cpu_stranded_milli", "cpu_free_milli"),
        memory=share("memory_stranded_bytes", "memory_free_bytes"),
    ).collect()  # fmt: skip
