"""The KPI row at the top of a run's page, and the table of KPIs of a comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from markupsafe import Markup

from simk8s.report import html
from simk8s.results import format as fmt
from simk8s.results.compare import Cell, Comparison, Difference, Row
from simk8s.results.kpis import kpis
from simk8s.results.results import Results

# title, name of the number, the line under it with the names of other numbers
_TILES = (
    ("Pods created", "pods_created", "{pods_running} running at the end"),
    ("Running within 5 s", "started_within_5s", "half within {startup_us_p50}"),
    ("Created to running, p99", "startup_us_p99", "to scheduled {scheduling_us_p99}"),
    ("Never scheduled", "pods_unscheduled", "{pods_pending} pending at the end"),
    ("Dropped", "pods_dropped", "{pods_started} were placed"),
    ("Pods lost", "pods_lost", "{lost_work_us} of work"),
    ("Availability", "availability", "worst workload {availability_worst}"),
    ("Recovery, p95", "recovery_us_p95", "longest {longest_dip_us}"),
    ("CPU requested", "cpu_utilisation_mean", "peak {cpu_utilisation_peak}"),
    ("Memory requested", "memory_utilisation_mean", "peak {memory_utilisation_peak}"),
    ("GPU requested", "gpu_utilisation_mean", "at the end {gpu_allocation_end}"),
    ("Nodes in use", "nodes_used_mean", "{node_time_used_us} in use"),
    ("Cost of nodes", "node_cost", "{node_cost_used} for those in use"),
    ("Energy", "energy_kwh", "{energy_per_pod_hour} for an hour of a pod"),
    ("Scheduling attempts", "attempts", "{service_us_mean} each"),
)


@dataclass(frozen=True, slots=True)
class Tile:
    """One number of the KPI row."""

    title: str
    value: str
    under: str
    meaning: str


def tiles(results: Results) -> list[Tile]:
    """The KPI row; a tile whose number does not exist in this run is left out."""
    known = {kpi.name: kpi for kpi in kpis(results)}
    texts = {name: kpi.text for name, kpi in known.items() if kpi.value is not None}
    return [
        Tile(title, known[name].text, _filled(under, texts), known[name].meaning)
        for title, name, under in _TILES
        if name in known and not (name == "pods_unscheduled" and "pods_dropped" in known)
    ]


def _filled(under: str, texts: dict[str, str]) -> str:
    """The line under a number; nothing if its own number does not exist."""
    try:
        return under.format_map(texts)
    except KeyError:
        return ""


# What a comparison shows at its top; the rest is in the table of all numbers.
_COMPARED = (
    "pods_created", "high_priority_started", "pods_unscheduled", "pods_dropped", "pods_lost",
    "pods_moved", "pods_evicted", "victims", "lost_work_us", "budget_exhausted_us", "availability",
    "availability_worst", "availability_nines", "unavailable_us", "recovery_us_p95",
    "longest_dip_us", "work_wasted_us", "started_within_5s",
    "scheduling_us_p99", "startup_us_p50", "startup_us_p99", "time_to_ready_us_p99",
    "slo_startup_us", "slo_api_mutating_us", "api_latency_us_p99", "api_rejected",
    "cpu_utilisation_mean", "memory_utilisation_mean", "gpu_utilisation_mean", "gpu_allocation_end",
    "queue_worst_wait_us", "queue_fairness", "queue_served_worst", "queue_served_fairness",
    "nodes_used_mean", "node_time_used_us", "node_cost", "node_cost_used",
    "node_cost_per_pod_hour", "energy_kwh", "energy_used_kwh", "energy_per_pod_hour",
    "gpu_fragmentation_mean", "gpu_fragmentation_of_idle", "cpu_stranded_mean",
    "memory_stranded_mean", "service_us_mean", "solve_gap_mean",
)  # fmt: skip


def key_table(comparison: Comparison) -> Markup:
    """The most important KPIs side by side."""
    found = (comparison.row(name) for name in _COMPARED)
    return comparing_table(comparison, [row for row in found if row is not None])


def comparing_table(comparison: Comparison, rows: Sequence[Row]) -> Markup:
    """KPIs by group, a column per variant: mean over seeds, difference to the first."""
    head = ["", *comparison.variants]
    groups = groupby(sorted(rows, key=lambda row: _rank(comparison, row)), _group)
    body = html.join(_body(group, list(members), len(head)) for group, members in groups)
    cells = Markup("").join(Markup('<th class="n">{}</th>').format(name) for name in head[1:])
    return Markup(
        '<div class="scroll"><table class="kpis">'
        "<thead><tr><th></th>{}</tr></thead>{}</table></div>"
    ).format(cells, body)


def _group(row: Row) -> str:
    return row.measure.group


def _rank(comparison: Comparison, row: Row) -> int:
    """Groups in the order in which their first KPI comes."""
    order = list(dict.fromkeys(r.measure.group for r in comparison.rows))
    return order.index(row.measure.group)


def _body(group: str, rows: list[Row], width: int) -> Markup:
    title = Markup('<tr class="group"><th colspan="{}">{}</th></tr>').format(
        width, group.capitalize()
    )
    return Markup("<tbody>{}{}</tbody>").format(title, html.join(_line(row) for row in rows))


def _line(row: Row) -> Markup:
    title = Markup('<td title="{}">{}</td>').format(row.measure.meaning, row.measure.title)
    return Markup("<tr>{}{}</tr>").format(title, html.join(_cell(row, c) for c in row.cells))


def _cell(row: Row, cell: Cell) -> Markup:
    how = row.measure.format
    value: str | Markup = fmt.text(cell.mean, how)
    if cell.best:
        value = Markup('<b class="best" title="best mean">{}</b>').format(value)
    under = _difference(cell.difference, row) if cell.difference else Markup("")
    return Markup('<td class="n">{}{}</td>').format(value, under)


def _difference(difference: Difference, row: Row) -> Markup:
    how = row.measure.format
    if difference.verdict == "same":
        return Markup('<span class="diff">±0</span>')
    text = fmt.difference(difference.mean, how)
    interval = ""
    if difference.low is not None and difference.low != difference.high:
        low, high = fmt.difference(difference.low, how), fmt.difference(difference.high, how)
        interval = f"{low} to {high}"
    return Markup('<span class="diff {}" title="{}">{} <small>{}</small></span>').format(
        difference.verdict.replace("_", "-"), _explained(difference), text, interval
    )


def _explained(difference: Difference) -> str:
    words = {
        "better": "clearly better",
        "worse": "clearly worse",
        "different": "clearly different",
        "unsure": "open: may be no difference",
        "alike": "no difference that counts",
        "one_seed": "one seed, no interval",
        "same": "the same",
    }
    told = [words[difference.verdict], f"{difference.pairs} seeds compared"]
    if difference.adjusted is not None and difference.verdict != "same":
        told.append(f"p {difference.adjusted:.2g} after correction")
    if difference.more_seeds is not None:
        told.append(f"some {difference.more_seeds:,} more seeds would settle it")
    return "; ".join(told)
