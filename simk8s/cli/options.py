"""L5: options that several commands share, and what becomes of them."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from simk8s.errors import Problem, UserError
from simk8s.units import INT64_MAX, duration_us

if TYPE_CHECKING:
    from collections.abc import Iterable

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


def load_scenario(path: Path, overrides: Iterable[Override] = ()) -> Loaded:
    """Load a file with the shipped catalogue and machines."""
    from simk8s.catalog import Catalog
    from simk8s.nodes.knowledge import machines
    from simk8s.scenario.load import load

    return load(path, catalog=Catalog(path.parent), knowledge=machines(), overrides=overrides)


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
