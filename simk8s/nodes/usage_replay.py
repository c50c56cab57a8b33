"""Recorded CPU usage: a table of fragments, as one curve for each task.

Law: read once, before anything is simulated; equal neighbours are one piece. A pod that the table
does not know uses nothing.

Mirrors: the OpenDC form of SURF's Lisa cluster (`fragments.parquet`: id, duration in ms, CPU in
MHz; `tasks.parquet` beside it: cores and their MHz).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from simk8s.errors import Problem, UserError
from simk8s.nodes.curves import Curve, flat

_MS = 1_000
NOTHING = flat(0)


class Recording:
    """The curves of one file, by the name of the pod."""

    def __init__(self, path: Path) -> None:
        try:
            fragments = pl.read_parquet(path, columns=["id", "duration", "cpu_usage"])
            tasks = pl.read_parquet(
                path.with_name("tasks.parquet"), columns=["id", "cpu_count", "cpu_capacity"]
            )
        except (OSError, pl.exceptions.PolarsError) as error:
            text = f"{path} and tasks.parquet cannot be read: {str(error).splitlines()[0]}"
            raise UserError(Problem("E306", text)) from error
        joined = (
            fragments.join(tasks, on="id", how="inner", maintain_order="left")
            .with_columns(
                milli=(pl.col("cpu_usage") * (1000 * pl.col("cpu_count")) / pl.col("cpu_capacity"))
                .round()
                .cast(pl.Int64),
                us=pl.col("duration").cast(pl.Int64) * _MS,
            )
            .with_row_index("row")
            .sort("id", "row")
        )
        self._us = joined["us"].to_numpy()
        self._milli = joined["milli"].to_numpy()
        ids = joined["id"].to_numpy()
        first = np.flatnonzero(np.r_[True, ids[1:] != ids[:-1]]) if len(ids) else np.zeros(0, int)
        last = np.r_[first[1:], len(ids)]
        bounds = zip(ids[first].tolist(), first.tolist(), last.tolist(), strict=True)
        self._bounds = {str(name): (start, end) for name, start, end in bounds}

    def curve(self, name: str) -> Curve:
        """What the task of that name used; nothing once its record ends."""
        if name not in self._bounds:
            return NOTHING
        start, end = self._bounds[name]
        milli = np.append(self._milli[start:end], 0)
        times = np.append(0, np.cumsum(self._us[start:end]))
        kept = np.r_[True, milli[1:] != milli[:-1]]
        return Curve(times[kept].tolist(), milli[kept].tolist())
