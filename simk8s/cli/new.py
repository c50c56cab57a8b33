"""L5: `simk8s new NAME`: a commented scenario to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simk8s.errors import Problem, UserError


def command(
    name: Annotated[str, typer.Argument(help="The scenario's name, or the file to write.")],
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
) -> None:
    """Write a commented starter scenario."""
    from simk8s.scenario.starter import starter

    path = Path(name) if name.endswith((".yaml", ".yml")) else Path(f"{name}.yaml")
    text = starter(path.stem, str(path))
    if path.exists() and not force:
        hint = "choose another name, or use --force to overwrite it"
        raise UserError(Problem("E402", f"{path} exists already", hint=hint))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    print(f"{path} written; run it with: simk8s run {path}")
