"""L5: `simk8s compare SCENARIO`: variants side by side, on the same random numbers."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from simk8s.cli import options, say
from simk8s.cli.options import Audit, Json, Out, ScenarioFile, Seed, Setting, Until
from simk8s.errors import Problem, UserError

if TYPE_CHECKING:
    from simk8s.scenario import variants
    from simk8s.scenario.load import Loaded

Strategies = Annotated[
    str | None, typer.Option(metavar="A,B,C", help="One variant for each strategy.")
]
Variants = Annotated[
    list[str] | None,
    typer.Option(
        "--variant",
        metavar="'NAME: PATH=VALUE, …'",
        help="A variant, or the name of one of the scenario's.",
    ),
]
Seeds = Annotated[int, typer.Option(min=1, max=1000, help="How many seeds each variant runs.")]
Jobs = Annotated[int, typer.Option(min=1, max=256, help="Runs at the same time.")]


def command(
    scenario: ScenarioFile,
    strategies: Strategies = None,
    variant: Variants = None,
    seeds: Seeds = 1,
    seed: Seed = None,
    set_: Setting = None,
    until: Until = None,
    jobs: Jobs = 2,
    out: Out = None,
    json_: Json = False,
    audit: Audit = False,
    strict: options.Strict = False,
) -> None:
    """Simulate variants on the same arrivals, lifetimes and faults; one page for all."""
    loaded = options.load_scenario(scenario, options.settings(set_), strict)
    say.problems(loaded.problems)
    options.tell_unfelt(loaded.unfelt)
    chosen = _chosen(loaded, strategies, variant)
    first = loaded.scenario.seed if seed is None else seed
    folder = options.writable_folder(out or Path("reports") / f"{loaded.scenario.name}-compare")
    again = options.command_line(
        "compare",
        scenario,
        strategies=strategies,
        variant=variant,
        seeds=seeds,
        seed=seed,
        set=set_,
        until=until,
        audit=audit,
        strict=strict,
    )
    numbers = list(range(first, first + seeds))
    run_all(Job(loaded, chosen, numbers, folder, until, jobs, audit, again), json_)


@dataclass(frozen=True, slots=True)
class Job:
    """Variants and seeds to simulate, and how; `again` is the command line that does it."""

    loaded: Loaded
    chosen: list[variants.Variant]
    seeds: list[int]
    folder: Path
    until: str | None
    jobs: int
    audit: bool
    again: str


def run_all(job: Job, json_: bool) -> NoReturn:
    """Simulate every variant on every seed, draw the page, print, exit."""
    folder = job.folder
    if not _simulate(job):
        raise typer.Exit(int(_report(folder, json_)))
    if any(folder.glob("*/*/manifest.json")):
        _report(folder, json_)
        say.line("interrupted: the page shows what was simulated until then")
    else:
        say.line("interrupted before anything was simulated")
    raise typer.Exit(130)


def _chosen(
    loaded: Loaded, strategies: str | None, texts: list[str] | None
) -> list[variants.Variant]:
    """The variants, each of which must be a scenario, before anything is simulated."""
    from simk8s.scenario import variants

    found: list[variants.Variant] = []
    if strategies is not None:
        names = [name.strip() for name in strategies.split(",")]
        found += variants.of_strategies(loaded, [name for name in names if name])
    found += [variants.parse_variant(loaded, text) for text in texts or ()]
    if not found:
        found = variants.of_scenario(loaded)
    if not found:
        hint = "use --strategies a,b or --variant, or give the scenario `variants:`"
        raise UserError(Problem("E401", "there is nothing to compare", hint=hint))
    found = variants.checked(found)
    for item in found:
        varied = item.of(loaded)
        say.problems(p for p in varied.problems if p not in loaded.problems)
    return found


def _simulate(job: Job) -> bool:
    """Run all; whether the user stopped it."""
    from simk8s.cli import crash
    from simk8s.cli.interrupt import interruptible
    from simk8s.simulation.compare import Variant, compare

    doing, loaded = crash.doing, job.loaded
    doing.command, doing.scenario, doing.hash = job.again, loaded.scenario.name, loaded.hash
    total, done = len(job.chosen) * len(job.seeds), 0

    def report(variant: str, seed: int) -> None:
        nonlocal done
        done += 1
        if sys.stderr.isatty():
            say.line(f"{done} of {total}: {variant}, seed {seed}")

    with interruptible() as interrupt:
        compare(
            loaded,
            [Variant(item.name, item.overrides) for item in job.chosen],
            job.seeds,
            out=job.folder,
            jobs=min(job.jobs, total),
            until_us=options.until_us(job.until),
            command=job.again,
            audit=job.audit,
            bounds=len(job.chosen) > 1,
            report=report,
            interrupt=interrupt,
        )
    return interrupt.is_set()


def _report(folder: Path, json_: bool) -> bool:
    """Draw and print; whether any run missed a threshold."""
    from simk8s.cli import summary
    from simk8s.report.render import write_compare
    from simk8s.results.compare import open_comparison

    page = write_compare(folder)
    comparison = open_comparison(folder)
    if json_:
        print(summary.comparison_json(comparison))
    elif len(comparison.variants) == 1:
        summary.print_sweep(comparison)
        print(say.printable(f"page: {page}"))
    else:
        summary.print_comparison(comparison)
        print(say.printable(f"page: {page}"))
    return any(summary.missed_in(run.results) for run in comparison.runs)
