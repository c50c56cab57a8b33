"""What a result table is: columns with a type, a unit and a meaning.

Law: a column has one of `Dtype`; one that is an enum names its members; no table has two columns of
one name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, get_args

Dtype = Literal["int64", "int32", "int16", "float64", "bool", "str", "enum"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `wall` marks what depends on the machine and is therefore not in the digest."""

    name: str
    dtype: Dtype
    unit: str
    meaning: str
    nullable: bool = False
    wall: bool = False
    enum: type[StrEnum] | None = None

    def __post_init__(self) -> None:
        if self.dtype not in get_args(Dtype):
            raise ValueError(f"column {self.name}: unknown dtype {self.dtype}")
        if (self.dtype == "enum") != (self.enum is not None):
            raise ValueError(f"column {self.name}: dtype enum and an enum belong together")

    @property
    def choices(self) -> tuple[str, ...]:
        """The values an enum column may hold, in the enum's order."""
        return tuple(member.value for member in self.enum or ())


@dataclass(frozen=True, slots=True)
class Table:
    """One table: a Parquet file of the same name."""

    name: str
    meaning: str
    columns: tuple[Column, ...]

    def __post_init__(self) -> None:
        names = self.names
        if len(set(names)) != len(names):
            raise ValueError(f"table {self.name}: a column name is given twice")

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """The column of that name; KeyError if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"table {self.name} has no column {name}")


def int64(name: str, unit: str, meaning: str, *, null: bool = False) -> Column:
    """Any whole number."""
    return Column(name, "int64", unit, meaning, nullable=null)


def int32(name: str, unit: str, meaning: str, *, null: bool = False) -> Column:
    """A small one, of which there are many."""
    return Column(name, "int32", unit, meaning, nullable=null)


def float64(
    name: str, unit: str, meaning: str, *, null: bool = False, wall: bool = False
) -> Column:
    """A number that is not whole."""
    return Column(name, "float64", unit, meaning, nullable=null, wall=wall)


def text(name: str, meaning: str, *, null: bool = False) -> Column:
    """A name or words."""
    return Column(name, "str", "", meaning, nullable=null)


def member(name: str, enum: type[StrEnum], meaning: str, *, null: bool = False) -> Column:
    """One of a closed list."""
    return Column(name, "enum", "", meaning, nullable=null, enum=enum)


def time(name: str, meaning: str, *, null: bool = False) -> Column:
    """A simulated instant, or a span."""
    return int64(name, "us", meaning, null=null)


def by_name(tables: Iterable[Table]) -> dict[str, Table]:
    """In their order."""
    return {table.name: table for table in tables}
