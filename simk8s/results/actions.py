"""What a run's timeline did, entry by entry.

Law: the objects of an entry that were asked for at one instant are one action, whose outcome is the
worst of theirs; a run without a timeline has none.
"""

from __future__ import annotations

import polars as pl

from simk8s.results.results import Results

WORST = ("refused", "failed", "unfinished", "done", "unchanged")
"""Outcomes, the worst first."""


def rows(results: Results) -> pl.DataFrame:
    """The `actions` table, without rows where the run has none."""
    return results.table("actions").collect()


def steps(results: Results) -> pl.DataFrame:
    """t_us, ended_us (null: never), name, verb, object (the first), objects (how many), outcome,
    detail; in order of time.
    """
    found = rows(results).with_columns(
        rank=pl.col("outcome").replace_strict(
            {name: place for place, name in enumerate(WORST)}, return_dtype=pl.Int32
        )
    )
    worst = pl.col("rank").arg_min()
    return (
        found.group_by("entry", "t_us", maintain_order=True)
        .agg(
            pl.col("name", "verb").first(),
            pl.col("object").first(),
            objects=pl.len(),
            ended_us=pl.when(pl.col("ended_us").is_null().any())
            .then(None)
            .otherwise(pl.col("ended_us").max()),
            outcome=pl.col("outcome").get(worst),
            detail=pl.col("detail").get(worst),
        )
        .sort("t_us", "entry", maintain_order=True)
    )


def words(verb: str) -> str:
    """`setImage` as words: `set image`."""
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in verb)


def title(verb: str, first: str, objects: int) -> str:
    """What people call an action: `drain node/web-0 and 3 more`."""
    more = f" and {objects - 1} more" if objects > 1 else ""
    return f"{words(verb)} {first}{more}"
