"""docs/results.md, generated from the schema. `python -m simk8s.schema.docs` writes it again."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel

from simk8s.schema.aside import ASIDE
from simk8s.schema.columns import Column, Table
from simk8s.schema.damage import DAMAGE
from simk8s.schema.manifest import MANIFEST_NAME, CompareManifest, Manifest
from simk8s.schema.solver import SOLVER
from simk8s.schema.tables import OPTIONAL, SCHEMA_VERSION, TABLES

_INTRO = f"""\
# Results

*Generated from `simk8s/schema/`; do not edit.*

A run writes a folder: `{MANIFEST_NAME}` and one Parquet file per table (schema version
{SCHEMA_VERSION}, say its manifests). Times are integer microseconds of simulated time, since the
start unless a column says otherwise; their names end in `_us`. A column is never null unless it
says so. The digest in the manifest covers every table and column but those marked *machine* and
the tables that are said to be beside it.

Read them with anything that reads Parquet:

```python
import polars as pl

pods = pl.read_parquet("reports/quickstart/pods.parquet")
print(pods.group_by("phase").len())
```
"""


def markdown() -> str:
    """The whole page."""
    parts = [_INTRO]
    for table in (*TABLES.values(), *OPTIONAL.values()):
        parts += [f"## {table.name}.parquet\n", f"{table.meaning}\n", _columns(table)]
    parts.append(
        "What follows is written where there is something to write; see availability.md and\n"
        "strategies.md.\n"
    )
    for table in (*DAMAGE.values(), *SOLVER.values()):
        parts += [f"## {table.name}.parquet\n", f"{table.meaning}\n", _columns(table)]
    parts.append("Beside the digest: what follows from the others, for KPIs; see comparing.md.\n")
    for table in ASIDE.values():
        parts += [f"## {table.name}.parquet\n", f"{table.meaning}\n", _columns(table)]
    parts += [f"## {MANIFEST_NAME}\n", _fields(Manifest)]
    parts += [f"## {CompareManifest.NAME}\n", "Beside the runs of a comparison.\n"]
    parts.append(_fields(CompareManifest))
    return "\n".join(parts)


def _columns(table: Table) -> str:
    rows = [(f"`{c.name}`", c.dtype, c.unit, _meaning(c)) for c in table.columns]
    return _markdown_table(("column", "type", "unit", "meaning"), rows)


def _meaning(column: Column) -> str:
    notes = [column.meaning]
    if column.choices:
        notes.append("One of " + ", ".join(f"`{choice}`" for choice in column.choices) + ".")
    if column.nullable:
        notes.append("May be null.")
    if column.wall:
        notes.append("*machine*")
    return " ".join(notes)


def _fields(model: type[BaseModel]) -> str:
    rows = [(f"`{name}`", field.description or "") for name, field in model.model_fields.items()]
    return _markdown_table(("field", "meaning"), rows)


def _markdown_table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def _write() -> None:
    target = Path(__file__).parents[2] / "docs" / "results.md"
    target.parent.mkdir(exist_ok=True)
    target.write_text(markdown(), encoding="utf-8")


if __name__ == "__main__":
    _write()
