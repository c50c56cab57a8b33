"""Writes the table of docs/replay.md from the recordings: `python -m tools.replay_table`.

Needs ../shared/control-plane. What is printed is a selection; the command prints everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from simk8s.simulation.recording.comparison import Row
from simk8s.simulation.recording.replay import Replay, replay

PAGE = Path(__file__).parents[1] / "docs" / "replay.md"
RECORDINGS = Path(__file__).parents[2] / "shared" / "control-plane"
BEGIN, END = "<!-- table: E1 -->\n", "<!-- end -->\n"
SHOWN = (
    "created: pods",
    "created: first",
    "created: burst in 0.5 s",
    "created: gap p50",
    "created: 50 %",
    "created: last",
    "ready: 50 %",
    "ready: last",
    "deleting: burst in 0.5 s",
    "deleting: last",
    "deleted: last",
    "created to bound: p50",
    "created to bound: p90",
    "created to bound: p99",
    "replicas: steps",
    "available: steps",
)


def markdown(found: Replay) -> str:
    """The rows of all phases as a Markdown table, and a line that counts them all."""
    head = "| phase | milestone | recorded | simulated | |\n|---|---|---:|---:|---|\n"
    count = f"{found.total - found.out} of {found.total} milestones within 10 % or 0.25 s.\n"
    return head + "".join(_lines(found)) + "\n" + count


def _lines(found: Replay) -> Iterator[str]:
    for phase in found.phases:
        for row in phase.rows:
            pods = row.subject.startswith("Deployment ")
            if row.milestone in SHOWN and (pods or row.subject.startswith("replicasets ")):
                what = row.milestone if pods else f"ReplicaSet's {row.milestone}"
                values = " | ".join(_value(value, row) for value in (row.recorded, row.simulated))
                yield f"| {phase.phase.title} | {what} | {values} | {'ok' if row.ok else 'OUT'} |\n"


def _value(value: float | str | None, row: Row) -> str:
    if isinstance(value, float | int):
        return f"{value:.3f} s" if row.unit == "s" else f"{value:.0f}"
    return value or "–"


def main() -> None:
    """Write the page's table anew."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    table = markdown(replay(RECORDINGS / "E1.jsonl.gz"))
    PAGE.write_text(before + BEGIN + table + END + after, encoding="utf-8")


if __name__ == "__main__":
    main()
