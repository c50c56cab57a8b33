"""Writes the tables that are a picture of the end: pods, nodes.

Law: columns come from state/ in row order, pods that were never created are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from simk8s.record.recorder import Recorder
from simk8s.record.writer import nullable, picked
from simk8s.schema.enums import LossCause, PodPhase
from simk8s.simulation.stays import asked, stays_of
from simk8s.state.cluster import Cluster
from simk8s.state.pods import NEVER, Loss, Phase
from simk8s.state.resources import CPU, GPU, MEMORY, PODS

if TYPE_CHECKING:
    from simk8s.nodes.machines import Machines

PODS_READ = (
    "template", "requests", "workload", "owner", "priority", "node", "phase", "loss", "attempts",
    "restarts", "created_us", "scheduled_us", "bound_us", "seen_us", "pulled_us", "started_us",
    "running_us", "ready_us", "finished_us", "deletion_us", "lost_work_us",
)  # fmt: skip
_PHASES: dict[Phase | str, PodPhase] = {
    Phase.PENDING: PodPhase.PENDING,
    Phase.RUNNING: PodPhase.RUNNING,
    Phase.SUCCEEDED: PodPhase.SUCCEEDED,
    Phase.FAILED: PodPhase.FAILED,
    Phase.GONE: PodPhase.DELETED,
    "dropped": PodPhase.DROPPED,
    "terminating": PodPhase.TERMINATING,
    "refused": PodPhase.REFUSED,
}
CAUSES = {
    Loss.NODE_CRASH: LossCause.NODE_CRASH,
    Loss.TAINT_EVICTION: LossCause.TAINT_EVICTION,
    Loss.PREEMPTION: LossCause.PREEMPTION,
    Loss.NODE_DELETED: LossCause.NODE_REMOVED,
    Loss.DRAIN: LossCause.DRAIN,
    Loss.DESCHEDULED: LossCause.DESCHEDULED,
    Loss.NODE_PRESSURE: LossCause.NODE_PRESSURE,
    Loss.REJECTED: LossCause.REJECTED,
}
_REASONS = {
    Loss.NODE_CRASH: "NodeLost",
    Loss.TAINT_EVICTION: "TaintManagerEviction",
    Loss.PREEMPTION: "Preempted",
    Loss.NODE_DELETED: "NodeDeleted",
    Loss.DROPPED: "Unschedulable",
    Loss.DRAIN: "Evicted",
    Loss.DESCHEDULED: "Evicted",
    Loss.NODE_PRESSURE: "Evicted",
}

_OF_THE_POD = frozenset(("secret", "configMap", "downwardAPI", "emptyDir", "projected"))
"""Volume sources of a stateless pod as the startup SLO counts it, and projections of those."""


def write_pods(cluster: Cluster, recorder: Recorder) -> None:
    """One row for every pod that was created."""
    pods = cluster.pods
    rows = np.flatnonzero(pods.column("phase") != Phase.UNBORN)
    column = {name: pods.column(name)[rows] for name in PODS_READ}
    values = cluster.requests.matrix()[column["requests"]]
    node, loss = column["node"], column["loss"]
    specs = cluster.nodes.specs
    recorder.pods.extend(
        {
            "pod": rows,
            "namespace": picked([t.namespace for t in cluster.templates.items], column["template"]),
            "name": _names(cluster, rows, column["workload"]),
            "workload": picked(cluster.workloads, column["workload"]),
            "owner": picked(cluster.owners, column["owner"]),
            "priority": column["priority"],
            "cpu_milli": values[:, CPU],
            "memory_bytes": values[:, MEMORY],
            "gpu_milli": values[:, GPU],
            "node": picked([spec.name for spec in specs], node),
            "zone": picked([spec.zone for spec in specs], node),
            "created_us": column["created_us"],
            "scheduled_us": nullable(column["scheduled_us"], NEVER),
            "bound_us": nullable(column["bound_us"], NEVER),
            "seen_us": nullable(column["seen_us"], NEVER),
            "pulled_us": nullable(column["pulled_us"], NEVER),
            "started_us": nullable(column["started_us"], NEVER),
            "running_us": nullable(column["running_us"], NEVER),
            "ready_us": nullable(column["ready_us"], NEVER),
            "finished_us": nullable(column["finished_us"], NEVER),
            "phase": picked(list(_PHASES.values()), _phases(cluster, rows, column)),
            "reason": _reasons(cluster, rows, loss),
            "attempts": column["attempts"],
            "restarts": column["restarts"],
            "lost_cause": picked([CAUSES.get(one) for one in Loss], loss),
            "lost_work_us": column["lost_work_us"],
            "stateful": _stateful(cluster)[column["template"]],
            "image_pull_us": pods.column("image_pull_us")[rows],
            "init_us": pods.column("init_us")[rows],
        }
    )


def _names(
    cluster: Cluster, rows: NDArray[np.intp], workload: NDArray[Any]
) -> pl.Series | list[str]:
    """`Cluster.name_of` of every row: of most pods workload and ordinal, of some a given one."""
    pods = cluster.pods
    ordinals = pl.Series(pods.column("ordinal")[rows]).cast(pl.String)
    made: pl.Series = picked(cluster.workloads, workload) + "-" + ordinals
    if not pods.names:
        return made
    given = pods.names
    return [given.get(pod, name) for pod, name in zip(rows.tolist(), made.to_list(), strict=True)]


def _reasons(cluster: Cluster, rows: NDArray[np.intp], loss: NDArray[Any]) -> pl.Series:
    """As the API would show them: what the loss is called, else what kubelet said; of a refused
    pod what the API server said.
    """
    texts = [_REASONS.get(one) for one in Loss]
    codes = loss.astype(np.int64)
    said: dict[int, str] = {**cluster.pods.reasons, **cluster.pods.refusals}
    for pod in sorted(said):
        place = int(np.searchsorted(rows, pod))
        named = place < len(rows) and rows[place] == pod
        if named and (texts[codes[place]] is None or loss[place] == Loss.FORBIDDEN):
            codes[place] = len(texts)
            texts.append(said[pod])
    return picked(texts, codes)


def _phases(
    cluster: Cluster, rows: NDArray[np.intp], column: Mapping[str, NDArray[Any]]
) -> NDArray[np.intp]:
    """Positions in `_PHASES`."""
    place = {phase: i for i, phase in enumerate(_PHASES)}
    phase = column["phase"]
    codes: NDArray[np.intp] = np.array([place.get(one, -1) for one in Phase])[phase]
    codes[(phase == Phase.GONE) & (column["loss"] == Loss.DROPPED)] = place["dropped"]
    codes[(phase == Phase.GONE) & (column["loss"] == Loss.FORBIDDEN)] = place["refused"]
    for pod, ended in cluster.pods.collected.items():
        codes[np.searchsorted(rows, pod)] = place[ended]
    alive = (phase == Phase.PENDING) | (phase == Phase.RUNNING)
    codes[alive & (column["deletion_us"] != NEVER)] = place["terminating"]
    return codes


def write_nodes(
    cluster: Cluster,
    machines: Machines,
    recorder: Recorder,
    joined: list[int],
    now_us: int,
    removed: Mapping[int, int] | None = None,
) -> None:
    """One row a node, with time-weighted shares counted from its pods' stays."""
    nodes = cluster.nodes
    left = removed or {}
    until = np.array([left.get(row, now_us) for row in range(len(joined))], np.int64)
    shares, peak, started = _stays(cluster, np.array(joined, np.int64), until, now_us)
    cpu, memory, pods = nodes.allocatable[[CPU, MEMORY, PODS]].tolist()
    columns = zip(*shares.tolist(), peak.tolist(), started.tolist(), strict=True)
    for row, (spec, held) in enumerate(zip(nodes.specs, columns, strict=True)):
        cpu_share, memory_share, gpu_share, most, bound = held
        recorder.nodes.append(
            (
                row,
                spec.name,
                spec.profile,
                spec.zone,
                cpu[row],
                memory[row],
                spec.gpu_count,
                spec.gpu_model or None,
                pods[row],
                spec.price_per_hour,
                joined[row],
                left.get(row),
                machines.crashes[row],
                machines.down_us(row),
                cpu_share,
                memory_share,
                gpu_share if spec.gpu_count else None,
                most,
                bound,
            )
        )


def _stays(
    cluster: Cluster, joined: NDArray[np.int64], left: NDArray[np.int64], now_us: int
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Per node: mean share of cpu, memory, GPU; most pods at once; pods bound."""
    nodes, stays = cluster.nodes, stays_of(cluster, left, now_us)
    shares = np.zeros((3, nodes.n))
    lived = np.maximum(left - joined, 1)
    for line, resource in enumerate((CPU, MEMORY, GPU)):
        held = asked(cluster, stays, resource).astype(np.float64) * stays.lasted
        used = np.bincount(stays.node, weights=held, minlength=nodes.n)
        whole = np.maximum(nodes.allocatable[resource], 1) * lived.astype(np.float64)
        shares[line] = used / whole
    started = np.bincount(stays.node, minlength=nodes.n)
    return shares, _peaks(stays.node, stays.start, stays.end, nodes.n), started


def _peaks(
    node: NDArray[np.int64], start: NDArray[np.int64], end: NDArray[np.int64], n: int
) -> NDArray[np.int64]:
    """Most simultaneous stays per node; at one instant, ends come first."""
    width = int(end.max(initial=0)) + 1
    starts, ends = np.sort(node * width + start), np.sort(node * width + end)
    # Of the nodes before, as many stays have ended as have begun.
    level = np.arange(1, len(starts) + 1) - np.searchsorted(ends, starts, "right")
    peak = np.zeros(n, np.int64)
    np.maximum.at(peak, starts // width, level)
    return peak


def _stateful(cluster: Cluster) -> NDArray[np.bool_]:
    """By template: whether its pods mount anything that is not made for them alone."""
    sources = ({key for v in t.volumes for key in v} for t in cluster.templates.items)
    return np.array([bool(keys - _OF_THE_POD - {"name"}) for keys in sources], np.bool_)
