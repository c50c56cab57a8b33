"""Workloads by the replica time they missed; work that came to nothing; disruption budgets."""

from __future__ import annotations

import polars as pl
from markupsafe import Markup

from simk8s.report import html
from simk8s.report.panels.base import Block
from simk8s.results import format as fmt
from simk8s.results.availability import by_workload
from simk8s.results.compare import Comparison
from simk8s.results.results import Results

_MOST = 15
_HEAD = (
    "Workload", "Replicas", "Availability", "Missed", "Below for", "Dips", "Worst", "Pods lost",
    "In start-up", "In rollouts",
)  # fmt: skip


class Availability:
    """A table of workloads, the least available first."""

    title = "Availability"
    order = 52

    def render(self, results: Results) -> Block | None:
        found = by_workload(results)
        work, budgets = _work(results), _budgets(results)
        if found.is_empty() and not work and not budgets:
            return None
        parts = [work, budgets]
        note = ""
        if not found.is_empty():
            parts.insert(0, html.table(_HEAD, [_row(one) for one in _shown(found)]))
            note = (
                "Replica time that was there, of what was wanted since a workload was complete; "
                "what start-up, rollouts and scaling missed is no damage."
            )
            if found.height > _MOST:
                note += f" The worst {_MOST} of {fmt.count(found.height)}."
        return Block("availability", self.title, html.join(parts), note)

    def render_compare(self, comparison: Comparison) -> Block | None:
        frames = {v: by_workload(comparison.first(v)) for v in comparison.variants}
        worst: dict[tuple[str, str], float] = {}
        for frame in frames.values():
            for kind, name, value in frame.select("kind", "name", "availability").rows():
                known = worst.get((kind, name), 2.0)
                worst[kind, name] = min(known, 2.0 if value is None else value)
        if not worst:
            return None
        shown = sorted(worst, key=lambda one: (worst[one], one))[:_MOST]
        rows = [
            [f"{kind} {name}", *(_of(frame, kind, name) for frame in frames.values())]
            for kind, name in shown
        ]
        note = f"Availability of workloads. Seed {comparison.seeds[0]}."
        if len(worst) > _MOST:
            note += f" The worst {_MOST} of {fmt.count(len(worst))}."
        return Block("availability", self.title, html.table(("Workload", *frames), rows), note)


def _shown(found: pl.DataFrame) -> list[dict[str, object]]:
    return found.head(_MOST).rows(named=True)


def _of(frame: pl.DataFrame, kind: str, name: str) -> str:
    values = frame.filter(kind=kind, name=name)["availability"]
    return fmt.text(None if values.is_empty() else values.min(), "share")  # type: ignore[arg-type]


def _row(one: dict[str, object]) -> list[str | Markup]:
    def time(name: str) -> str:
        return fmt.text(one[name], "work")  # type: ignore[arg-type]

    worst = fmt.DASH
    if one["worst"]:
        at = fmt.duration(one["worst_us"])  # type: ignore[arg-type]
        worst = f"−{fmt.count(one['worst'])} at {at}"  # type: ignore[arg-type]
    complete = one["complete_us"] is not None
    return [
        f"{one['kind']} {one['name']}",
        fmt.count(one["desired"]),  # type: ignore[arg-type]
        fmt.text(one["availability"], "share") if complete else "never complete",  # type: ignore[arg-type]
        time("unavailable_us"),
        fmt.duration(one["below_us"]),  # type: ignore[arg-type]
        fmt.count(one["dips"]),  # type: ignore[arg-type]
        worst,
        fmt.count(one["pods_lost"]),  # type: ignore[arg-type]
        time("startup_us"),
        time("rollout_us"),
    ]


def _work(results: Results) -> Markup:
    """What of the work of Jobs and pods of nobody came to nothing."""
    found = results.table("work").sort("wasted_us", descending=True).head(_MOST).collect()
    if found.is_empty():
        return Markup("")
    rows = []
    for one in found.rows(named=True):
        share = one["wasted_us"] / one["run_us"] if one["run_us"] else None
        jobs = fmt.DASH
        if one["jobs"]:
            jobs = f"{fmt.count(one['jobs_complete'])} of {fmt.count(one['jobs'])}"
            if one["jobs_failed"]:
                jobs += f", {fmt.count(one['jobs_failed'])} failed"
        rows.append(
            [
                one["workload"],
                jobs,
                fmt.count(one["pods"]),
                fmt.work(one["run_us"]),
                fmt.work(one["wasted_us"]),
                fmt.text(share, "share"),
                fmt.work(one["redone_us"]),
            ]
        )
    head = ("Work that ends", "Jobs complete", "Pods", "Run", "Wasted", "of it", "Redone")
    return html.table(head, rows)


def _budgets(results: Results) -> Markup:
    """What disruption budgets allowed and refused."""
    found = results.table("disruptions").collect()
    if found.is_empty():
        return Markup("")
    rows = [
        [
            f"{one['namespace']}/{one['name']}",
            fmt.count(one["granted"]),
            fmt.count(one["refused"]),
            fmt.count(one["allowed"]),
            fmt.duration(one["exhausted_us"]),
        ]
        for one in found.rows(named=True)
    ]
    head = ("PodDisruptionBudget", "Evictions granted", "refused", "Allowed at the end",
            "Nothing allowed for")  # fmt: skip
    return html.table(head, rows)
