"""Runs of the Philly experiment: strategies by nodes, kept in a file between calls."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import polars as pl

from simk8s import Scenario, run
from simk8s.workload.traces._philly_scenario import write_scenario

ROOT = Path(__file__).resolve().parents[2]
FIRST, LAST = date(2017, 9, 25), date(2017, 11, 5)
BACKFILL = "gang_backfill"
STRATEGIES: dict[str, Mapping[str, Any]] = {
    "FIFO": {"name": "gang_fifo"},
    **{
        f"{kind} ×{factor}": {"name": BACKFILL, "kind": kind, "estimate": factor}
        for kind in ("easy", "conservative")
        for factor in (1, 2, 5)
    },
    "best fit": {"name": "gang_best_fit"},
}
"""Labels of the table -> strategy sections of a scenario."""


class Task(NamedTuple):
    """One run."""

    label: str
    nodes: int


@dataclass(frozen=True, slots=True)
class Waits:
    """Waits of some jobs, in seconds."""

    jobs: int
    mean: float
    p50: float
    p90: float
    most: float


@dataclass(frozen=True, slots=True)
class Run:
    """What came of one run; `queues` by virtual cluster, `sizes` by whether a job has several
    nodes.
    """

    every: Waits
    queues: Mapping[str, Waits]
    large: Waits
    unstarted: int
    utilisation: float
    digest: str
    cpu_s: float


def one(trace: str, task: Task, days: int | None) -> Run:
    """Simulate it."""
    started = time.process_time()
    with TemporaryDirectory() as folder:
        out = Path(folder) / "philly.yaml"
        write_scenario(Path(trace), out=out, first=FIRST, last=LAST, nodes=task.nodes)
        scenario = Scenario.load(out).with_(strategy=dict(STRATEGIES[task.label]))
        result = run(scenario) if days is None else run(scenario, until=f"{days}d")
        return _read(result, time.process_time() - started)


def _read(result: Any, cpu_s: float) -> Run:
    end_us = result.manifest.simulated_us
    job = pl.col("name").str.extract(r"^(job-\d+)")
    jobs = (
        result.pods.group_by("namespace", job.alias("job"))
        .agg(
            pods=pl.len(),
            created=pl.col("created_us").min(),
            started=pl.when(pl.col("scheduled_us").is_not_null().all()).then(
                pl.col("scheduled_us").max()
            ),
        )
        .with_columns(s=(pl.col("started").fill_null(end_us) - pl.col("created")) / 1e6)
    )
    names = jobs.group_by("namespace").len().sort("len", "namespace", descending=[True, False])
    return Run(
        every=_waits(jobs),
        queues={n: _waits(jobs.filter(namespace=n)) for n in names["namespace"].to_list()},
        large=_waits(jobs.filter(pl.col("pods") > 1)),
        unstarted=jobs["started"].null_count(),
        utilisation=float(result.kpis["gpu_utilisation_mean"] or 0),
        digest=str(result.digest),
        cpu_s=cpu_s,
    )


def _waits(jobs: pl.DataFrame) -> Waits:
    s = jobs["s"]
    found = [s.mean(), s.quantile(0.5, "linear"), s.quantile(0.9, "linear"), s.max()]
    return Waits(len(s), *(float(x or 0) for x in found))  # type: ignore[arg-type]


def all_of(
    tasks: Sequence[Task], trace: str, jobs: int, days: int | None, kept: Path | None
) -> Iterator[tuple[Task, Run]]:
    """Every task with its run, those that were kept first."""
    before = dict(_kept(kept, days))
    for task in tasks:
        if task in before:
            yield task, before[task]
    missing = [task for task in tasks if task not in before]
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        futures = [(task, pool.submit(one, trace, task, days)) for task in missing]
        for task, future in futures:
            found = future.result()
            if kept is not None:
                line = {"task": task, "days": days, "run": asdict(found)}
                with kept.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(line) + "\n")
            yield task, found


def _kept(path: Path | None, days: int | None) -> Iterator[tuple[Task, Run]]:
    if path is None or not path.is_file():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        found = json.loads(line)
        if found["days"] == days:
            data = found["run"]
            data["queues"] = {name: Waits(**waits) for name, waits in data["queues"].items()}
            data["every"], data["large"] = Waits(**data["every"]), Waits(**data["large"])
            yield Task(*found["task"]), Run(**data)
