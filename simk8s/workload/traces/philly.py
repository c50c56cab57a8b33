"""Microsoft's Philly trace of 2017: deep-learning jobs of virtual clusters that share GPUs.

Law: a row is a job. A job of n GPUs is ceil(n/8) pods, all of 8 GPUs but the last, in one group
(`schedulingGroup`, and the annotation `simk8s.io/gang-size`, which strategies of gangs read and
which makes a PodGroup where the gate GangScheduling is on); it is submitted when it was, and runs
as long as it did. Time zero is the first job between `from` and `until` (whole days, both
included), of whatever virtual cluster, so that entries of several virtual clusters are one trace.

Mirrors: philly.csv (timestamp, duration, num_gpus, gpu_time, cluster) of msr-fiddle/philly-traces.
Departs: the trace gives how long a job held its GPUs, with no retries; a pod asks for GPUs alone,
since CPU and memory are not in the file. The GPUs of a node are 8 (Philly had some nodes of 2).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from simk8s.errors import Place, Problem, UserError
from simk8s.scenario.types import Model
from simk8s.state.podgroups import GANG_SIZE
from simk8s.workload.columns import ANY_MODEL, PodColumns, StreamsLike, slices
from simk8s.workload.traces._csv import CODE
from simk8s.workload.traces._philly_jobs import Job, read_jobs
from simk8s.workload.traces.base import TraceNode

if TYPE_CHECKING:
    import numpy as np

_US = 1_000_000


class Params(Model):
    """`replay: {format: philly, path: philly.csv.gz, cluster: 6214e9, from: 2017-09-25}`"""

    path: str
    # One virtual cluster; all of them if it is left out.
    cluster: str | None = None
    # First and last day of submission, as 2017-09-25.
    from_: date | None = Field(default=None, alias="from")
    until: date | None = None
    # Jobs are submitted so many times as often; they run as long as they did.
    compress: float = Field(default=1.0, gt=0, allow_inf_nan=False)


class Philly:
    """Importer of the Philly trace."""

    def __init__(self, params: Params, base: Path = Path()) -> None:
        self._params = params
        self._path = base / params.path

    @staticmethod
    def nodes(path: Path, only: str | None = None) -> list[TraceNode]:
        """The file lists jobs alone."""
        text, hint = (
            "the Philly trace lists no nodes",
            "write `- {count: 88, capacity: {gpu: 8, …}}`",
        )
        raise UserError(Problem(CODE, text, Place(str(path), 1, 1), hint))

    def source(self, name: str, namespace: str) -> _JobSource:
        """The jobs of the file as a source; reads the file now, so that errors come early."""
        params = self._params
        jobs = read_jobs(self._path, params.from_, params.until)
        return _JobSource(name, namespace, jobs, params.cluster, params.compress)


class _JobSource:
    """The jobs of one virtual cluster, or of all. A template for pods of jobs of one pod, and one
    for each gang, which it names.
    """

    gpu_model_sets: Sequence[frozenset[str]] = ()
    drop_unfit = False

    def __init__(
        self, name: str, namespace: str, jobs: Sequence[Job], cluster: str | None, compress: float
    ) -> None:
        self.name, self.namespace = name, namespace
        self._start_s, self._compress = jobs[0].submitted_s, compress
        self.templates: list[Mapping[str, Any]] = [self._template()]
        self._rows: list[tuple[int, int, int, int, str]] = []
        """(submitted, duration, GPUs, template, name) of each pod."""
        for number, job in enumerate(jobs):
            if cluster is None or job.cluster == cluster:
                self._add(number, job)

    def __len__(self) -> int:
        return len(self._rows)

    def _template(self, group: str = "", size: int = 1) -> Mapping[str, Any]:
        meta: dict[str, Any] = {"labels": {"app": self.name}}
        spec: dict[str, Any] = {"restartPolicy": "Never", "containers": [{"name": "main"}]}
        if group:
            meta["annotations"] = {GANG_SIZE: str(size)}
            spec["schedulingGroup"] = {"podGroupName": group}
        return {"metadata": meta, "spec": spec}

    def _add(self, number: int, job: Job) -> None:
        name, pods = f"job-{number}", job.pods
        template = 0
        if len(pods) > 1:
            template = len(self.templates)
            self.templates.append(self._template(name, len(pods)))
        for index, gpus in enumerate(pods):
            own = name if len(pods) == 1 else f"{name}-{index}"
            self._rows.append((job.submitted_s, job.duration_s, gpus, template, own))

    def chunks(self, streams: StreamsLike, horizon_us: int) -> Iterator[PodColumns]:
        """All pods of jobs that are submitted up to and including the horizon."""
        import numpy as np

        rows = self._rows
        table = np.array([row[:4] for row in rows], np.int64).reshape(-1, 4)
        since: np.ndarray = (table[:, 0] - self._start_s) * _US
        when_us = np.rint(since / self._compress).astype(np.int64)
        arrived = int(np.searchsorted(when_us, horizon_us, side="right"))
        for part in slices(arrived):
            own = table[part]
            yield PodColumns(
                when_us=when_us[part],
                template=own[:, 3].astype(np.int32),
                lifetime_us=np.maximum(own[:, 1] * _US, 1),
                gpu_count=own[:, 2].astype(np.int16),
                gpu_milli=np.full(len(own), 1000, np.int32),
                gpu_models=np.full(len(own), ANY_MODEL, np.int32),
                names=[row[4] for row in rows[part]],
            )
