from __future__ import annotations

from enum import StrEnum

import numpy as np
import polars as pl
import pytest

from simk8s.errors import InvariantError
from simk8s.record import writer as writer_module
from simk8s.record.writer import TableWriter, nullable
from simk8s.schema.columns import Column, Table


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


TABLE = Table(
    "things",
    "Things.",
    (
        Column("t_us", "int64", "us", "When."),
        Column("small", "int32", "", "Small.", nullable=True),
        Column("share", "float64", "share", "Share.", nullable=True),
        Column("ok", "bool", "", "Ok."),
        Column("name", "str", "", "Name.", nullable=True),
        Column("colour", "enum", "", "Colour.", nullable=True, enum=Colour),
    ),
)
ROW = (1, 2, 0.5, True, "a", Colour.RED)


@pytest.fixture
def writer():
    return TableWriter(TABLE)


def test_rows_become_typed_columns(writer):
    writer.append(ROW)
    writer.append((2, None, 1, np.bool_(False), None, "blue"))
    writer.append((np.int64(3), None, None, False, "c", None))
    frame = writer.frame()
    assert frame.schema["small"] == pl.Int32()
    assert frame.rows() == [
        (1, 2, 0.5, True, "a", "red"),
        (2, None, 1.0, False, None, "blue"),
        (3, None, None, False, "c", None),
    ]


def test_append_stays_valid_over_chunks(writer, monkeypatch):
    monkeypatch.setattr(writer_module, "CHUNK", 10)
    append = writer.append
    for i in range(35):
        append((i, i, 0.0, True, "x", None))
        writer.compact()
    assert len(writer) == 35
    assert writer.frame()["t_us"].to_list() == list(range(35))
    append((35, 0, 0.0, True, "x", None))
    assert writer.frame().height == 36


@pytest.mark.parametrize(
    ("position", "value", "words"),
    [
        (0, None, r"things\.t_us: null"),
        (0, 2.5, r"things\.t_us \(int64\): unexpected value"),
        (0, "x", r"things\.t_us"),
        (1, 2**40, r"things\.small"),
        (2, float("nan"), r"things\.share: NaN"),
        (3, 1, r"things\.ok"),
        (4, 7, r"things\.name"),
        (5, "green", r"things\.colour \(enum\)"),
    ],
)
def test_a_wrong_value_names_its_column(writer, position, value, words):
    row = list(ROW)
    row[position] = value
    writer.append(tuple(row))
    with pytest.raises(InvariantError, match=words):
        writer.frame()


def test_a_row_of_the_wrong_length_is_refused(writer):
    writer.append(ROW)
    writer.append(ROW[:-1])
    with pytest.raises(InvariantError, match="5 values, not 6"):
        writer.frame()


def test_whole_columns_after_rows(writer):
    writer.append(ROW)
    writer.extend(
        {
            "t_us": np.array([5, 6], dtype=np.int64),
            "small": nullable(np.array([-1, 7], dtype=np.int64)),
            "share": np.array([0.25, 0.75]),
            "ok": np.array([True, False]),
            "name": ["b", None],
            "colour": np.array([1, 0], dtype=np.int8),
        }
    )
    assert writer.frame().rows() == [
        (1, 2, 0.5, True, "a", "red"),
        (5, None, 0.25, True, "b", "blue"),
        (6, 7, 0.75, False, None, "red"),
    ]


def test_nullable_codes_of_an_enum(writer):
    columns = {name: [] for name in TABLE.names}
    columns |= {"t_us": [1, 2], "small": [1, 2], "share": [0.0, 0.0], "ok": [True, True]}
    columns |= {"name": ["a", "b"], "colour": nullable(np.array([-1, 1]))}
    writer.extend(columns)
    assert writer.frame()["colour"].to_list() == [None, "blue"]


def test_float_arrays_do_not_slip_into_integer_columns(writer):
    columns = {name: [ROW[i]] for i, name in enumerate(TABLE.names)}
    columns["t_us"] = np.array([1.5])
    with pytest.raises(InvariantError, match="floats"):
        writer.extend(columns)


def test_missing_columns_and_ragged_ones_are_refused(writer):
    columns = {name: [ROW[i]] for i, name in enumerate(TABLE.names)}
    with pytest.raises(InvariantError, match="lengths"):
        writer.extend(columns | {"t_us": [1, 2]})
    del columns["ok"]
    with pytest.raises(InvariantError, match="ok"):
        writer.extend(columns)
