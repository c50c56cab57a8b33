"""L5: `simk8s render DIR`: the page again from the tables, without simulating."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    folder: Annotated[Path, typer.Argument(help="A folder that run or compare wrote.")],
) -> None:
    """Draw the page of a results folder again."""
    from simk8s.cli import say, summary
    from simk8s.report.render import write_compare, write_run
    from simk8s.results.compare import is_comparison, open_comparison
    from simk8s.results.results import Results

    if is_comparison(folder):
        page = write_compare(folder)
        lines = summary.missed_lines(open_comparison(folder))
    else:
        results = Results.open(folder)
        page = write_run(folder, results)
        lines = summary.verdict_lines(results)
    for line in lines:
        say.line(line)
    print(page)
