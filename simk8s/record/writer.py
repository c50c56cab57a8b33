"""One table being written: rows as tuples, or whole columns, turned into typed columns by chunks.

Law: `append` is `list.append` itself, so a row costs what a tuple in a list costs; types are
checked when rows are turned into columns, and then strictly: 2.5 in an integer column, a null
where none may be, an unknown enum value or a NaN is an error that names table and column.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from simk8s.errors import InvariantError
from simk8s.schema.columns import Column, Table
from simk8s.schema.dtypes import dtype_of, empty

CHUNK = 4_096
"""Few enough rows to be in the processor's cache still."""


class TableWriter:
    """Collects the rows of one table. Keep `writer.append` in a local: it stays valid."""

    __slots__ = ("_chunks", "_height", "append", "rows", "table")

    def __init__(self, table: Table) -> None:
        self.table = table
        self.rows: list[tuple[Any, ...]] = []
        """Not turned into columns yet; always the same list."""
        self._chunks: list[pl.DataFrame] = []
        self._height = 0
        self.append = self.rows.append

    def __len__(self) -> int:
        return self._height + len(self.rows)

    def extend(
        self, columns: Mapping[str, Sequence[Any] | np.ndarray[Any, Any] | pl.Series]
    ) -> None:
        """Append whole columns, after the rows so far. Integers in an enum column are codes:
        positions in the enum. See `nullable` for numpy columns that mark nulls by a value.
        """
        self.flush()
        _same_names(self.table, columns)
        self._add([_checked(self.table, c, columns[c.name]) for c in self.table.columns])

    def flush(self) -> None:
        """Turn the rows so far into typed columns."""
        rows = self.rows
        if not rows:
            return
        width = len(self.table.columns)
        if set(map(len, rows)) != {width}:
            wrong = next(row for row in rows if len(row) != width)
            raise InvariantError(
                f"table {self.table.name}: a row has {len(wrong)} values, not {width}: {wrong}"
            )
        columns = zip(self.table.columns, zip(*rows, strict=True), strict=True)
        self._add([_checked(self.table, column, values) for column, values in columns])
        rows.clear()  # the same list object: `append` that callers hold must go on working

    def compact(self) -> None:
        """Flush if a chunk is full."""
        if len(self.rows) >= CHUNK:
            self.flush()

    def frame(self) -> pl.DataFrame:
        """Everything so far as one frame."""
        self.flush()
        if not self._chunks:
            return empty(self.table)
        self._chunks = [pl.concat(self._chunks, rechunk=True)]
        return self._chunks[0]

    def _add(self, series: list[pl.Series]) -> None:
        lengths = {len(column) for column in series}
        if len(lengths) != 1:
            raise InvariantError(f"table {self.table.name}: columns of lengths {sorted(lengths)}")
        self._chunks.append(pl.DataFrame(series))
        self._height += len(series[0])


def nullable(values: np.ndarray[Any, Any], null: int = -1) -> pl.Series:
    """A numpy column in which `null` stands for nothing, for `TableWriter.extend`."""
    column = pl.Series("values", values)
    return column.set(column == null, None)


def picked(choices: Sequence[str | None], codes: np.ndarray[Any, Any]) -> pl.Series:
    """A column of texts by their positions in `choices`, null for −1; for
    `TableWriter.extend`.
    """
    texts = pl.Series("texts", [*choices, None], dtype=pl.String)
    return texts.gather(np.where(codes < 0, len(choices), codes))


def _same_names(table: Table, columns: Mapping[str, Any]) -> None:
    if set(columns) != set(table.names):
        odd = sorted(set(columns) ^ set(table.names))
        raise InvariantError(f"table {table.name}: missing or unknown columns: {', '.join(odd)}")


def _checked(table: Table, column: Column, values: Any) -> pl.Series:
    try:
        series = _typed(column, values)
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError) as error:
        first = str(error).strip().partition("\n")[0]
        raise InvariantError(f"{table.name}.{column.name} ({column.dtype}): {first}") from error
    if not column.nullable and series.null_count():
        raise InvariantError(f"{table.name}.{column.name}: null where none may be")
    if column.dtype == "float64" and series.is_nan().any():
        raise InvariantError(f"{table.name}.{column.name}: NaN")
    return series


def _typed(column: Column, values: Any) -> pl.Series:
    dtype = dtype_of(column)
    if isinstance(values, (np.ndarray, pl.Series)):
        plain = pl.Series(column.name, values)
        if column.dtype == "enum" and plain.dtype.is_integer():
            members = pl.Series(column.name, column.choices, dtype=dtype)
            return members.gather(plain)
        if plain.dtype.is_float() and not dtype.is_float():
            raise TypeError("floats in a column of another type")
        return plain.cast(dtype)
    return pl.Series(column.name, values, dtype=dtype, strict=True)
