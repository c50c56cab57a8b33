"""L5: `simk8s survive SCENARIO --lose zone`: does everything still fit?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simk8s.cli import options, say
from simk8s.cli.options import Json, ScenarioFile, Seed, Setting
from simk8s.units import US_PER_SECOND, format_duration

if TYPE_CHECKING:
    from simk8s.simulation.survive import Outcome

_SHOWN, _WORKLOADS = 12, 6

Lose = Annotated[
    str,
    typer.Option(
        metavar="zone|rack|LABEL|node:K",
        help="What is lost: each zone, each rack, each value of a label, each set of K nodes.",
    ),
]
Moments = Annotated[
    int, typer.Option(min=1, max=1000, help="At how many moments of the run each loss is played.")
]


def command(
    scenario: ScenarioFile,
    lose: Lose = "zone",
    moments: Moments = 4,
    strategy: Annotated[str | None, typer.Option(help="Scheduling strategy.")] = None,
    seed: Seed = None,
    set_: Setting = None,
    json_: Json = False,
) -> None:
    """Say whether everything still fits if a zone, a rack or K nodes are lost, and what does not.

    Exit code 1 if something does not.
    """
    overrides = options.settings(set_)
    if strategy is not None:
        from simk8s.scenario.overrides import as_text

        overrides.append(("strategy", as_text(strategy)))
    loaded = options.load_scenario(scenario, overrides)
    say.problems(loaded.problems)
    from simk8s.simulation.survive import survive

    found = survive(loaded, lose, moments, seed)
    if json_:
        print(json.dumps([asdict(outcome) for outcome in found], indent=2))
    else:
        _tell(found, scenario)
    raise typer.Exit(int(not all(outcome.survives for outcome in found)))


def _tell(found: Sequence[Outcome], scenario: Path) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    worst = sorted(found, key=lambda o: (-o.unplaced, -o.displaced, o.at_us, o.loss))
    title = f"{scenario.name}: the worst of {len(found):,} losses"
    table = Table(title=Text(say.printable(title)), title_justify="left")
    table.add_column("lost", overflow="fold")
    for name in ("at", "displaced", "placed", "preempted", "no node", "CPU left", "memory left"):
        table.add_column(name, justify="right")
    for outcome in worst[:_SHOWN]:
        figures = (outcome.displaced, outcome.placed, outcome.preempted, outcome.unplaced)
        table.add_row(
            Text(say.printable(outcome.loss)),
            format_duration(outcome.at_us // US_PER_SECOND * US_PER_SECOND),
            *(f"{figure:,}" for figure in figures),
            f"{outcome.cpu_left:.0%}",
            f"{outcome.memory_left:.0%}",
        )
    Console().print(table)
    for line in _verdict(worst):
        print(say.printable(line))


def _verdict(worst: Sequence[Outcome]) -> list[str]:
    failed = [outcome for outcome in worst if not outcome.survives]
    bare = max((outcome.bare for outcome in worst), default=0)
    more = [f"Up to {bare:,} pods without an owner would not come back."] if bare else []
    if not failed:
        return [f"Everything fits after each of {len(worst):,} losses.", *more]
    first = failed[0]
    lines = [f"{len(failed):,} of {len(worst):,} losses leave pods without a node."]
    lines += [
        f"  {line.owner}: {line.pods:,} of {line.of:,} displaced pods: {line.why}"
        for line in first.homeless[:_WORKLOADS]
    ]
    if len(first.homeless) > _WORKLOADS:
        lines.append(f"  and {len(first.homeless) - _WORKLOADS:,} more owners")
    lines.insert(1, f"{first.loss}, the worst:")
    return [*lines, *more]
