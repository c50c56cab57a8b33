"""L5: `simk8s replay-recording FILE`: a recorded control plane and the simulated one, side by side.

Exit 1 if a milestone is not within 10 % or 0.25 s; a file that cannot be read is the user's error.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simk8s.cli import say

if TYPE_CHECKING:
    from simk8s.simulation.recording.comparison import Compared, Row
    from simk8s.simulation.recording.replay import Replay


REFUSED_SHOWN = 20


def command(
    file: Annotated[Path, typer.Argument(help="A recording, .jsonl or .jsonl.gz.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the milestones (JSON) and the simulated run as a recording."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the simulated run.")] = 1,
) -> None:
    """Run the cluster, flags and actions of a recording; exit 1 when a milestone is out."""
    from simk8s.simulation.recording.replay import replay

    found = replay(file, seed=seed, write=out is not None)
    if out is not None:
        _write(out, file, found)
    if as_json:
        print(json.dumps(found.as_json(), indent=1))
    else:
        _print(found)
    if found.out:
        raise typer.Exit(1)


def _write(out: Path, file: Path, found: Replay) -> None:
    out.mkdir(parents=True, exist_ok=True)
    (out / "milestones.json").write_text(json.dumps(found.as_json(), indent=1) + "\n", "utf-8")
    name = file.name.partition(".")[0]
    text = "".join(json.dumps(line) + "\n" for line in found.lines)
    # No name and no time inside, so that the same run gives the same bytes.
    packed = gzip.compress(text.encode(), mtime=0)
    (out / f"{name}.simulated.jsonl.gz").write_bytes(packed)


def _print(found: Replay) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=False)
    title = f"{found.header.get('experiment', '')}  {found.header.get('what', '')}"
    console.print(Text(say.printable(title)))
    for phase in found.phases:
        if phase.rows:
            console.print(_table(phase))
    for text in found.refused[:REFUSED_SHOWN]:
        console.print(Text(say.printable(f"not applied: {text}")))
    if len(found.refused) > REFUSED_SHOWN:
        console.print(f"not applied: and {len(found.refused) - REFUSED_SHOWN} more (--json)")
    for kind, count in found.unread.items():
        console.print(Text(say.printable(f"not compared: {kind} ({count} lines)")))
    for kind, count in found.stored_only.items():
        console.print(Text(say.printable(f"stored, but nothing acts on it: {kind} ({count})")))
    near = found.total - found.out
    console.print(f"{near} of {found.total} milestones within 10 % or 0.25 s")


def _table(phase: Compared) -> Any:
    from rich.table import Table
    from rich.text import Text

    title = f"{phase.phase.start_us / 1e6:.2f} s  {phase.phase.title}"
    table = Table(title=Text(say.printable(title)), title_justify="left")
    for name in ("subject", "milestone"):
        table.add_column(name, overflow="fold")
    for name in ("recorded", "simulated", "difference"):
        table.add_column(name, justify="right", overflow="fold")
    table.add_column("")
    for row in phase.rows:
        table.add_row(*(Text(say.printable(cell)) for cell in _cells(row)))
    return table


def _cells(row: Row) -> tuple[str, ...]:
    difference = "" if row.difference is None else _number(row.difference, row.unit, sign=True)
    values = [_number(value, row.unit) for value in (row.recorded, row.simulated)]
    return row.subject, row.milestone, *values, difference, "ok" if row.ok else "OUT"


def _number(value: float | str | None, unit: str, *, sign: bool = False) -> str:
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    plus = "+" if sign else ""
    return f"{value:{plus}.3f} s" if unit == "s" else f"{value:{plus}.0f}"
