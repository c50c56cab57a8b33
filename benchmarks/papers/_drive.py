"""One strategy over one order of arrival, without a control plane: propose, charge, next pod.

The strategies are those of simk8s, filters and all; a pod that fits nowhere is dropped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.papers._openb import NodeRow, PodRow
from simk8s import catalog
from simk8s.kernel.streams import Streams
from simk8s.placement.base import Query
from simk8s.placement.view import View
from simk8s.state.cluster import Cluster
from simk8s.state.nodes import NodeSpec
from simk8s.state.pods import Phase
from simk8s.state.requests import GpuRequest
from simk8s.state.resources import CPU, GPU, MEMORY, PODS
from simk8s.strategies._typical_params import Params as TypicalParams
from simk8s.strategies._typical_params import TypicalPod
from simk8s.strategies.base import Context, Strategy

MAX_PODS, MIB = 1001, 1 << 20
_TEMPLATE = {"spec": {"containers": [{"name": "main"}]}}


@dataclass(frozen=True, slots=True)
class Driven:
    """What became of each pod: its node's name and devices, "" where it was dropped."""

    pods: Sequence[PodRow]
    nodes: Sequence[str]
    devices: Sequence[str]

    def curve(self, capacity: int) -> dict[int, float]:
        """Allocated GPUs in percent by percent arrived, as the paper draws it: the mean over the
        pods that fall on that percent, each rounded to hundredths.
        """
        points: dict[int, list[float]] = {}
        arrived = used = 0
        for pod, node in zip(self.pods, self.nodes, strict=True):
            arrived += pod.gpu_milli
            used += pod.gpu_milli if node else 0
            points.setdefault(round(100 * arrived / capacity), []).append(
                round(100 * used / capacity, 2)
            )
        return {x: sum(ys) / len(ys) for x, ys in points.items()}


def drive(
    name: str,
    params: Mapping[str, Any],
    pods: Sequence[PodRow],
    nodes: Sequence[NodeRow],
    listed: Sequence[PodRow],
    seed: int,
) -> Driven:
    """Place the pods one after the other; `listed` is what typical pods are counted from."""
    cluster = Cluster()
    for node in nodes:
        cluster.nodes.add(_spec(node))
    context = Context(View(cluster), Streams(seed).get("strategy"))
    strategy = _strategy(name, params, listed, context)
    template = cluster.templates.parse(_TEMPLATE, "default")
    requests = {pod: _requests(cluster, pod) for pod in dict.fromkeys(pods)}
    workload = cluster.workload("openb")
    asked = [requests[pod] for pod in pods]
    rows = cluster.pods.extend(
        len(pods),
        template=template.id,
        requests=np.array([one.id for one in asked]),
        workload=workload,
        ordinal=np.arange(len(pods)),
        phase=Phase.PENDING,
        created_us=0,
    )
    placed, devices, full = [], [], set[int]()
    for row, one in zip(rows, asked, strict=True):
        plan = None if one.id in full else strategy.propose([Query(row, template, one, 0)], 0)
        if plan is None or not plan.assignments:
            # Nothing departs: what fitted nowhere once never will.
            full.add(one.id)
            placed.append("")
            devices.append("")
            continue
        chosen = plan.assignments[0]
        mask = chosen.devices
        if mask is None:
            mask = cluster.nodes.choose_devices(chosen.node, one) or 0
        cluster.charge(row, chosen.node, mask)
        placed.append(nodes[chosen.node].name)
        devices.append("-".join(str(d) for d in range(mask.bit_length()) if mask >> d & 1))
    return Driven(pods, placed, devices)


def _spec(node: NodeRow) -> NodeSpec:
    amounts = {CPU: node.cpu, MEMORY: node.memory_mib * MIB, PODS: MAX_PODS, GPU: 1000 * node.gpus}
    return NodeSpec(node.name, {}, amounts, gpu_count=node.gpus, gpu_model=node.model)


def _requests(cluster: Cluster, pod: PodRow) -> Any:
    gpu = GpuRequest(pod.gpus, pod.milli, frozenset(pod.models) or None)
    return cluster.requests.intern((pod.cpu, pod.memory_mib * MIB), gpu=gpu)


def _strategy(
    name: str, params: Mapping[str, Any], listed: Sequence[PodRow], context: Context
) -> Strategy:
    made: type[Strategy] = catalog.resolve("strategies", name)
    model = catalog.params_of("strategies", name)
    if model is TypicalParams:
        return made(model(typical=typical(listed), **params), context)
    return made(model(**params), context)


def typical(listed: Sequence[PodRow]) -> list[TypicalPod]:
    """The shapes of a pod list and how many pods have each, in the order of the list."""
    counts = Counter((p.cpu, p.gpus, p.milli or 1000, p.models) for p in listed)
    return [
        TypicalPod(cpu=f"{cpu}m", gpus=gpus, gpu_milli=milli, gpu_models=models, count=count)
        for (cpu, gpus, milli, models), count in counts.items()
    ]
