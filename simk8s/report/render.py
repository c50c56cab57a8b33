"""A results folder becomes one self-contained page.

Law: a pure function of the tables and the manifest: two renders are byte-identical; the page asks
the network for nothing (its content policy forbids it); whatever came from input is escaped.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any, cast

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from simk8s import catalog
from simk8s.report import kpi_table, words, words_compare
from simk8s.report.panels.base import VERDICTS, Block, ComparingPanel, Panel
from simk8s.results import format as fmt
from simk8s.results.compare import Comparison, Run, compare, is_comparison, open_comparison
from simk8s.results.results import Results
from simk8s.schema.enums import AuditResult
from simk8s.schema.manifest import Manifest

REPORT_NAME = "report.html"
_TEMPLATES = Path(__file__).parent / "templates"
_STOPS = {
    "drained": "Nothing was left to happen",
    "interrupted": "Interrupted by the user",
    "livelock": "Stopped: components kept waking each other within one instant (livelock)",
    "error": "Stopped by an error in simk8s",
}


def write_run(folder: Path, results: Results | None = None) -> Path:
    """Draw the page of one run into its folder; `results`, if it is open already."""
    return _write(folder, render_run(Results.open(folder) if results is None else results))


def write_compare(folder: Path) -> Path:
    """Draw the page of a comparison into its folder."""
    return _write(folder, render_compare(open_comparison(folder)))


def write(folder: Path) -> Path:
    """Draw whichever page belongs to what the folder holds."""
    return write_compare(folder) if is_comparison(folder) else write_run(folder)


def render_run(results: Results) -> str:
    """The page of one run."""
    manifest = results.manifest
    return page(
        "run.html",
        title=f"{manifest.scenario} · {results.label}",
        manifest=manifest,
        subtitle=_subtitle(results),
        banners=banners(manifest),
        verdict=words.verdict(results),
        tiles=kpi_table.tiles(results),
        blocks=_blocks(panel.render(results) for panel in panels()),
    )


def render_compare(comparison: Comparison | Iterable[tuple[str, int, Results]]) -> str:
    """The page of a comparison."""
    if not isinstance(comparison, Comparison):
        comparison = compare(Run(*run) for run in comparison)
    if len(comparison.variants) == 1 and len(comparison.seeds) > 1:
        return render_sweep(comparison)
    manifest = comparison.first(comparison.baseline).manifest
    headline, sentences = words_compare.verdict(comparison)
    comparing = [p for p in panels() if isinstance(p, ComparingPanel)]
    first = [p.render_compare(comparison) for p in comparing if p.order < VERDICTS]
    rest = [p.render_compare(comparison) for p in comparing if p.order >= VERDICTS]
    return page(
        "compare.html",
        title=f"{manifest.scenario}: {', '.join(comparison.variants)}",
        manifest=manifest,
        subtitle=_compare_subtitle(comparison),
        banners=_compare_banners(comparison),
        headline=headline,
        sentences=sentences,
        sureness=words_compare.sureness(comparison),
        blocks=_blocks([*first, _side_by_side(comparison), *rest]),
    )


def render_sweep(comparison: Comparison) -> str:
    """The page of one variant on many seeds."""
    from simk8s.report import sweep

    first = comparison.first(comparison.baseline)
    headline, sentences = sweep.verdict(comparison)
    provenance = cast(ComparingPanel, catalog.resolve("panels", "provenance")())
    return page(
        "sweep.html",
        title=f"{first.manifest.scenario}: {len(comparison.seeds):,} seeds",
        manifest=first.manifest,
        subtitle=_compare_subtitle(comparison)[1:],
        banners=_compare_banners(comparison),
        headline=headline,
        sentences=sentences,
        sureness="Intervals are 95 % each. Any seed can be run alone: simk8s run … --seed N.",
        blocks=_blocks([*sweep.blocks(comparison), provenance.render_compare(comparison)]),
    )


def _side_by_side(comparison: Comparison) -> Block:
    note = f"Below a number: the difference to {comparison.baseline}. Underlined: best."
    if len(comparison.seeds) > 1:
        note = (
            f"Mean over seeds. Below it: the difference to {comparison.baseline} with its "
            "95\u00a0% interval. Underlined: best. Green and red: sure after correction for all."
        )
    return Block("kpis", "Side by side", kpi_table.key_table(comparison), note)


@cache
def panels() -> tuple[Panel, ...]:
    """Every panel of the folder and of entry points, in the page's order."""
    found = [
        (cast(Panel, catalog.resolve("panels", name)()), name) for name in catalog.names("panels")
    ]
    return tuple(panel for panel, _ in sorted(found, key=lambda pair: (pair[0].order, pair[1])))


def banners(manifest: Manifest) -> list[str]:
    """What a reader must know before reading a number."""
    found = []
    reason = manifest.stop_reason
    if manifest.interrupted or reason not in ("duration", "drained"):
        text = _STOPS.get("interrupted" if manifest.interrupted else reason, f"Stopped: {reason}")
        if manifest.stop_detail:
            text += f": {manifest.stop_detail}"
        simulated, wanted = fmt.duration(manifest.simulated_us), fmt.duration(manifest.duration_us)
        found.append(f"{text} after {simulated} of {wanted}. What follows is what happened so far.")
    if manifest.audit == AuditResult.FAILED:
        found.append("The audit failed: a recount from scratch disagrees with these numbers.")
    return found


def _compare_banners(comparison: Comparison) -> list[str]:
    found = [f"No results for {name}: left out." for name in comparison.missing]
    for run in comparison.runs:
        said = banners(run.results.manifest)
        found += [f"{run.variant}, seed {run.seed}: {text}" for text in said]
    return found


def _subtitle(results: Results) -> list[str]:
    manifest = results.manifest
    nodes = results.table("nodes").collect().height
    return [
        f"strategy {manifest.strategy}",
        *(
            [f"variant {manifest.variant}"]
            if manifest.variant not in ("", manifest.strategy)
            else []
        ),
        f"{fmt.count(nodes)} nodes",
        f"{fmt.duration(manifest.simulated_us)} simulated",
        f"seed {manifest.seed}",
    ]


def _compare_subtitle(comparison: Comparison) -> list[str]:
    manifest = comparison.first(comparison.baseline).manifest
    seeds = fmt.numbers(comparison.seeds)
    return [
        f"{len(comparison.variants)} variants",
        f"{fmt.duration(manifest.simulated_us)} simulated",
        f"seed{'s' if len(comparison.seeds) > 1 else ''} {seeds}",
    ]


def _blocks(found: Iterable[Block | None]) -> list[Block]:
    return [block for block in found if block is not None]


def page(template: str, **context: Any) -> str:
    """A template of ours, filled; what is not Markup is escaped."""
    return _environment().get_template(template).render(context)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    own: Callable[[str], Markup] = lambda name: Markup((_TEMPLATES / name).read_text("utf-8"))  # noqa: E731
    environment.globals["own"] = own
    environment.globals["plotly"] = _plotly
    return environment


def _plotly() -> Markup:
    from plotly.offline import get_plotlyjs

    return Markup(get_plotlyjs().replace("</script", "<\\/script"))


def _write(folder: Path, page: str) -> Path:
    return write_page(folder / REPORT_NAME, page)


def write_page(target: Path, text: str) -> Path:
    """Whole or not at all."""
    temporary = target.with_name(f".{target.name}.tmp")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, target)
    return target
