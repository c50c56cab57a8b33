"""Philly with more nodes than anybody needs: how long jobs wait, and how many GPUs they hold."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from benchmarks.papers._philly_runs import FIRST, LAST
from simk8s import Scenario, run
from simk8s.workload.traces._philly_scenario import write_scenario

NODES = 400
"""Of 8 GPUs: 3,200, more than twice what is ever held; pieces of nodes are no matter."""
UNLIMITED = "unlimited"
CYCLE_US = 1
"""What a scheduling cycle that takes no time takes."""


@dataclass(frozen=True, slots=True)
class Unlimited:
    """What came of a replay; all of it read from the table of pods."""

    jobs: int
    waited: int
    """Pods that did not start with the cycle in which they came."""
    unfinished: int
    peak_gpus: int


def unlimited(trace: Path, first: date | None = None, last: date | None = None) -> Unlimited:
    """Replay the jobs submitted on these days, all of them by default."""
    with TemporaryDirectory() as folder:
        out = Path(folder) / "philly.yaml"
        write_scenario(trace, out=out, first=first, last=last, nodes=NODES)
        return _read(run(Scenario.load(out).with_(strategy="gang_fifo")))


def both(trace: Path, kept: Path | None, *, only_kept: bool) -> Iterator[Unlimited]:
    """The whole file, then the days that the tables are about; what was kept is not run again."""
    before = _kept(kept)
    for span in ((None, None), (FIRST, LAST)):
        label = "all" if span[0] is None else f"{span[0]}..{span[1]}"
        if label not in before:
            if only_kept:
                continue
            before[label] = unlimited(trace, *span)
            if kept is not None:
                line = {"days": UNLIMITED, "span": label, "run": asdict(before[label])}
                with kept.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(line) + "\n")
        yield before[label]


def _kept(path: Path | None) -> dict[str, Unlimited]:
    if path is None or not path.is_file():
        return {}
    found = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return {one["span"]: Unlimited(**one["run"]) for one in found if one["days"] == UNLIMITED}


def _read(result: Any) -> Unlimited:
    pods = result.pods
    wait = pl.col("scheduled_us") - pl.col("created_us")
    return Unlimited(
        jobs=pods.select(pl.struct("namespace", pl.col("name").str.extract(r"^(job-\d+)")))
        .to_series()
        .n_unique(),
        waited=pods.filter((wait > CYCLE_US).fill_null(value=True)).height,
        unfinished=pods.filter(pl.col("phase") != "succeeded").height,
        peak_gpus=peak_gpus(pods),
    )


def peak_gpus(pods: pl.DataFrame) -> int:
    """The most GPUs that were held at once: from the moment a node was chosen to the pod's end.
    Who ends in the microsecond in which another starts has left by then.
    """
    gpus = pl.col("gpu_milli") // 1000
    starts = pods.select(at="scheduled_us", change=gpus)
    ends = pods.select(at="finished_us", change=-gpus)
    changes = pl.concat([starts, ends]).drop_nulls("at").sort("at", "change")
    return int(changes["change"].cum_sum().max() or 0)  # type: ignore[arg-type]
