"""Recorded decisions of one pod, as `simk8s run --explain` wrote them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from simk8s.catalog import suggest
from simk8s.errors import Problem, UserError
from simk8s.results.results import Results


@dataclass(frozen=True)
class Attempt:
    """One attempt: when, which, what became of it, and everything behind it."""

    t_us: int
    attempt: int
    outcome: str
    chosen: str | None
    detail: dict[str, Any]


def attempts_of(folder: Path, pod: str) -> list[Attempt]:
    """All recorded attempts of `namespace/name`, in order; UserError if there are none."""
    results = Results.open(folder)
    namespace, _, name = pod.rpartition("/")
    namespace = namespace or "default"
    table = results.table("explanations")
    if not (folder / "explanations.parquet").is_file():
        hint = f"record them: {_command(results)} --explain {namespace}/{name}"
        raise UserError(Problem("E607", f"{folder} holds no recorded decisions", hint=hint))
    mine = table.filter((pl.col("namespace") == namespace) & (pl.col("name") == name))
    outcomes = results.decisions.select("t_us", "pod", "outcome").unique(("t_us", "pod"))
    rows = mine.join(outcomes, on=["t_us", "pod"], how="left").sort("t_us", "attempt").collect()
    if not rows.height:
        raise UserError(_nobody(results, table, f"{namespace}/{name}"))
    return [
        Attempt(
            row["t_us"],
            row["attempt"],
            row["outcome"] or "under way",
            row["chosen"],
            json.loads(row["detail"]),
        )
        for row in rows.iter_rows(named=True)
    ]


def _command(results: Results) -> str:
    return results.manifest.command.partition(" --explain ")[0] or "simk8s run SCENARIO"


def _nobody(results: Results, table: pl.LazyFrame, pod: str) -> Problem:
    full = pl.concat_str("namespace", pl.lit("/"), "name")
    recorded = table.select(full.unique().sort()).collect().to_series().to_list()
    there = results.pods.filter(full == pod).select(pl.len()).collect().item()
    near = suggest(pod, recorded)
    if near:
        hint = f"did you mean {near!r}?"
    elif there:
        hint = f"record it: {_command(results)} --explain {pod}"
    else:
        hint = f"--explain {results.manifest.explained} recorded {len(recorded)} pods"
    what = "no decision of it was recorded" if there else "there is no such pod"
    return Problem("E607", f"{pod}: {what}", hint=hint)
