"""A week of SURF's Lisa cluster (HPC): tasks that have a whole node each, with their CPU usage.

Law: every row of `tasks.parquet` is a pod that asks for all cores of a host, is created at its
submission and runs as long as it ran; its name is its id, by which `usage: {cpu: {replay: …}}`
finds what it used (nodes/usage_replay.py). Hosts come from the topology file.

Mirrors: OpenDC's form of the trace: `topology_surf.json`; `tasks.parquet` with id, submission_time
and duration in ms, cpu_count, mem_capacity in MB; `fragments.parquet` beside it. Departs: a task
waits in Kubernetes if no node is free, where the trace begins with what did run; tasks are given
as started when they were submitted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from simk8s.errors import Place, Problem, UserError
from simk8s.scenario.types import Model
from simk8s.workload.columns import PodColumns, StreamsLike, slices
from simk8s.workload.traces._csv import CODE
from simk8s.workload.traces.base import TraceNode

if TYPE_CHECKING:
    import polars as pl

MB = 1_000_000
_MS = 1_000
_COLUMNS = ["id", "submission_time", "duration", "cpu_count", "mem_capacity"]


class Params(Model):
    """`replay: {format: surf_lisa, path: surf_week/tasks.parquet}`"""

    path: str
    # Tasks are submitted so many times as often; they run as long as they did.
    compress: float = Field(default=1.0, gt=0, allow_inf_nan=False)


class SurfLisa:
    """Importer of the trace."""

    def __init__(self, params: Params, base: Path = Path()) -> None:
        self._params = params
        self._path = base / params.path

    @staticmethod
    def nodes(path: Path, only: str | None = None) -> list[TraceNode]:
        """The hosts of a topology file; none has a GPU."""
        return [] if only == "gpu" else list(_hosts(path))

    def source(self, name: str, namespace: str) -> _TaskSource:
        """The tasks of the file as a source; reads the file now, so that errors come early."""
        return _TaskSource(name, namespace, read_tasks(self._path), self._params.compress)


def _hosts(path: Path) -> Iterator[TraceNode]:
    try:
        clusters = json.loads(path.read_text(encoding="utf-8"))["clusters"]
        for cluster in clusters:
            for host in cluster["hosts"]:
                cores, memory = int(host["cpu"]["coreCount"]), int(host["memory"]["memorySize"])
                for number in range(int(host.get("count", 1))):
                    name = f"{cluster['name']}-{host['name']}-{number}".lower()
                    yield TraceNode(name, cores * 1_000, memory * MB)
    except (OSError, ValueError, KeyError, TypeError) as error:
        text = f"not a topology of hosts: {type(error).__name__}: {error}"
        raise UserError(Problem(CODE, text, Place(str(path), 1, 1))) from error


def read_tasks(path: Path) -> pl.DataFrame:
    """Tasks in order of submission."""
    import polars as pl

    try:
        tasks = pl.read_parquet(path, columns=_COLUMNS)
    except (OSError, pl.exceptions.PolarsError) as error:
        text = f"cannot be read: {str(error).splitlines()[0]}"
        raise UserError(Problem(CODE, text, Place(str(path), 1, 1))) from error
    if tasks.is_empty() or tasks.null_count().sum_horizontal().item():
        text = "there are no tasks in it, or values are missing"
        raise UserError(Problem(CODE, text, Place(str(path), 1, 1)))
    return tasks.sort("submission_time", "id")


class _TaskSource:
    """One pod a task."""

    gpu_model_sets: Sequence[frozenset[str]] = ()
    drop_unfit = False

    def __init__(self, name: str, namespace: str, tasks: pl.DataFrame, compress: float) -> None:
        self.name, self.namespace = name, namespace
        self._tasks, self._compress = tasks, compress
        labels = {"app": name}
        spec = {"restartPolicy": "Never", "containers": [{"name": "main"}]}
        self.templates: list[Mapping[str, Any]] = [{"metadata": {"labels": labels}, "spec": spec}]

    def __len__(self) -> int:
        return self._tasks.height

    def chunks(self, streams: StreamsLike, horizon_us: int) -> Iterator[PodColumns]:
        """All tasks that are submitted up to and including the horizon."""
        import numpy as np

        tasks = self._tasks
        since = tasks["submission_time"].to_numpy()
        when_us = np.rint((since - since[0]) * (_MS / self._compress)).astype(np.int64)
        arrived = int(np.searchsorted(when_us, horizon_us, side="right"))
        lifetime_us = np.maximum(tasks["duration"].to_numpy() * _MS, 1)
        milli = tasks["cpu_count"].cast(int).to_numpy() * 1_000
        memory = tasks["mem_capacity"].to_numpy() * MB
        names = tasks["id"].cast(str).to_list()
        for rows in slices(arrived):
            n = len(when_us[rows])
            yield PodColumns(
                when_us=when_us[rows],
                template=np.zeros(n, np.int32),
                lifetime_us=lifetime_us[rows].astype(np.int64),
                requests={
                    "cpu": milli[rows].astype(np.int64),
                    "memory": memory[rows].astype(np.int64),
                },
                names=names[rows],
            )
