"""Digest of the result tables: the same run has the same digest, on any machine.

Law: blake2b over table name, column name, dtype and little-endian values with nulls, in schema
order; not over Parquet bytes, and without columns marked `wall`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

import numpy as np
import polars as pl

from simk8s.schema.columns import Column, Table

_NUMPY = {"int64": "<i8", "int32": "<i4", "int16": "<i2", "float64": "<f8", "bool": "|u1"}


def digest_of(frames: Mapping[str, pl.DataFrame], tables: Iterable[Table]) -> str:
    """Hex digest of these tables."""
    digest = hashlib.blake2b(digest_size=16)
    for table in tables:
        frame = frames[table.name]
        digest.update(_framed(f"table {table.name} {frame.height}".encode()))
        for column in table.columns:
            if not column.wall:
                for part in _parts(column, frame[column.name]):
                    digest.update(_framed(part))
    return digest.hexdigest()


def _framed(part: bytes) -> bytes:
    """With its length in front, so that no two sequences of parts read the same."""
    return len(part).to_bytes(8, "little") + part


def _parts(column: Column, series: pl.Series) -> Iterable[bytes]:
    yield f"column {column.name} {column.dtype}".encode()
    nulls = series.null_count() > 0  # without any, polars need not be asked twice a column
    zeros = bytes(-(-len(series) // 8))
    yield np.packbits(series.is_null().to_numpy()).tobytes() if nulls else zeros
    if column.dtype in ("str", "enum"):
        text = series.cast(pl.String)
        text = text.fill_null("") if nulls else text
        yield text.str.len_bytes().to_numpy().astype("<u4").tobytes()
        yield (text.str.join("").item() or "").encode()
    else:
        filled = series.fill_null(False if column.dtype == "bool" else 0) if nulls else series
        yield filled.to_numpy().astype(_NUMPY[column.dtype]).tobytes()
