"""The service level objectives of Kubernetes, as SIG Scalability defines them, against a run.

Law: an indicator is a 99th percentile over five minutes; the objective is about the 99th
percentile of these over a day of the cluster (nearest rank: with fewer than 100 windows the worst
one), and the worst day decides. What had nothing to measure is `not_measurable`, never met.

Mirrors: kubernetes/community sig-scalability/slos: startup of schedulable (no preemption, and
room at the first attempt) stateless pods without image pulls and init containers, from creation to
running as a watch shows it; API calls by resource and verb: mutating ones of single objects and
reads of one object within 1 s, reads of a namespace or the cluster within 30 s. Departs: pods are
counted in the window in which they were seen running, requests in that of their arrival; a day
begins with the run; percentiles of several clients in a window are pooled from each client's (see
`pooled`); the watch's lag is the one of an idle client.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from simk8s.results import pooled, settings
from simk8s.results.measure import Compute, Measure
from simk8s.results.quantities import STAYED
from simk8s.results.results import Results
from simk8s.schema.enums import Outcome

WINDOW_US = 300_000_000
DAY_US = 86_400_000_000
SHARE = 0.99
SECOND = 1_000_000
_NO_ROOM = [Outcome.UNSCHEDULABLE.value, Outcome.PREEMPTING.value, Outcome.DROPPED.value]
"""Outcomes of a first attempt that say the cluster had no room for the pod."""

Verdict = Literal["met", "missed", "not_measurable"]


@dataclass(frozen=True, slots=True)
class Slo:
    """An objective."""

    name: str
    title: str
    target_us: int
    meaning: str
    verbs: tuple[str, ...] = ()
    """Of the API; none for pods."""


STARTUP = Slo(
    "slo_startup", "Pod startup", 5 * SECOND,
    "Schedulable stateless pods, without image pull and init containers, created to running.",
)  # fmt: skip
MUTATING = Slo(
    "slo_api_mutating", "Mutating API calls", SECOND,
    "Writes of single objects, by resource and verb.", ("POST", "PUT", "PATCH", "DELETE"),
)  # fmt: skip
GET = Slo(
    "slo_api_get", "Reads of one object", SECOND,
    "Reads of scope resource, by resource.", ("GET",),
)  # fmt: skip
LIST = Slo(
    "slo_api_list", "Reads of a namespace or the cluster", 30 * SECOND,
    "Lists, by resource.", ("LIST",),
)  # fmt: skip
SLOS = (STARTUP, MUTATING, GET, LIST)


@dataclass(frozen=True, slots=True)
class Series:
    """One thing that an objective holds for by itself: all pods, or a verb and resource."""

    subject: str
    value_us: float
    """99th percentile of its windows, of its worst day."""
    windows: int
    counted: int
    worst_us: float
    worst_start_us: int
    over: int
    """Windows above the target."""


@dataclass(frozen=True, slots=True)
class Judged:
    """An objective and what became of it; series with the highest value first."""

    slo: Slo
    series: tuple[Series, ...]

    @property
    def verdict(self) -> Verdict:
        if not self.series:
            return "not_measurable"
        return "met" if self.series[0].value_us <= self.slo.target_us else "missed"

    @property
    def value_us(self) -> float | None:
        return self.series[0].value_us if self.series else None

    @property
    def worst(self) -> Series | None:
        """The series with the worst single window."""
        return max(self.series, key=lambda series: series.worst_us, default=None)


def judge(results: Results) -> tuple[Judged, ...]:
    """Every objective, in the order of SLOS."""
    return results.remember("slos", lambda: _judge(results))


def _judge(results: Results) -> tuple[Judged, ...]:
    pods = _series(_pod_windows(results), STARTUP)
    requests = _request_windows(results)
    return (
        Judged(STARTUP, pods),
        *(
            Judged(slo, _series(requests.filter(pl.col("verb").is_in(slo.verbs)), slo))
            for slo in SLOS[1:]
        ),
    )


def _pod_windows(results: Results) -> pl.DataFrame:
    """subject, window_us, us, counted of pods that the startup objective counts."""
    lag_us = int(getattr(settings.control_plane(results).api_server, "watch_lag", 0))
    first = results.decisions.filter(pl.col("attempt") == 1).select("pod", "outcome")
    first = first.unique("pod", keep="first", maintain_order=True)
    took = pl.col("running_us") + lag_us - pl.col("created_us")
    seen = pl.col("running_us") + lag_us
    return (
        results.pods.filter(pl.col("running_us").is_not_null() & ~pl.col("stateful") & ~STAYED)
        .join(first, on="pod", how="left")
        # A pod without any attempt was placed by somebody else, such as by its nodeName.
        .filter(~pl.col("outcome").is_in(_NO_ROOM).fill_null(value=False))
        .select(
            window_us=seen // WINDOW_US * WINDOW_US,
            us=(took - pl.col("image_pull_us") - pl.col("init_us")).clip(lower_bound=0),
        )
        .group_by("window_us")
        .agg(
            pl.col("us").quantile(SHARE, interpolation="linear").cast(pl.Float64),
            counted=pl.len().cast(pl.Int64),
        )
        .select(pl.lit("pods").alias("subject"), "window_us", "us", "counted")
        .sort("window_us")
        .collect()
    )


def _request_windows(results: Results) -> pl.DataFrame:
    """verb, subject, window_us, us, counted: one row a verb, resource and window."""
    keys = ("verb", "resource", "window_us")
    found = pooled.by(results.api_requests.sort(*keys, "client").collect(), keys, SHARE)
    return found.select(
        "verb",
        pl.concat_str("verb", "resource", separator=" ").alias("subject"),
        "window_us",
        "us",
        pl.col("answered").alias("counted"),
    )


def _series(windows: pl.DataFrame, slo: Slo) -> tuple[Series, ...]:
    """Each subject's windows summed up, the highest value first."""
    if windows.is_empty():
        return ()
    by_day = windows.group_by("subject", pl.col("window_us") // DAY_US).agg(
        pl.col("us").sort().get((SHARE * pl.len()).ceil().cast(pl.Int64) - 1).alias("of_day")
    )
    days = by_day.group_by("subject").agg(value=pl.col("of_day").max())
    worst = pl.col("us").arg_max()
    found = windows.group_by("subject").agg(
        windows=pl.len(),
        counted=pl.col("counted").sum(),
        worst=pl.col("us").get(worst),
        start=pl.col("window_us").get(worst),
        over=(pl.col("us") > slo.target_us).sum(),
    )
    rows = found.join(days, on="subject").sort("value", "subject", descending=[True, False])
    columns = ("subject", "value", "windows", "counted", "worst", "start", "over")
    return tuple(Series(*row) for row in rows.select(columns).rows())


def measures() -> Iterable[Measure]:
    """What each objective is about, as a KPI."""
    for i, slo in enumerate(SLOS):
        yield Measure(
            f"{slo.name}_us",
            f"{slo.title} (SLO)",
            "us",
            "lower",
            "duration",
            "SLOs",
            "",
            f"{slo.meaning} 99th percentile of five minutes, 99th percentile of a day's; "
            f"objective {slo.target_us // SECOND} s.",
            None,
            "absent",
            _value(i),
        )


def _value(i: int) -> Compute:
    return lambda results: judge(results)[i].value_us


def as_data(found: Iterable[Judged]) -> list[dict[str, Any]]:
    """For `--json`."""
    return [
        {
            "slo": judged.slo.name,
            "verdict": judged.verdict,
            "target_us": judged.slo.target_us,
            "value_us": judged.value_us,
            "subject": judged.series[0].subject if judged.series else None,
            "counted": sum(series.counted for series in judged.series),
            "worst_window": _worst(judged.worst),
        }
        for judged in found
    ]


def _worst(series: Series | None) -> dict[str, Any] | None:
    if series is None:
        return None
    return {
        "subject": series.subject,
        "start_us": series.worst_start_us,
        "end_us": series.worst_start_us + WINDOW_US,
        "value_us": series.worst_us,
    }
