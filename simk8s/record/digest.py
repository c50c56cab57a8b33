"""Digest of the result tables: the same run has the same digest, on any machine.

Law: blake2b over table name, column name, dtype and little-endian values with nulls, in schema
order; not over Parquet bytes, and without columns marked `wall`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import numpy as np
import polars as pl

from simk8s.schema.columns import Column, Table

Buffer: TypeAlias = "bytes | memoryview[Any]"
_NUMPY = {"int64": "<i8", "int32": "<i4", "int16": "<i2", "float64": "<f8", "bool": "|u1"}


def digest_of(frames: Mapping[str, pl.DataFrame], tables: Iterable[Table]) -> str:
    """Hex digest of these tables."""
    digest = hashlib.blake2b(digest_size=16)
    for table in tables:
        frame = frames[table.name]
        _take(digest, f"table {table.name} {frame.height}".encode())
        for column in table.columns:
            if not column.wall:
                for part in _parts(column, frame[column.name]):
                    _take(digest, part)
    return digest.hexdigest()


def _take(digest: hashlib.blake2b, part: Buffer) -> None:
    """With its length in front, so that no two sequences of parts read the same."""
    digest.update(memoryview(part).nbytes.to_bytes(8, "little"))
    digest.update(part)


def _parts(column: Column, series: pl.Series) -> Iterable[Buffer]:
    yield f"column {column.name} {column.dtype}".encode()
    n, nulls = len(series), series.null_count()
    text = column.dtype in ("str", "enum")
    if nulls == n:  # a column that says nothing costs next to nothing
        yield np.packbits(np.ones(n, np.bool_)).data
        yield bytes(n * np.dtype("<u4" if text else _NUMPY[column.dtype]).itemsize)
        if text:
            yield b""
        return
    yield np.packbits(series.is_null().to_numpy()).data if nulls else bytes(-(-n // 8))
    if text:
        series = series.cast(pl.String)
        series = series.fill_null("") if nulls else series
        yield series.str.len_bytes().to_numpy().astype("<u4", copy=False).data
        yield (series.str.join("").item() or "").encode()
    else:
        filled = series.fill_null(False if column.dtype == "bool" else 0) if nulls else series
        yield filled.to_numpy().astype(_NUMPY[column.dtype], copy=False).data
