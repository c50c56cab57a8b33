"""Faults as intervals: from the rows that each moment of a fault left.

Law: the n-th start of a kind and target belongs to its n-th end; what never ended is open.
"""

from __future__ import annotations

import polars as pl

from simk8s.results.results import Results

IDLE = "without effect"
"""How the detail of a fault begins that changed nothing."""
_KEY = ["kind", "target", "ordinal"]


def intervals(results: Results) -> pl.DataFrame:
    """kind, target, start_us, end_us (null: open), detected_us, tainted_us, pods_hit; by start."""
    faults = results.faults.collect()
    moments = faults.with_columns(
        ordinal=pl.col("t_us").cum_count().over("kind", "target", "phase")
    )
    starts = moments.filter(phase="start").select(*_KEY, "duration_us", start_us="t_us")
    for phase in ("detected", "tainted", "end"):
        part = moments.filter(phase=phase)
        first = part.select(*_KEY, pl.col("t_us").alias(f"{phase}_us"))
        starts = starts.join(first, on=_KEY, how="left", maintain_order="left")
    hit = moments.group_by(_KEY).agg(pl.col("pods_hit").max())
    known_end = pl.coalesce("end_us", pl.col("start_us") + pl.col("duration_us"))
    within = known_end <= results.manifest.simulated_us
    return (
        starts.join(hit, on=_KEY, how="left", maintain_order="left")
        .with_columns(end_us=pl.when(within).then(known_end))
        .select("kind", "target", "start_us", "end_us", "detected_us", "tainted_us", "pods_hit")
        .sort("start_us", "kind", "target")
    )


def idle(results: Results) -> list[tuple[str, str]]:
    """(name, why) of faults that changed nothing, in order of time."""
    found = results.faults.filter(
        pl.col("phase").cast(pl.String) == "start", pl.col("detail").str.starts_with(IDLE)
    ).collect()
    rows = found.select("kind", "target", "detail").rows()
    return [(name(kind, target), detail.removeprefix(f"{IDLE}: ")) for kind, target, detail in rows]


def words(kind: str) -> str:
    """`zoneOutage` or `zone_outage` as words: `zone outage`."""
    spaced = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in kind)
    return spaced.replace("_", " ").strip()


def name(kind: str, target: str) -> str:
    """What people call a fault: `zone b outage`, `crash of node-7`."""
    plain, _, last = words(kind).rpartition(" ")
    if plain == "zone":
        return f"zone {target.removeprefix('zone/')} {last}"
    if plain == "node":
        return f"{last} of {target.removeprefix('node/')}"
    return f"{words(kind)}: {target}"
