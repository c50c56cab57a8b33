"""L5: `simk8s validate FILE…`: every problem of every file, at once and without simulating."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from simk8s.cli import say
from simk8s.cli.options import Strict, load_scenario, tell_unfelt
from simk8s.errors import Problem, UserError


def command(
    files: Annotated[list[Path], typer.Argument(help="Scenario files, or folders of them.")],
    strict: Strict = False,
) -> None:
    """Check scenario files; exit 2 when one has an error."""
    failed = False
    for path in _expanded(files):
        try:
            loaded = load_scenario(path, strict=strict)
        except UserError as error:
            failed = True
            say.problems(error.problems)
        else:
            say.problems(loaded.problems)
            tell_unfelt(loaded.unfelt)
            print(say.printable(f"{path}: {_verdict(loaded.problems)}"))
    if failed:
        raise typer.Exit(2)


def _verdict(warnings: tuple[Problem, ...]) -> str:
    if not warnings:
        return "ok"
    return f"ok, {len(warnings)} warning{'s' if len(warnings) > 1 else ''}"


def _expanded(files: list[Path]) -> Iterator[Path]:
    for path in files:
        if not path.is_dir():
            yield path
            continue
        inside = sorted(p for p in path.iterdir() if p.suffix in (".yaml", ".yml"))
        if not inside:
            raise UserError(Problem("E001", f"the folder {path} holds no YAML file"))
        yield from inside
