"""L5: options that several commands share, and what becomes of them."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from simk8s.errors import Problem, UserError
from simk8s.units import INT64_MAX, duration_us

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from simk8s.scenario.load import Loaded
    from simk8s.scenario.overrides import Override

ScenarioFile: TypeAlias = Annotated[Path, typer.Argument(help="The scenario file.")]
Setting: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Change a value: nodes.0.count=50."),
]
Seed: TypeAlias = Annotated[
    int | None, typer.Option(min=0, max=INT64_MAX, help="Seed, in place of the scenario's.")
]
Until: TypeAlias = Annotated[
    str | None, typer.Option(metavar="DURATION", help="Stop after this simulated time: 2h.")
]
Out: TypeAlias = Annotated[Path | None, typer.Option(help="Folder for the results.")]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print the KPIs as JSON.")]
Audit: TypeAlias = Annotated[
    bool, typer.Option("--audit", help="Recount all state from scratch along the way.")
]


Strict: TypeAlias = Annotated[
    bool,
    typer.Option("--strict", help="What manifests hold and nothing simulates is an error."),
]


def load_scenario(path: Path, overrides: Iterable[Override] = (), strict: bool = False) -> Loaded:
    """Load a file with the shipped catalogue and machines."""
    from simk8s.catalog import Catalog
    from simk8s.nodes.knowledge import machines
    from simk8s.scenario.load import load

    loaded = load(path, catalog=Catalog(path.parent), knowledge=machines(), overrides=overrides)
    strictly(loaded.problems, strict)
    return loaded


def strictly(problems: tuple[Problem, ...], strict: bool) -> tuple[Problem, ...]:
    """The problems; with `--strict` some of them are errors."""
    codes = ("W104", "W105", "W131", "W132")
    errors = [replace(p, severity="error") for p in problems if strict and p.code in codes]
    if errors:
        raise UserError(*errors)
    return problems


def tell_unfelt(unfelt: Mapping[str, int]) -> None:
    """One line for everything in manifests that has no bearing on a simulation."""
    if unfelt:
        from simk8s.cli import say

        names = ", ".join(sorted(unfelt))
        say.line(f"note: without bearing on a simulation, see docs/kinds.md: {names}")


def write_text(path: Path, text: str) -> None:
    """Write a file."""
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        problem = Problem("E402", f"{path} cannot be written: {error.strerror}")
        raise UserError(problem) from None


def settings(texts: Iterable[str] | None) -> list[Override]:
    """`--set` options as overrides."""
    from simk8s.scenario.overrides import parse_setting

    return [parse_setting(text) for text in texts or ()]


def until_us(text: str | None) -> int | None:
    """`--until` in microseconds."""
    if text is None:
        return None
    try:
        found = duration_us(text)
    except ValueError as error:
        raise UserError(Problem("E104", f"--until: {error}")) from None
    if found <= 0:
        raise UserError(Problem("E401", "--until must be above zero"))
    return found


def command_line(*words: str | Path, **options: object) -> str:
    """The command that does the same again: `simk8s run a.yaml --seed 3`."""
    parts = ["simk8s", *map(str, words)]
    for name, value in options.items():
        flag = "--" + name.replace("_", "-")
        if value is True:
            parts.append(flag)
        elif isinstance(value, (list, tuple)):
            for item in value:
                parts += [flag, str(item)]
        elif value not in (None, False):
            parts += [flag, str(value)]
    return shlex.join(parts)


def writable_folder(folder: Path) -> Path:
    """The folder, made if it is not there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        hint = "choose another folder with --out"
        raise UserError(Problem("E402", f"{folder} is not a folder", hint=hint)) from None
    return folder
