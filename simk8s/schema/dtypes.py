"""The schema's types as polars types: the one place that translates between the two.

Kept apart from tables.py so that reading the schema costs no polars import.
"""

from __future__ import annotations

from functools import cache

import polars as pl

from simk8s.schema.columns import Column, Table

_PLAIN: dict[str, pl.DataType] = {
    "int64": pl.Int64(),
    "int32": pl.Int32(),
    "int16": pl.Int16(),
    "float64": pl.Float64(),
    "bool": pl.Boolean(),
    "str": pl.String(),
}


@cache
def dtype_of(column: Column) -> pl.DataType:
    """Type that a column has in memory and in Parquet."""
    return pl.Enum(column.choices) if column.dtype == "enum" else _PLAIN[column.dtype]


def empty(table: Table) -> pl.DataFrame:
    """The table without rows."""
    return pl.DataFrame(schema={column.name: dtype_of(column) for column in table.columns})
