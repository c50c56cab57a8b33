"""What a run says, in sentences: for the top of the page and for the terminal.

Law: sentences only state what the tables hold; nothing is judged good or bad without a threshold.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from simk8s.results import faults, reasons, slos
from simk8s.results import format as fmt
from simk8s.results.kpis import by_name, kpis
from simk8s.results.results import Results
from simk8s.results.thresholds import judge, missed

Values = dict[str, float | None]

_MOST_REASONS, _LONGEST = 3, 120
_CALM_FACTOR, _CALM_PODS = 1.1, 5  # pending is back to normal within this of what it was


def verdict(results: Results) -> list[str]:
    """The sentences that sum the run up, the most important first."""
    values = by_name(kpis(results))
    if not values["pods_created"]:
        return [said for said in (_thresholds(results), "No pods were created.") if said]
    found = [
        _thresholds(results),
        _arrivals(values),
        _objectives(results),
        _left_over(values, results),
        _fault(results),
        _available(values),
        _lost(values, results),
        _use(values),
    ]
    return [sentence for sentence in found if sentence]


def _thresholds(results: Results) -> str:
    """Whether the scenario's thresholds are met, the missed ones by name."""
    found = judge(results)
    bad = missed(found)
    if not found:
        return ""
    if not bad:
        return (
            f"All {len(found)} thresholds are met." if len(found) > 1 else "Its threshold is met."
        )
    told = [f"{judged.threshold} ({judged.value_text})" for judged in bad[:_MOST_REASONS]]
    more = f" and {len(bad) - len(told)} more" if len(bad) > len(told) else ""
    return f"{len(bad)} of {len(found)} thresholds missed: {'; '.join(told)}{more}."


def _objectives(results: Results) -> str:
    """Service level objectives that are missed."""
    bad = [judged for judged in slos.judge(results) if judged.verdict == "missed"]
    told = []
    for judged in bad:
        value, limit = fmt.text(judged.value_us, "duration"), fmt.duration(judged.slo.target_us)
        told.append(f"{judged.slo.title} ({value}, at most {limit})")
    return f"SLO{'s' if len(bad) > 1 else ''} missed: {'; '.join(told)}." if bad else ""


def _value(values: Values, name: str) -> float:
    """A KPI that was left out because it is zero is zero."""
    return values.get(name) or 0


def _arrivals(values: Values) -> str:
    created = fmt.count(_value(values, "pods_created"))
    median = values.get("startup_us_p50")
    if median is None:
        return f"{created} pods were created; none of them ever ran."
    in_time = fmt.text(values.get("started_within_5s"), "share")
    dropped = _value(values, "pods_dropped")
    fell = f", {fmt.count(dropped)} did not fit and {_were(dropped)} dropped" if dropped else ""
    return (
        f"{created} pods were created{fell}; {in_time} of {'the others' if dropped else 'them'} "
        f"were running within 5{_GAP}s, half within {fmt.duration(median)}."
    )


def _left_over(values: Values, results: Results) -> str:
    """Who got no node, and why."""
    waiting = _value(values, "pods_unscheduled")
    reason = _mostly(results)
    if waiting:
        because = f"; named most often: {reason}" if reason else ""
        return f"{_pods(waiting)} never got a node{because}."
    if _value(values, "pods_dropped") and reason:
        return f"Named most often for what did not fit: {reason}."
    return ""


def _mostly(results: Results) -> str:
    """The commonest reason of unsuccessful attempts, or those that are as common, in quotes."""
    found = reasons.unsuccessful(results)
    if found.is_empty():
        return ""
    most = found.filter(pl.col("attempts") == found["attempts"][0])["text"].head(_MOST_REASONS)
    return _listed([f"“{text[:_LONGEST]}”" for text in most.to_list()])


def _fault(results: Results) -> str:
    """The fault that hit the most pods, and what pending did after it."""
    found = faults.intervals(results).sort(
        "pods_hit", "start_us", descending=[True, False], maintain_order=True
    )
    if found.is_empty():
        return ""
    grave = found.row(0, named=True)
    text = f"The {faults.name(grave['kind'], grave['target'])} at {fmt.duration(grave['start_us'])}"
    if grave["end_us"] is not None:
        text += f" (for {fmt.duration(grave['end_us'] - grave['start_us'])})"
    text += f" hit {_pods(grave['pods_hit'])}"
    text += _pending_after(results, grave)
    if found.height > 1:
        others = int(found["pods_hit"][1:].sum())
        text += f"; {fmt.count(found.height - 1)} more faults hit {_pods(others)}"
    return text + "."


def _pending_after(results: Results, fault: dict[str, Any]) -> str:
    """How pending rose after the fault and when it was as before."""
    series = results.timeseries.select("t_us", "pending").collect()
    start = fault["start_us"]
    end = fault["end_us"] if fault["end_us"] is not None else results.manifest.simulated_us
    before = series.filter(pl.col("t_us") <= start)["pending"]
    # Replacements come after the grace period and the tolerations: look an hour further.
    during = series.filter(pl.col("t_us").is_between(start, end + 3_600_000_000))
    if before.is_empty() or during.is_empty():
        return ""
    normal, peak = int(before[-1]), int(during["pending"][during["pending"].arg_max() or 0])
    limit = normal * _CALM_FACTOR + _CALM_PODS
    if peak <= limit:
        return ""
    at_peak = during["t_us"][during["pending"].arg_max() or 0]
    calm = series.filter((pl.col("t_us") >= at_peak) & (pl.col("pending") <= limit))["t_us"]
    said = f"; pending pods rose from {fmt.count(normal)} to {fmt.count(peak)}"
    if calm.is_empty():
        return said + " and did not come back to normal"
    return said + f" and were back to normal after {fmt.duration(calm[0] - start)}"


def _available(values: Values) -> str:
    """What damage did to those who want replicas; nothing, where nothing was missed."""
    if not values.get("unavailable_us"):
        return ""
    text = (
        f"Workloads missed {fmt.text(values.get('unavailable_us'), 'work')} of replica time by "
        f"damage: {fmt.text(values.get('availability'), 'share')} available, the worst of them "
        f"{fmt.text(values.get('availability_worst'), 'share')}; they were complete again within "
        f"{fmt.text(values.get('recovery_us_p95'), 'duration')} in 19 of 20 cases"
    )
    still = _value(values, "dips_open")
    return text + (f", {fmt.count(still)} not before the end." if still else ".")


def _lost(values: Values, results: Results) -> str:
    lost = _value(values, "pods_lost")
    if not lost:
        return ""
    causes = (
        results.pods.filter(pl.col("lost_cause").is_not_null())
        .group_by("lost_cause")
        .len()
        .sort("len", "lost_cause", descending=[True, False])
        .collect()
    )
    listed = ", ".join(
        f"{fmt.count(n) if causes.height > 1 else 'all'} by {cause.replace('_', ' ')}"
        for cause, n in causes.rows()
    )
    work = _value(values, "lost_work_us")
    return (
        f"In all {_pods(lost)} {_were(lost)} lost ({listed}), {fmt.work(work)} of work with them."
    )


def _use(values: Values) -> str:
    said = []
    for name, title in (("cpu", "CPU"), ("memory", "memory"), ("gpu", "GPU")):
        mean = values.get(f"{name}_utilisation_mean")
        if mean is not None:
            said.append(f"{fmt.share(mean)} of {title}")
    if not said:
        return ""
    text = f"On average pods requested {_listed(said)}"
    if values.get("nodes_used_mean") is not None:
        text += f", on {fmt.count(round(_value(values, 'nodes_used_mean')))} nodes in use"
    if values.get("gpu_allocation_end") is not None:
        text += f"; {fmt.text(values['gpu_allocation_end'], 'share')} of GPU at the end"
    return text + "."


def _listed(items: list[str]) -> str:
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1]


def _pods(n: float) -> str:
    return f"{fmt.count(n)} pod" + ("" if n == 1 else "s")


def _were(n: float) -> str:
    return "was" if n == 1 else "were"


_GAP = "\u00a0"
