"""L5: `simk8s run SCENARIO`: from a scenario file to tables, a summary and a page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from simk8s.cli import options, say
from simk8s.cli.options import Audit, Json, Out, ScenarioFile, Seed, Setting, Until
from simk8s.errors import Problem, UserError

if TYPE_CHECKING:
    from simk8s.results.results import Results
    from simk8s.scenario.load import Loaded
    from simk8s.scenario.podnames import PodSelector
    from simk8s.schema.manifest import Manifest

_ENDED_EARLY = ("livelock", "limit")
Strategy = Annotated[str | None, typer.Option(help="Scheduling strategy, or a file.py.")]

Explain = Annotated[
    str | None,
    typer.Option(
        metavar="PODS",
        help="Record the decisions of these pods in full: ns/name, web-*, app=web.",
    ),
]

Bounds = Annotated[
    bool, typer.Option("--bounds", help="Say also what no strategy could have beaten.")
]
Seeds = Annotated[
    int, typer.Option(min=1, max=100_000, help="Run so many seeds and show how they differ.")
]
Jobs = Annotated[int, typer.Option(min=1, max=256, help="Seeds at the same time.")]


def command(
    scenario: ScenarioFile,
    strategy: Strategy = None,
    seed: Seed = None,
    seeds: Seeds = 1,
    jobs: Jobs = 2,
    set_: Setting = None,
    until: Until = None,
    out: Out = None,
    json_: Json = False,
    audit: Audit = False,
    explain: Explain = None,
    bounds: Bounds = False,
    strict: options.Strict = False,
) -> None:
    """Simulate a scenario and draw its page."""
    overrides = options.settings(set_)
    if strategy is not None:
        from simk8s.scenario.overrides import as_text

        overrides.append(("strategy", as_text(strategy)))
    loaded = options.load_scenario(scenario, overrides, strict)
    say.problems(loaded.problems)
    options.tell_unfelt(loaded.unfelt)
    if seeds > 1:
        if explain is not None:
            raise UserError(Problem("E401", "--explain is for one seed; leave --seeds out"))
        _sweep(loaded, scenario, strategy, seed, seeds, jobs, set_, until, out, json_, audit)
    folder = options.writable_folder(out or Path("reports") / loaded.scenario.name)
    again = options.command_line(
        "run",
        scenario,
        strategy=strategy,
        seed=seed,
        set=set_,
        until=until,
        audit=audit,
        explain=explain,
        bounds=bounds,
        strict=strict,
    )
    more = (_pods(explain), bounds)
    manifest = _simulate(loaded, folder, seed, options.until_us(until), audit, again, more)
    results = _opened(folder)
    page = _page(folder, results)
    _report(results, page, manifest, json_)
    raise typer.Exit(_exit_code(manifest, results))


def _sweep(
    loaded: Loaded,
    scenario: Path,
    strategy: str | None,
    seed: int | None,
    seeds: int,
    jobs: int,
    set_: list[str] | None,
    until: str | None,
    out: Path | None,
    json_: bool,
    audit: bool,
) -> NoReturn:
    """One variant on many seeds."""
    from simk8s.cli import compare
    from simk8s.scenario.variants import Variant

    folder = options.writable_folder(out or Path("reports") / f"{loaded.scenario.name}-seeds")
    first = loaded.scenario.seed if seed is None else seed
    again = options.command_line(
        "run", scenario, strategy=strategy, seeds=seeds, seed=seed, set=set_, until=until,
        audit=audit,
    )  # fmt: skip
    chosen = [Variant(loaded.scenario.strategy.name, ())]
    numbers = list(range(first, first + seeds))
    job = compare.Job(loaded, chosen, numbers, folder, until, jobs, audit, again)
    compare.run_all(job, json_)


def _pods(text: str | None) -> PodSelector | None:
    if text is None:
        return None
    from simk8s.scenario.podnames import PodSelector

    try:
        return PodSelector.parse(text)
    except ValueError as error:
        raise UserError(Problem("E401", f"--explain: {error}")) from None


def _simulate(
    loaded: Loaded,
    folder: Path,
    seed: int | None,
    until_us: int | None,
    audit: bool,
    again: str,
    more: tuple[PodSelector | None, bool],
) -> Manifest:
    from simk8s.cli import crash
    from simk8s.cli.interrupt import interruptible
    from simk8s.cli.progress import bar

    scenario = loaded.scenario
    doing = crash.doing
    doing.command, doing.scenario, doing.hash = again, scenario.name, loaded.hash
    doing.seed = scenario.seed if seed is None else seed
    end_us = min(scenario.duration, until_us or scenario.duration)
    with interruptible() as interrupt, bar(scenario.name, end_us) as probe:
        from simk8s.simulation.build import Options
        from simk8s.simulation.run import run_scenario

        doing.simulated_us = lambda: probe.now_us if probe is not None else None
        outcome = run_scenario(
            loaded,
            out=folder,
            seed=seed,
            until_us=until_us,
            progress=probe,
            interrupt=interrupt,
            audit=audit,
            command=again,
            options=Options(explain=more[0], bounds=more[1]),
        )
    return outcome.manifest


def _opened(folder: Path) -> Results:
    """Opened once: what the page has computed the summary need not compute again."""
    from simk8s.results.results import Results

    return Results.open(folder)


def _page(folder: Path, results: Results) -> Path:
    from simk8s.report.render import write_run

    return write_run(folder, results)


def _report(results: Results, page: Path, manifest: Manifest, json_: bool) -> None:
    from simk8s.cli import summary

    if json_:
        print(summary.run_json(results))
    else:
        summary.print_run(results)
        print(say.printable(f"page: {page}"))
    if manifest.interrupted:
        say.line("interrupted: the tables hold what happened until then")
    elif manifest.stop_reason in _ENDED_EARLY:
        detail = f" ({manifest.stop_detail})" if manifest.stop_detail else ""
        say.line(f"the simulation ended early: {manifest.stop_reason}{detail}")


def _exit_code(manifest: Manifest, results: Results) -> int:
    from simk8s.cli.summary import missed_in

    if manifest.interrupted:
        return 130
    return int(manifest.audit == "failed" or missed_in(results))
