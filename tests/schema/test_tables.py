from __future__ import annotations

import polars as pl
import pytest

from simk8s.schema.columns import Column, Table
from simk8s.schema.dtypes import dtype_of, empty
from simk8s.schema.enums import LossCause, Outcome
from simk8s.schema.manifest import Manifest
from simk8s.schema.tables import TABLES


def every_column():
    return [(table, column) for table in TABLES.values() for column in table.columns]


def test_the_contracts_tables_are_there():
    assert list(TABLES) == [
        "pods", "nodes", "timeseries", "node_samples", "decisions", "reasons", "solves", "faults",
        "controllers", "api_requests",
    ]  # fmt: skip


def test_every_column_says_what_it_means():
    for table, column in every_column():
        assert column.meaning.endswith("."), f"{table.name}.{column.name}"
        assert table.meaning.endswith(".")


def test_times_are_integer_microseconds():
    for table, column in every_column():
        if column.name.endswith("_us"):
            assert (column.dtype, column.unit) == ("int64", "us"), f"{table.name}.{column.name}"


def test_only_solves_has_a_wall_column():
    assert [(t.name, c.name) for t, c in every_column() if c.wall] == [("solves", "wall_s")]


def test_empty_frames_have_the_schemas_types():
    frame = empty(TABLES["decisions"])
    assert frame.schema["t_us"] == pl.Int64()
    assert frame.schema["outcome"] == pl.Enum([outcome.value for outcome in Outcome])
    assert frame.columns == list(TABLES["decisions"].names)


def test_a_tables_column_is_found_by_name():
    column = TABLES["pods"].column("lost_cause")
    assert column.choices == tuple(cause.value for cause in LossCause)
    assert dtype_of(column) == pl.Enum(column.choices)
    with pytest.raises(KeyError, match="no column nope"):
        TABLES["pods"].column("nope")


def test_bad_schemas_are_refused():
    with pytest.raises(ValueError, match="unknown dtype"):
        Column("a", "int8", "", "x.")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="belong together"):
        Column("a", "enum", "", "x.")
    twice = Column("a", "int64", "", "x.")
    with pytest.raises(ValueError, match="twice"):
        Table("t", "x.", (twice, twice))


def test_a_manifest_keeps_fields_of_newer_versions():
    text = '{"version":"9","scenario":"s","seed":1,"duration_us":5,"simulated_us":5,"new":1}'
    assert Manifest.model_validate_json(text).model_dump()["new"] == 1
