"""L5: `simk8s render DIR`: the page again from the tables, without simulating."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    folder: Annotated[Path, typer.Argument(help="A folder that run or compare wrote.")],
) -> None:
    """Draw the page of a results folder again."""
    from simk8s.report.render import write_compare, write_run
    from simk8s.results.compare import is_comparison

    print(write_compare(folder) if is_comparison(folder) else write_run(folder))
