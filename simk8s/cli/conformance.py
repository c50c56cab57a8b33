"""L5: `simk8s conformance FILE…`: recorded decisions of the real scheduler, replayed and compared.

Exit 1 if anything differs; an unknown family or a file that cannot be read is the user's error.
"""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simk8s.cli import say

if TYPE_CHECKING:
    from simk8s.conformance.compare import Difference
    from simk8s.conformance.replay import Agreement

CASES_SHOWN, LINES_SHOWN, WIDTH = 5, 12, 160


def command(
    files: Annotated[list[Path], typer.Argument(help="Recorded decisions, .jsonl or .jsonl.gz.")],
    family: Annotated[str | None, typer.Option(help="Only this family of cases.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Replay recorded scheduling decisions and compare; exit 1 when one differs."""
    from simk8s.conformance.replay import Agreement, replay_file
    from simk8s.errors import Problem, UserError

    agreement = Agreement()
    for path in files:
        replay_file(path, family, agreement)
    if family is not None and not agreement.cases:
        from simk8s.catalog import suggest

        near = suggest(family, agreement.families)
        hint = f"did you mean {near!r}?" if near else None
        raise UserError(Problem("E201", f"unknown family {family!r}", hint=hint))
    if as_json:
        print(json.dumps(agreement.as_json(), indent=1))
    else:
        _print(agreement)
    if agreement.differences:
        raise typer.Exit(1)


def _print(agreement: Agreement) -> None:
    told = agreement.as_json()
    for name, counts in [*told["families"].items(), ("total", told["total"])]:
        share = "" if counts["agree"] == counts["cases"] else "   differs"
        print(say.printable(f"{name:32} {counts['agree']:5} of {counts['cases']:5}{share}"))
    cases = groupby(agreement.differences, key=lambda d: d.id)
    for number, (case, found) in enumerate(cases):
        if number == CASES_SHOWN:
            print("\n… and more; --json has them all")
            break
        _print_case(case, list(found))


def _print_case(case: str, found: list[Difference]) -> None:
    print(say.printable(f"\n{case}: {len(found)} difference{'s' if len(found) > 1 else ''}"))
    for difference in found[:LINES_SHOWN]:
        print(say.printable(f"  {difference.path}"))
        print(say.printable(f"    expected  {_short(difference.expected)}"))
        print(say.printable(f"    got       {_short(difference.got)}"))


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= WIDTH else text[:WIDTH] + "…"
