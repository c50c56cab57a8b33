"""Alibaba's GPU cluster trace of 2023 (openb): nodes and pods with shared GPUs.

Law: every row is a node or a pod, in the order of the file. `pack` fills a cluster: one pod every
100 ms, in file order or shuffled by the seed; nothing departs, and a pod that does not fit is
dropped. `replay` keeps creation times, divided by `compress`, and run times as they were: the
trace is a sample whose real pace leaves the cluster empty (56 pods at most), so that pods arriving
200 to 300 times as often, and staying as long, make a full one.

Mirrors: the CSV files of cluster-trace-gpu-v2023; `gpu_milli` is per device, `gpu_spec` is a list
of allowed models split on `|`.
Departs: a pod runs from its start in the simulation for as long as it ran in the trace (from
creation, if it never started there); QoS and phase are kept as labels and have no effect.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from simk8s.errors import Place, Problem, UserError
from simk8s.scenario.types import Duration, Model
from simk8s.workload.columns import ANY_MODEL, FOREVER, PodColumns, StreamsLike, slices
from simk8s.workload.traces._csv import CODE, Row, read_rows
from simk8s.workload.traces.base import TraceNode

if TYPE_CHECKING:
    import numpy as np

MIB = 1024**2
MAX_PODS = 1001
MODEL_LABEL = "alibabacloud.com/gpu-card-model"
QOS_LABEL = "openb/qos"
_NODE_COLUMNS = ("sn", "cpu_milli", "memory_mib", "gpu", "model")
_POD_COLUMNS = ("name", "cpu_milli", "memory_mib", "num_gpu", "gpu_milli")
_TIME_COLUMNS = ("creation_time", "deletion_time")
_MOST = 2**40
_US = 1_000_000
_LAST_US = 2**62

Mode = Literal["pack", "replay"]


class Params(Model):
    """`replay: {format: openb, path: pods.csv.gz, mode: replay, compress: 250}`"""

    path: str
    mode: Mode = "pack"
    compress: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    shuffle: bool = False
    interval: Duration = 100_000


class Openb:
    """Importer of the openb trace."""

    def __init__(self, params: Params, base: Path = Path()) -> None:
        self._params = params
        self._path = base / params.path

    @staticmethod
    def nodes(path: Path, only: str | None = None) -> list[TraceNode]:
        """The machines of a node list; `only="gpu"` leaves out those without GPUs."""
        seen: set[str] = set()
        found = [_node(row, seen) for row in read_rows(path, _NODE_COLUMNS)]
        if not found:
            raise UserError(Problem(CODE, "the file lists no node", Place(str(path), 1, 1)))
        return [node for node in found if only != "gpu" or node.gpu_count]

    def source(self, name: str, namespace: str) -> _PodSource:
        """The pods of the file as a source; reads the file now, so that errors come early."""
        pods = read_pods(self._path, timed=self._params.mode == "replay")
        return _PodSource(name, namespace, pods, self._params)


def _node(row: Row, seen: set[str]) -> TraceNode:
    name, model = row.name("sn", seen), row.text("model")
    gpus = row.whole("gpu", most=64)
    if gpus and not model:
        row.wrong("model", f"node {name} has GPUs and no `model`")
    return TraceNode(
        name=name,
        cpu_milli=row.whole("cpu_milli", most=_MOST),
        memory_bytes=row.whole("memory_mib", most=_MOST) * MIB,
        gpu_count=gpus,
        gpu_model=model or None,
        max_pods=MAX_PODS,
        labels={MODEL_LABEL: model} if model else {},
    )


@dataclass(slots=True)
class _Pods:
    """The columns of a pod list; times in seconds, lifetime −1 where the file has none."""

    names: list[str] = field(default_factory=list)
    cpu_milli: list[int] = field(default_factory=list)
    memory_bytes: list[int] = field(default_factory=list)
    gpus: list[int] = field(default_factory=list)
    gpu_milli: list[int] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    qos: list[str] = field(default_factory=list)
    created_s: list[int] = field(default_factory=list)
    lifetime_s: list[int] = field(default_factory=list)


def read_pods(path: Path, *, timed: bool) -> _Pods:
    """A pod list; `timed` asks for the columns of times."""
    pods, seen = _Pods(), set[str]()
    for row in read_rows(path, _POD_COLUMNS + (_TIME_COLUMNS if timed else ())):
        pods.names.append(row.name("name", seen))
        pods.cpu_milli.append(row.whole("cpu_milli", most=_MOST))
        pods.memory_bytes.append(row.whole("memory_mib", most=_MOST) * MIB)
        _add_gpus(pods, row)
        pods.qos.append(row.text("qos"))
        created_s, lifetime_s = _times(row) if timed else (0, FOREVER)
        pods.created_s.append(created_s)
        pods.lifetime_s.append(lifetime_s)
    if not pods.names:
        raise UserError(Problem(CODE, "the file lists no pod", Place(str(path), 1, 1)))
    return pods


def _add_gpus(pods: _Pods, row: Row) -> None:
    gpus = row.whole("num_gpu", most=64)
    milli = row.whole("gpu_milli", most=1000)
    if gpus and not milli and row.text("gpu_milli"):
        row.wrong("gpu_milli", "`gpu_milli` is zero although `num_gpu` is not")
    pods.gpus.append(gpus)
    pods.gpu_milli.append(milli if gpus else 0)
    pods.models.append(row.text("gpu_spec") if gpus else "")


def _times(row: Row) -> tuple[int, int]:
    """(creation, run time) in seconds."""
    created = row.whole("creation_time", most=_MOST)
    deleted = row.whole("deletion_time", most=_MOST)
    started = row.maybe("scheduled_time", most=_MOST)
    return created, max(0, deleted - (created if started is None else started))


class _PodSource:
    """The pods of one file. One template a QoS class; requests and GPUs are columns."""

    def __init__(self, name: str, namespace: str, pods: _Pods, params: Params) -> None:
        self.name = name
        self.namespace = namespace
        self.drop_unfit = params.mode == "pack"
        self._pods = pods
        self._params = params
        self._classes = sorted(set(pods.qos))
        self.templates: Sequence[Mapping[str, Any]] = [self._template(q) for q in self._classes]
        self._specs = sorted(set(pods.models) - {""})
        self.gpu_model_sets = [frozenset(spec.split("|")) for spec in self._specs]

    def __len__(self) -> int:
        return len(self._pods.names)

    def _template(self, qos: str) -> Mapping[str, Any]:
        labels = {"app": self.name} | ({QOS_LABEL: qos} if qos else {})
        spec = {"restartPolicy": "Never", "containers": [{"name": "main"}]}
        return {"metadata": {"labels": labels}, "spec": spec}

    def chunks(self, streams: StreamsLike, horizon_us: int) -> Iterator[PodColumns]:
        """All pods that arrive up to and including the horizon."""
        import numpy as np

        order, when_us = self._arrivals(streams)
        arrived = int(np.searchsorted(when_us, horizon_us, side="right"))
        for rows in slices(arrived):
            yield self._chunk(order[rows], when_us[rows])

    def _arrivals(self, streams: StreamsLike) -> tuple[np.ndarray, np.ndarray]:
        """(rows of the file, arrival times) in order of arrival."""
        import numpy as np

        n, params = len(self), self._params
        if params.mode == "pack":
            when_us = np.arange(n, dtype=np.int64) * params.interval
            if not params.shuffle:
                return np.arange(n), when_us
            return streams.get(f"workload/{self.name}/arrivals").permutation(n), when_us
        created = np.array(self._pods.created_s, np.int64)
        order = np.argsort(created, kind="stable")
        since = (created[order] - created[order[0]]) * _US
        return order, _compressed(since, params.compress)

    def _chunk(self, order: np.ndarray, when_us: np.ndarray) -> PodColumns:
        import numpy as np

        pods = self._pods

        def column(values: Sequence[int], dtype: Any) -> np.ndarray:
            found: np.ndarray = np.array(values, dtype)[order]
            return found

        template = {qos: index for index, qos in enumerate(self._classes)}
        model = {spec: index for index, spec in enumerate(self._specs)} | {"": ANY_MODEL}
        return PodColumns(
            when_us=when_us,
            template=column([template[qos] for qos in pods.qos], np.int32),
            lifetime_us=self._lifetimes(order),
            requests={
                "cpu": column(pods.cpu_milli, np.int64),
                "memory": column(pods.memory_bytes, np.int64),
            },
            gpu_count=column(pods.gpus, np.int16),
            gpu_milli=column(pods.gpu_milli, np.int32),
            gpu_models=column([model[spec] for spec in pods.models], np.int32),
            names=[pods.names[row] for row in order.tolist()],
        )

    def _lifetimes(self, order: np.ndarray) -> np.ndarray:
        import numpy as np

        if self._params.mode == "pack":
            return np.full(len(order), FOREVER, np.int64)
        seconds = np.array(self._pods.lifetime_s, np.int64)[order]
        found: np.ndarray = np.maximum(1, seconds * _US)
        return found


def _compressed(times_us: np.ndarray, factor: float) -> np.ndarray:
    """Whole microseconds; one rounded division is the same on every CPU."""
    import numpy as np

    found: np.ndarray = np.rint(np.minimum(times_us / factor, _LAST_US)).astype(np.int64)
    return found
