"""L5: what a finished run says in the terminal: a table of KPIs, or JSON.

Law: the numbers and their spelling are those of `results.kpis`, so terminal and page agree.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from simk8s.cli.say import printable
from simk8s.units import US_PER_SECOND, format_duration

if TYPE_CHECKING:
    from simk8s.results.compare import Comparison
    from simk8s.results.kpis import Kpi
    from simk8s.results.results import Results
    from simk8s.schema.manifest import Manifest

_PERCENTILES = ("p50", "p90", "p99")


def heading(manifest: Manifest) -> str:
    """One line: what was simulated, how long it took."""
    simulated = format_duration(manifest.simulated_us // US_PER_SECOND * US_PER_SECOND)
    parts = [
        manifest.scenario,
        manifest.strategy,
        f"seed {manifest.seed}",
        f"{simulated} in {manifest.wall_seconds:.1f} s",
        f"{manifest.pods_per_second:,.0f} pods/s",
    ]
    return " · ".join(parts)


def rows(found: Iterable[Kpi]) -> Iterator[tuple[str, str]]:
    """Title and value of each KPI; the percentiles of one thing share a line."""
    lines: dict[str, tuple[list[str], list[str]]] = {}
    for kpi in found:
        title, _, percentile = kpi.title.rpartition(", ")
        if percentile in _PERCENTILES:
            names, texts = lines.setdefault(title, ([], []))
            names.append(percentile)
            texts.append(kpi.text)
        else:
            lines[kpi.title] = ([], [kpi.text])
    for title, (names, texts) in lines.items():
        yield ", ".join([title, " / ".join(names)]) if names else title, " / ".join(texts)


def print_run(results: Results) -> None:
    """The table of one run, on stdout."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from simk8s.results import slos
    from simk8s.results.format import text
    from simk8s.results.kpis import kpis

    table = Table(title=Text(printable(heading(results.manifest))), title_justify="left")
    table.add_column("")
    table.add_column("", justify="right")
    table.show_header = False
    for title, value in rows(kpis(results)):
        table.add_row(Text(title), Text(value))
    for judged in slos.judge(results):
        if judged.series:
            limit = text(judged.slo.target_us, "duration")
            told = f"{judged.verdict} (at most {limit})"
            table.add_row(Text(f"SLO: {judged.slo.title}"), Text(told))
    Console().print(table)
    for line in verdict_lines(results):
        print(printable(line))


def print_comparison(comparison: Comparison) -> None:
    """The table of a comparison, on stdout: one column a variant, the best value marked."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from simk8s.report.words_compare import verdict
    from simk8s.results.format import numbers, text

    table = Table(title=f"seeds {numbers(comparison.seeds)}", title_justify="left")
    table.add_column("")
    for variant in comparison.variants:
        table.add_column(Text(variant), justify="right", overflow="fold")
    for row in comparison.rows:
        cells = [
            Text(text(cell.mean, row.measure.format), style="bold" if cell.best else "")
            for cell in row.cells
        ]
        table.add_row(Text(row.measure.title), *cells)
    Console().print(table)
    if len(comparison.variants) > 1:
        headline, sentences = verdict(comparison)
        for line in [headline, *sentences]:
            print(printable(line.replace("\u00a0", " ")))
    for line in missed_lines(comparison):
        print(printable(line))


def print_sweep(comparison: Comparison) -> None:
    """What many seeds of one variant say, on stdout."""
    from simk8s.report.sweep import verdict

    headline, sentences = verdict(comparison)
    for line in [headline, *sentences]:
        print(printable(line.replace("\u00a0", " ")))
    missed = [run.seed for run in comparison.runs if missed_in(run.results)]
    if missed:
        share = f"{len(missed):,} of {len(comparison.runs):,} seeds miss a threshold"
        print(f"{share}, the first of them {missed[0]}")


def missed_in(results: Results) -> bool:
    """Whether a run misses any threshold of its scenario."""
    from simk8s.results.thresholds import judge, missed

    return bool(missed(judge(results)))


def verdict_lines(results: Results) -> Iterator[str]:
    """The scenario's thresholds, one line each, missed ones first; nothing without any."""
    from simk8s.results.thresholds import judge

    for judged in sorted(judge(results), key=lambda judged: judged.met):
        word = "met" if judged.met else "MISSED"
        said = f"{word:6} {judged.threshold}: {judged.value_text} (margin {judged.margin_text})"
        yield said.replace("\u00a0", " ")


def missed_lines(comparison: Comparison) -> Iterator[str]:
    """The thresholds of every run that misses one."""
    for run in comparison.runs:
        if missed_in(run.results):
            yield f"{run.variant}, seed {run.seed}:"
            yield from verdict_lines(run.results)


def run_json(results: Results) -> str:
    """The KPIs of one run as JSON, with what identifies it."""
    return _dumps(_run(results))


def comparison_json(comparison: Comparison) -> str:
    """The KPIs of every run of a comparison as JSON, and the differences with their intervals."""
    runs = [{"variant": run.variant, **_run(run.results)} for run in comparison.runs]
    found = {"variants": list(comparison.variants), "runs": runs}
    return _dumps(found | {"differences": list(_differences(comparison))})


def _differences(comparison: Comparison) -> Iterator[dict[str, Any]]:
    for row in comparison.rows:
        for cell in row.cells:
            if cell.difference is None:
                continue
            paired = cell.difference.found
            yield {
                "kpi": row.measure.name,
                "variant": cell.variant,
                "baseline": comparison.baseline,
                "mean": paired.mean,
                "t_interval": [paired.low, paired.high],
                "bootstrap_interval": [paired.boot_low, paired.boot_high],
                "p": paired.p,
                "p_adjusted": cell.difference.adjusted,
                "verdict": cell.difference.verdict,
                "pairs": paired.pairs,
                "more_seeds": cell.difference.more_seeds,
            }


def _run(results: Results) -> dict[str, Any]:
    from simk8s.results import slos, thresholds
    from simk8s.results.kpis import by_name, kpis

    manifest = results.manifest
    return {
        "scenario": manifest.scenario,
        "strategy": manifest.strategy,
        "seed": manifest.seed,
        "digest": manifest.digest,
        "stop_reason": manifest.stop_reason,
        "folder": str(results.folder),
        "thresholds": thresholds.as_data(thresholds.judge(results)),
        "slos": slos.as_data(slos.judge(results)),
        "kpis": by_name(kpis(results)),
    }


def _dumps(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
