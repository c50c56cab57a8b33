"""A results folder, opened and checked.

Law: what opens is complete: a manifest and every table with the schema's columns and types.
Everything else is a `UserError` that says which file and why. Tables are lazy frames; enum columns
read as text.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import polars as pl
from pydantic import ValidationError

from simk8s.errors import Problem, UserError
from simk8s.schema.columns import Table
from simk8s.schema.dtypes import dtype_of, empty
from simk8s.schema.folder import RARE
from simk8s.schema.manifest import MANIFEST_NAME, Manifest
from simk8s.schema.tables import SCHEMA_VERSION, TABLES

T = TypeVar("T")


@dataclass(frozen=True)
class Results:
    """One run. Open it with `Results.open(folder)`."""

    folder: Path
    manifest: Manifest
    _frames: dict[str, pl.LazyFrame] = field(repr=False)
    _remembered: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def open(cls, folder: Path) -> Results:
        """Check the folder and open its tables; `UserError` with all that is wrong."""
        manifest = read_manifest(folder)
        problems: list[Problem] = []
        frames = {name: _open_table(folder, table, problems) for name, table in TABLES.items()}
        for name, table in RARE.items():
            there = (folder / f"{name}.parquet").exists()
            frames[name] = _open_table(folder, table, problems) if there else _without_rows(table)
        if problems:
            raise UserError(*problems)
        return cls(folder, manifest, frames)

    def remember(self, name: str, compute: Callable[[], T]) -> T:
        """What a function of these results gives, computed once."""
        if name not in self._remembered:
            self._remembered[name] = compute()
        found: T = self._remembered[name]
        return found

    def table(self, name: str) -> pl.LazyFrame:
        """A table by name."""
        return self._frames[name]

    @property
    def label(self) -> str:
        """What to call this run: its variant, otherwise its strategy."""
        return self.manifest.variant or self.manifest.strategy

    @property
    def pods(self) -> pl.LazyFrame:
        return self._frames["pods"]

    @property
    def nodes(self) -> pl.LazyFrame:
        return self._frames["nodes"]

    @property
    def timeseries(self) -> pl.LazyFrame:
        return self._frames["timeseries"]

    @property
    def node_samples(self) -> pl.LazyFrame:
        return self._frames["node_samples"]

    @property
    def decisions(self) -> pl.LazyFrame:
        return self._frames["decisions"]

    @property
    def reasons(self) -> pl.LazyFrame:
        return self._frames["reasons"]

    @property
    def solves(self) -> pl.LazyFrame:
        return self._frames["solves"]

    @property
    def faults(self) -> pl.LazyFrame:
        return self._frames["faults"]

    @property
    def controllers(self) -> pl.LazyFrame:
        return self._frames["controllers"]

    @property
    def api_requests(self) -> pl.LazyFrame:
        return self._frames["api_requests"]

    @property
    def has_timeline(self) -> bool:
        """Whether somebody did something on the way (see results/actions.py)."""
        return (self.folder / "actions.parquet").is_file()

    @property
    def usage(self) -> pl.LazyFrame:
        """Empty where nothing is known of what pods used."""
        return self._frames["usage"]

    @property
    def cloud_calls(self) -> pl.LazyFrame:
        """Empty where machines cost no calls."""
        return self._frames["cloud_calls"]

    @cached_property
    def gpu_node_share(self) -> float:
        """Share of nodes that have a GPU."""
        return float(self.nodes.select((pl.col("gpu_count") > 0).mean()).collect().item() or 0)


def read_manifest(folder: Path) -> Manifest:
    """The folder's manifest, checked."""
    path = folder / MANIFEST_NAME
    try:
        raw = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(_no_manifest(folder)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(Problem("E602", f"{path} cannot be read: {error}")) from error
    try:
        found = json.loads(raw)
        if isinstance(found, dict) and isinstance(found.get("schema_version"), int):
            _check_version(path, found["schema_version"])
        return Manifest.model_validate(found)
    except (json.JSONDecodeError, ValidationError) as error:
        raise UserError(_broken_manifest(path, error)) from error


def _no_manifest(folder: Path) -> Problem:
    if not folder.is_dir():
        return Problem("E601", f"{folder} is not a folder", hint="name a folder that a run wrote")
    hint = "a run writes its manifest last: it may still be going, or it was killed"
    return Problem("E601", f"{folder} holds no results: no {MANIFEST_NAME}", hint=hint)


def _check_version(path: Path, version: int) -> None:
    if version != SCHEMA_VERSION:
        which = "newer" if version > SCHEMA_VERSION else "older"
        raise UserError(
            Problem(
                "E603",
                f"{path} was written by {which} simk8s: "
                f"schema {version}, this one reads {SCHEMA_VERSION}",
                hint="run the scenario again, or render with the version that wrote it",
            )
        )


def _broken_manifest(path: Path, error: Exception) -> Problem:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "top level"
        return Problem("E602", f"{path} is not a manifest: {where}: {first['msg']}")
    return Problem("E602", f"{path} is not JSON: {error}")


def _open_table(folder: Path, table: Table, problems: list[Problem]) -> pl.LazyFrame:
    path = folder / f"{table.name}.parquet"
    try:
        schema = pl.read_parquet_schema(path)
    except FileNotFoundError:
        problems.append(Problem("E604", f"{folder}: the table {path.name} is missing"))
        return pl.LazyFrame()
    except (OSError, pl.exceptions.PolarsError) as error:
        first = str(error).partition("\n")[0]
        problems.append(Problem("E604", f"{path} is not a Parquet file: {first}"))
        return pl.LazyFrame()
    columns = []
    for column in table.columns:
        wanted, found = dtype_of(column), schema.get(column.name)
        if found is None:
            problems.append(Problem("E605", f"{path}: the column {column.name} is missing"))
        elif found != wanted and not (column.dtype == "enum" and _is_text(found)):
            message = f"{path}: column {column.name} has type {found}, expected {wanted}"
            problems.append(Problem("E605", message))
        as_text = pl.col(column.name).cast(pl.String)
        columns.append(as_text if column.dtype == "enum" else pl.col(column.name))
    return pl.scan_parquet(path).select(columns)


def _without_rows(table: Table) -> pl.LazyFrame:
    """As if it had been written; enums read as text."""
    frame = empty(table)
    return frame.with_columns(pl.col(pl.Enum).cast(pl.String)).lazy()


def _is_text(dtype: pl.DataType) -> bool:
    """Enums of a version with other members are still text."""
    return isinstance(dtype, (pl.Enum, pl.String, pl.Categorical))
