"""L5: what `simk8s import lanl` prints, draws and writes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simk8s.errors import Problem, UserError
from simk8s.units import US_PER_HOUR

if TYPE_CHECKING:
    from simk8s.report.fit import Fitted
    from simk8s.workload.failures.fit import Fit
    from simk8s.workload.failures.lanl import Failures

_POINTS, _STEPS = 120, 1_000


def run(path: Path, systems: Sequence[int], onto: Path | None, speed: float, out: Path) -> None:
    """Fit, print, draw the page beside `out`, write the scenario."""
    from simk8s.workload.failures.fit import fits
    from simk8s.workload.failures.lanl import read_failures

    found = read_failures(path, systems)
    try:
        up, repair = fits(found.up_us, found.censored_us), fits(found.repair_us)
    except ValueError as error:
        raise UserError(Problem("E306", f"too few failures to fit: {error}")) from error
    _write_scenario(out, onto, up[0], repair[0], speed)
    page = _draw(out.with_suffix(".html"), found, up, repair)
    for line in _facts(found):
        print(line)
    _print("time between failures", up)
    _print("time to repair", repair)
    print(f"{out} written; run it with: simk8s run {out}")
    print(f"page: {page}")


def _facts(found: Failures) -> list[str]:
    from simk8s.workload.failures.fit import percentile_us

    mean_us = sum(found.repair_us) // len(found.repair_us)
    shares = sorted(found.causes.items(), key=lambda item: (-item[1], item[0]))
    total = sum(found.causes.values())
    return [
        f"systems {', '.join(map(str, found.systems))}: {found.nodes:,} nodes, "
        f"{found.failures:,} outages, one in {found.mtbf_us / US_PER_HOUR:,.0f} h of a node",
        f"repair p50 {_coarse(percentile_us(found.repair_us, 50))}, mean {_coarse(mean_us)}, "
        f"p99 {_coarse(percentile_us(found.repair_us, 99))}",
        "causes: " + ", ".join(f"{name} {count / total:.0%}" for name, count in shares),
    ]


def _coarse(us: int) -> str:
    return f"{us / 60_000_000:,.0f} min"


def _print(title: str, found: Sequence[Fit]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for name in ("law", "shape", "scale", "mean", "AIC", "distance"):
        table.add_column(name, justify="left" if name == "law" else "right")
    for fit in found:
        shape = "" if fit.shape is None else f"{fit.shape:.3f}"
        figures = (f"{fit.scale:,.1f} h", f"{fit.mean_hours:,.1f} h", f"{fit.aic:,.1f}")
        table.add_row(fit.law, shape, *figures, f"{fit.distance:.3f}")
    Console().print(table)


def _draw(target: Path, found: Failures, up: Sequence[Fit], repair: Sequence[Fit]) -> Path:
    from simk8s import __version__
    from simk8s.report.fit import write_fit

    best = f"Best by AIC: {up[0].law} between failures, {repair[0].law} for repairs."
    blocks = [
        _fitted("up", "Time between failures", up, found.up_us, found.censored_us),
        _fitted("repair", "Time to repair", repair, found.repair_us, ()),
    ]
    facts = [f"systems {', '.join(map(str, found.systems))}", f"{found.nodes:,} nodes"]
    return write_fit(
        target, "Failures and their fits", facts, [best, *_facts(found)], blocks, __version__
    )


def _fitted(
    name: str, title: str, found: Sequence[Fit], seen: Sequence[int], censored: Sequence[int]
) -> Fitted:
    from simk8s.report.fit import Curve, Fitted
    from simk8s.workload.failures.fit import grid, observed, steps

    times, shares = observed(seen, censored)
    hours = grid(times, _POINTS)
    note = "Black: what was recorded. Lowest AIC is best; distance is the largest vertical gap."
    if censored:
        note += " Nodes that were up when last seen count as such (Kaplan and Meier)."
    return Fitted(
        f"fit-{name}",
        title,
        note,
        *steps(times, shares, _STEPS),
        hours,
        [
            Curve(fit.law, _inline(fit.written()), fit.aic, fit.distance, fit.within(hours))
            for fit in found
        ],
    )


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_inline(item)}" for key, item in value.items()) + "}"
    return str(value)


def _write_scenario(out: Path, onto: Path | None, up: Fit, repair: Fit, speed: float) -> None:
    """The scenario that these failures are laid over, or a starter, with one entry more."""
    from dataclasses import replace

    from simk8s.cli import options
    from simk8s.scenario.reading import read_document, read_text
    from simk8s.scenario.starter import starter
    from simk8s.scenario.writing import dump

    if onto is not None and onto.resolve().parent != out.resolve().parent:
        hint = "its files are named relative to it"
        raise UserError(Problem("E401", f"{out} must be in the folder of {onto}", hint=hint))
    text = starter("failures", out.name) if onto is None else read_text(onto)
    data = read_document(text, str(onto or out)).data
    faster = replace(up, scale=up.scale / speed)
    crash = {"mtbf": faster.written(), "mttr": repair.written()}
    if isinstance(data, dict):
        data["name"] = f"{str(data.get('name', 'failures'))[:57]}-lanl"
        data["faults"] = [*(data.get("faults") or ()), {"nodeCrash": crash}]
    head = f"# {onto or 'A starter'} with node crashes fitted to recorded failures"
    head += f", {speed:g} times as often.\n" if speed != 1 else ".\n"
    try:
        out.write_text(head + dump(data), encoding="utf-8")
    except OSError as error:
        raise UserError(Problem("E402", f"{out} cannot be written: {error.strerror}")) from error
    options.load_scenario(out)
