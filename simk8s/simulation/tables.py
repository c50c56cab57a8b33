"""Writes the tables that are a picture of the end: pods, nodes.

Law: columns come from state/ in row order, pods that were never created are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simk8s.record.recorder import Recorder
from simk8s.schema.enums import LossCause, PodPhase
from simk8s.state.cluster import Cluster
from simk8s.state.pods import NEVER, Loss, Phase
from simk8s.state.resources import CPU, GPU, MEMORY, PODS

if TYPE_CHECKING:
    from simk8s.nodes.machines import Machines

_PHASES = {
    Phase.PENDING: PodPhase.PENDING,
    Phase.RUNNING: PodPhase.RUNNING,
    Phase.SUCCEEDED: PodPhase.SUCCEEDED,
    Phase.FAILED: PodPhase.FAILED,
    Phase.GONE: PodPhase.DELETED,
}
_CAUSES = {
    Loss.NODE_CRASH: LossCause.NODE_CRASH,
    Loss.TAINT_EVICTION: LossCause.TAINT_EVICTION,
    Loss.PREEMPTION: LossCause.PREEMPTION,
    Loss.NODE_DELETED: LossCause.NODE_REMOVED,
    Loss.DRAIN: LossCause.DRAIN,
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
    Loss.NODE_PRESSURE: "Evicted",
}


def write_pods(cluster: Cluster, recorder: Recorder) -> None:
    """One row for every pod that was created."""
    pods, append = cluster.pods, recorder.pods.append
    specs = cluster.nodes.specs
    for pod, phase in enumerate(pods.phase):
        if phase == Phase.UNBORN:
            continue
        node, loss = pods.node[pod], Loss(pods.loss[pod])
        values = cluster.requests_of(pod).values
        append(
            (
                pod,
                cluster.template_of(pod).namespace,
                cluster.name_of(pod),
                cluster.workloads[pods.workload[pod]],
                cluster.owner_name(pods.owner[pod]),
                pods.priority[pod],
                values[CPU],
                values[MEMORY],
                values[GPU],
                None if node == NEVER else specs[node].name,
                None if node == NEVER else specs[node].zone,
                pods.created_us[pod],
                _when(pods.scheduled_us[pod]),
                _when(pods.bound_us[pod]),
                _when(pods.running_us[pod]),
                _when(pods.finished_us[pod]),
                _phase(phase, loss, pods.deletion_us[pod]),
                _REASONS.get(loss),
                pods.attempts[pod],
                pods.restarts[pod],
                _CAUSES.get(loss),
                pods.lost_work_us[pod],
            )
        )


def _when(t_us: int) -> int | None:
    return None if t_us == NEVER else t_us


def _phase(phase: int, loss: Loss, deletion_us: int) -> PodPhase:
    if phase == Phase.GONE and loss is Loss.DROPPED:
        return PodPhase.DROPPED
    if phase in (Phase.PENDING, Phase.RUNNING) and deletion_us != NEVER:
        return PodPhase.TERMINATING
    return _PHASES[Phase(phase)]


def write_nodes(
    cluster: Cluster, machines: Machines, recorder: Recorder, joined: list[int], now_us: int
) -> None:
    """One row a node, with time-weighted shares counted from its pods' stays."""
    nodes = cluster.nodes
    shares, peak, started = _stays(cluster, np.array(joined, np.int64), now_us)
    for row, spec in enumerate(nodes.specs):
        append_share = [float(shares[line, row]) for line in range(3)]
        recorder.nodes.append(
            (
                row,
                spec.name,
                spec.profile,
                spec.zone,
                int(nodes.allocatable[CPU, row]),
                int(nodes.allocatable[MEMORY, row]),
                spec.gpu_count,
                spec.gpu_model or None,
                int(nodes.allocatable[PODS, row]),
                spec.price_per_hour,
                joined[row],
                None,
                machines.crashes[row],
                machines.down_us(row),
                append_share[0],
                append_share[1],
                append_share[2] if spec.gpu_count else None,
                int(peak[row]),
                int(started[row]),
            )
        )


def _stays(
    cluster: Cluster, joined: NDArray[np.int64], now_us: int
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Per node: mean share of cpu, memory, GPU; most pods at once; pods bound."""
    pods, nodes = cluster.pods, cluster.nodes
    rows = np.flatnonzero(pods.column("node") != NEVER)
    node = pods.column("node")[rows].astype(np.int64)
    start = pods.column("bound_us")[rows]
    finish = pods.column("finished_us")[rows]
    end = np.where(finish == NEVER, now_us, finish)
    ids = pods.column("requests")[rows]
    table = cluster.requests.items
    shares = np.zeros((3, nodes.n))
    lived = np.maximum(now_us - joined, 1)
    for line, resource in enumerate((CPU, MEMORY, GPU)):
        asked = np.array([r.values[resource] for r in table] or [0], np.float64)[ids]
        used = np.bincount(node, weights=asked * (end - start), minlength=nodes.n)
        whole = np.maximum(nodes.allocatable[resource], 1) * lived.astype(np.float64)
        shares[line] = used / whole
    started = np.bincount(node, minlength=nodes.n)
    return shares, _peaks(node, start, end, nodes.n), started


def _peaks(
    node: NDArray[np.int64], start: NDArray[np.int64], end: NDArray[np.int64], n: int
) -> NDArray[np.int64]:
    """Most simultaneous stays per node; at one instant, ends come first."""
    at = np.concatenate([start, end])
    where = np.concatenate([node, node])
    change = np.concatenate([np.ones(len(node), np.int64), -np.ones(len(node), np.int64)])
    order = np.lexsort((change, at, where))
    level = np.cumsum(change[order])
    peak = np.zeros(n, np.int64)
    np.maximum.at(peak, where[order], level)
    return peak
