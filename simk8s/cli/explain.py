"""L5: `simk8s explain RESULTS pod NAMESPACE/NAME`: why a pod went where it went, or nowhere."""

from __future__ import annotations

import json
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simk8s.cli.say import printable
from simk8s.units import format_duration

if TYPE_CHECKING:
    from simk8s.results.explanations import Attempt

SHOWN = 20
"""Nodes in a table."""


class Kind(StrEnum):
    """What can be explained."""

    POD = "pod"


def command(
    folder: Annotated[Path, typer.Argument(help="A folder that run wrote with --explain.")],
    kind: Annotated[Kind, typer.Argument(help="What to explain.")],
    name: Annotated[str, typer.Argument(help="NAMESPACE/NAME.")],
    attempt: Annotated[int | None, typer.Option(min=1, help="Only this attempt.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Explain the scheduler's decisions for one pod."""
    from simk8s.errors import Problem, UserError
    from simk8s.results.explanations import attempts_of

    found = attempts_of(folder, name)
    if attempt is not None:
        known = ", ".join(str(item.attempt) for item in found)
        found = [item for item in found if item.attempt == attempt]
        if not found:
            hint = f"recorded: {known}"
            raise UserError(Problem("E401", f"attempt {attempt} was not recorded", hint=hint))
    if as_json:
        told = {"pod": name, "attempts": [asdict(item) for item in found]}
        print(json.dumps(told, indent=1, ensure_ascii=False))
        return
    for item in found:
        _print(name, item)


def _print(name: str, item: Attempt) -> None:
    detail = item.detail
    fate = f"{item.outcome} on {item.chosen}" if item.chosen else item.outcome
    when = format_duration(item.t_us)
    _say(f"{name}, attempt {item.attempt} at {when}: {fate}")
    counted = f"{detail['feasible']} feasible of {detail['looked_at']} looked at"
    _say(f"{detail['nodes']} nodes, {counted}")
    _tables(item)
    if detail["message"]:
        _say(f"FailedScheduling  {detail['message']}")
    for number, words in enumerate(detail["changes"]):
        _say(f"{'it would fit with' if not number else '               or'}  {words}")
    _say("")


def _say(text: str) -> None:
    print(printable(text))


def _tables(item: Attempt) -> None:
    detail = item.detail
    fit = [line for line in detail["table"] if line["fits"]]
    unfit = [line for line in detail["table"] if not line["fits"]]
    shown_fit, shown_unfit = _share(fit, unfit)
    if shown_fit:
        _scores(detail, shown_fit, item.chosen)
    if shown_unfit:
        _filters(detail, shown_unfit)
    others = _others(detail, fit[len(shown_fit) :] + unfit[len(shown_unfit) :])
    if others:
        left = detail["nodes"] - len(shown_fit) - len(shown_unfit)
        _say(f"{left} further nodes: {', '.join(others)}")


def _share(fit: list[Any], unfit: list[Any]) -> tuple[list[Any], list[Any]]:
    """The best of both, no more than can be read."""
    half = SHOWN // 2
    first = fit[: max(half, SHOWN - len(unfit))]
    return first, unfit[: SHOWN - len(first)]


def _others(detail: dict[str, Any], hidden: list[dict[str, Any]]) -> list[str]:
    counts: dict[str, int] = dict(detail["others"])
    for line in hidden:
        for reason in ("fits",) if line["fits"] else line["reasons"]:
            counts[reason] = counts.get(reason, 0) + 1
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return [f"{count} {reason}" for reason, count in ordered]


def _scores(detail: dict[str, Any], lines: list[dict[str, Any]], chosen: str | None) -> None:
    """raw → normalised = weighted of every plugin, and the total."""
    weights = detail["weights"]
    cells = {n: [_cell(line["scores"].get(n)) for line in lines] for n in weights}
    equal, telling = _split(cells)
    heads = ["node", "total", *(f"{name} ×{weights[name]}" for name in telling)]
    rows = []
    for number, line in enumerate(lines):
        total = "" if line["total"] is None else str(line["total"])
        mark = " *" if line["node"] == chosen else ""
        rows.append([line["node"] + mark, total, *(cells[name][number] for name in telling)])
    _table("feasible nodes: raw → normalised = weighted", heads, rows)
    if equal:
        _say("the same for all: " + ", ".join(f"{n} ×{weights[n]} {cells[n][0]}" for n in equal))


def _split(cells: dict[str, list[str]]) -> tuple[list[str], list[str]]:
    """(plugins that say one thing of all nodes, the others); one node is worth every column."""
    equal = [n for n, column in cells.items() if len(column) > 1 and len(set(column)) == 1]
    return equal, [n for n in cells if n not in equal]


def _cell(score: list[int] | None) -> str:
    if score is None:
        return "–"
    raw, normal, weighted = score
    return f"{raw} → {normal} = {weighted}"


def _filters(detail: dict[str, Any], lines: list[dict[str, Any]]) -> None:
    """✗ where the scheduler stopped, (✗) behind it, ✓ passed."""
    cells = {n: [_verdict(n, line) for line in lines] for n in detail["filters"]}
    passed = [n for n, column in cells.items() if set(column) == {"✓"}]
    telling = [n for n in cells if n not in passed]
    rows = [
        [line["node"], *(cells[n][i] for n in telling), "; ".join(line["reasons"])]
        for i, line in enumerate(lines)
    ]
    _table("rejected nodes: ✗ rejects, (✗) would, too", ["node", *telling, "why"], rows)
    if passed:
        _say(f"passed by all: {', '.join(passed)}")


def _verdict(name: str, line: dict[str, Any]) -> str:
    if name == line["plugin"]:
        return "✗"
    return "(✗)" if name in line["filters"] else "✓"


def _table(title: str, heads: list[str], rows: list[list[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(title), title_justify="left")
    for number, head in enumerate(heads):
        table.add_column(Text(head), overflow="fold", no_wrap=not number)
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    Console().print(table)
