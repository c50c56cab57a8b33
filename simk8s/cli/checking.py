"""L5: `simk8s check-strategy` and `check-controller`: does an extension keep the rules?"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simk8s.cli import say

if TYPE_CHECKING:
    from simk8s.simulation.checks.base import Verdict

Name = Annotated[
    str, typer.Argument(help="A file.py, file.py:Class, or the name of a shipped one.")
]


def strategy(name: Name) -> None:
    """Check a scheduling strategy: purity, determinism, valid plans. Exit code 1 if one fails."""
    from simk8s.simulation.checks.strategy import check_strategy

    _tell(check_strategy(name, Path.cwd()))


def controller(
    name: Name,
    slot: Annotated[
        str | None,
        typer.Option(help="The shipped controller that it stands in for: it must do its work."),
    ] = None,
) -> None:
    """Check a controller: through the API, twice alike, comes to rest. Exit code 1 if one fails."""
    from simk8s.simulation.checks.controller import check_controller

    _tell(check_controller(name, Path.cwd(), slot))


def _tell(found: Iterable[Verdict]) -> None:
    failed = False
    for verdict in found:
        failed |= bool(verdict.broken)
        print(say.printable(f"{'FAILED' if verdict.broken else 'ok':6} {verdict.rule}"))
        if verdict.broken:
            print(say.printable(f"       {verdict.broken}"))
    raise typer.Exit(int(failed))
