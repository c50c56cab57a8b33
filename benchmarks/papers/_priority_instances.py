"""Instances of "Priority Matters" (arXiv 2511.08373), and where the default scheduler puts them.

ReplicaSets of 1–4 replicas, 100–1000 mCPU and 100–1000 MB a pod, drawn from streams of a seed as
the authors' generator draws them; identical nodes sized so that the sum of the requests is the
wanted share of the capacity.

The default: our `kube_scheduler`, pod after pod in the order in which the ReplicaSets are made,
ties by name, every node looked at, no preemption. Nothing leaves, so that a pod which finds no
room never will. Departs from the published default: which of several equal nodes is taken
(the published runs broke ties in another way, so seeds that qualify there may not here).
"""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from simk8s.kernel.streams import Streams
from simk8s.packing.problem import Problem
from simk8s.placement.base import Query
from simk8s.placement.view import View
from simk8s.state.cluster import Cluster
from simk8s.state.nodes import NodeSpec
from simk8s.state.pods import NEVER, Phase
from simk8s.state.resources import CPU, GPU, MEMORY, PODS
from simk8s.state.selectors import LabelSelector
from simk8s.strategies.base import Context
from simk8s.strategies.kube_scheduler import KubeScheduler, Params

CPU_M, MEMORY_B, REPLICAS = (100, 1_000), (100_000_000, 1_000_000_000), (1, 4)


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """One combination of the grid; `usage` in per cent, `seconds` for the solver."""

    nodes: int
    per_node: int
    usage: int
    seconds: int
    priorities: int = 4

    @property
    def pods(self) -> int:
        return self.nodes * self.per_node

    def __str__(self) -> str:
        return f"{self.nodes}×{self.per_node}@{self.usage}"


@dataclass(frozen=True, slots=True)
class ReplicaSet:
    """One line of an instance."""

    replicas: int
    cpu_m: int
    memory_b: int
    priority: int


@dataclass(frozen=True, slots=True)
class Instance:
    """ReplicaSets in the order in which they are made, and the size of a node."""

    sets: tuple[ReplicaSet, ...]
    cpu_m: int
    memory_b: int


def stream(seed: int, label: str) -> random.Random:
    """The stream of that label."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(seed.to_bytes(16, "big") + b"\0" + label.encode())
    return random.Random(int.from_bytes(digest.digest(), "big"))


def _sizes(draws: random.Random, pods: int) -> list[int]:
    least, most = REPLICAS
    sizes: list[int] = []
    while pods:
        sizes.append(draws.randint(1 if pods <= most else least, min(most, pods)))
        pods -= sizes[-1]
    return sizes


def instance(cell: Cell, seed: int) -> Instance:
    """The instance of a cell and seed."""
    sizes = _sizes(stream(seed, "rs-sizes"), cell.pods)
    cpu, memory = stream(seed, "rs-cpu"), stream(seed, "rs-mem")
    cpus = [cpu.randint(*CPU_M) for _ in sizes]
    memories = [memory.randint(*MEMORY_B) for _ in sizes]
    base = stream(seed, "base")
    sets = tuple(
        ReplicaSet(size, c, m, base.randint(1, cell.priorities))
        for size, c, m in zip(sizes, cpus, memories, strict=True)
    )

    def node(each: list[int]) -> int:
        asked = sum(size * one for size, one in zip(sizes, each, strict=True))
        whole = math.ceil(asked / (cell.usage / 100))
        return max(max(each), math.ceil(whole / cell.nodes))

    return Instance(sets, node(cpus), node(memories))


def default_placement(cell: Cell, made: Instance) -> list[list[int]]:
    """Node of every pod (or −1), by ReplicaSet."""
    cluster = Cluster()
    for i in range(cell.nodes):
        name = f"kwok-node-{i + 1}"
        has = {CPU: made.cpu_m, MEMORY: made.memory_b, PODS: cell.pods, GPU: 0}
        cluster.nodes.add(NodeSpec(name, {"kubernetes.io/hostname": name}, has))
    params = Params(ties="lowest_name", percentage_of_nodes_to_score=100)
    context = Context(View(cluster), Streams(0).get("strategy"))
    scheduler = KubeScheduler(params, context)
    workload, found = cluster.workload("pods"), []
    for number, each in enumerate(made.sets, 1):
        name = f"rs-{number:02d}-p{each.priority}"
        found.append(_place(cluster, scheduler, workload, name, each))
    return found


def _place(
    cluster: Cluster, scheduler: KubeScheduler, workload: int, name: str, each: ReplicaSet
) -> list[int]:
    requests = {"cpu": f"{each.cpu_m}m", "memory": str(each.memory_b)}
    container = {"name": "a", "image": "a", "resources": {"requests": requests}}
    spec = {"containers": [container], "priority": each.priority}
    labels = {"app": name}
    template = cluster.templates.parse({"metadata": {"labels": labels}, "spec": spec}, "test")
    cluster.objects.put_controller("ReplicaSet", "test", name, LabelSelector.of(labels))
    owner, nodes = cluster.owner(f"ReplicaSet/{name}"), []
    for _ in range(each.replicas):
        pod = cluster.pods.extend(
            1,
            template=template.id,
            requests=template.requests.id,
            priority=each.priority,
            workload=workload,
            owner=owner,
            ordinal=len(cluster.pods),
            phase=Phase.PENDING,
            created_us=0,
        ).start
        query = Query(pod, template, template.requests, each.priority)
        chosen = scheduler.propose([query], 0).assignments
        if chosen:
            cluster.charge(pod, chosen[0].node, 0)
        nodes.append(chosen[0].node if chosen else NEVER)
    return nodes


def problem(cell: Cell, made: Instance, placement: list[list[int]]) -> Problem:
    """The same as arrays: a group for each ReplicaSet."""
    running = np.zeros((len(made.sets), cell.nodes), np.int64)
    for g, nodes in enumerate(placement):
        for node in nodes:
            if node != NEVER:
                running[g, node] += 1
    counts = np.array([each.replicas for each in made.sets], np.int64)
    return Problem(
        requests=np.array([(s.cpu_m, s.memory_b) for s in made.sets], np.int64),
        priority=np.array([s.priority for s in made.sets], np.int64),
        pending=counts - running.sum(axis=1),
        running=running,
        capacity=np.repeat(np.array([[made.cpu_m], [made.memory_b]], np.int64), cell.nodes, axis=1),
    )


def qualifying(cell: Cell, most: int) -> Iterator[tuple[int, Problem]]:
    """The first seeds, from 1 on, with which the default leaves a pod pending."""
    seed = found = 0
    while found < most:
        seed += 1
        made = instance(cell, seed)
        packed = problem(cell, made, default_placement(cell, made))
        if packed.pending.any():
            found += 1
            yield seed, packed
