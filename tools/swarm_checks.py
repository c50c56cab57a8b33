"""What has to hold in a swarm's world: while it runs (budgets) and when its faults are over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from simk8s.controllers import _taints as taints
from simk8s.simulation.build import World
from simk8s.state.budgets import BUDGETS
from simk8s.state.cluster import TERMINAL
from simk8s.state.daemonsets import DAEMONSETS
from simk8s.state.deployments import DEPLOYMENTS
from simk8s.state.pods import GONE, NEVER, PENDING, RUNNING, UNBORN, Loss
from simk8s.state.statefulsets import STATEFULSETS
from simk8s.state.workloads import JOBS, REPLICASETS

GRACE_US = 40_000_000
"""What an eviction may not know of yet: the disruption controller is told, and may be dead."""


class Watch:
    """Looks at every eviction that is granted."""

    def __init__(self, world: World) -> None:
        self.broken: list[str] = []
        self._world = world
        self._delete = world.store.delete_pod
        world.store.delete_pod = self._deleted  # type: ignore[method-assign]
        self._deleted.__func__.request = self._delete.request  # type: ignore[attr-defined]

    def _deleted(self, pod: int, grace_us: int | None = None, loss: Loss = Loss.NONE) -> bool:
        if loss is Loss.DRAIN:
            self._look(pod)
        return self._delete(pod, grace_us, loss)

    def _look(self, pod: int) -> None:
        cluster = self._world.cluster
        pods, template = cluster.pods, cluster.template_of(pod)
        if pods.phase[pod] != RUNNING or not pods.ready[pod] or pods.deletion_us[pod] != NEVER:
            return
        for key, stored in self._world.store.objects(BUDGETS).items():
            if not stored.value.selector.matches(template.labels):
                continue
            here = [p for p in range(len(pods)) if self._counts(p, stored.value.selector)]
            ready = sum(pods.ready[p] and pods.deletion_us[p] == NEVER for p in here)
            wanted = stored.value.status.desired
            if ready - 1 < wanted and not any(self._news(p) for p in here):
                words = f"{ready} ready, {wanted} wanted"
                self.broken.append(f"{key} violated by an eviction of pod {pod}: {words}")

    def _counts(self, pod: int, selector: Any) -> bool:
        pods = self._world.cluster.pods
        if pods.phase[pod] == UNBORN:
            return False
        return bool(selector.matches(self._world.cluster.template_of(pod).labels))

    def _news(self, pod: int) -> bool:
        """Whether a pod has been lost or unready for so short that it may not be known."""
        pods, now_us = self._world.cluster.pods, self._world.clock.now_us
        grace_us = self._world.cluster.template_of(pod).grace_us
        last_us = max(
            pods.ready_since_us[pod],
            pods.finished_us[pod],
            pods.deletion_us[pod] - grace_us if pods.deletion_us[pod] != NEVER else NEVER,
        )
        evicted = pods.loss[pod] == Loss.DRAIN
        return last_us != NEVER and now_us - last_us < GRACE_US and not evicted


def unwell(world: World) -> Iterator[str]:
    """What is still wrong, in words."""
    yield from _nodes(world)
    yield from _pods(world)
    yield from _owners(world)


def _nodes(world: World) -> Iterator[str]:
    nodes, store = world.cluster.nodes, world.store
    for row in range(nodes.n):
        name = nodes.specs[row].name
        if not nodes.exists[row]:
            continue
        if not store.ready[row]:
            yield f"{name} is not ready"
        ours = (*taints.CONDITIONS, taints.UNREACHABLE_EXECUTE, taints.NOT_READY_EXECUTE)
        for taint in nodes.specs[row].taints:
            if taint in ours:
                yield f"{name} is still tainted: {taint.key}"
        if row in store.pressures.of:
            yield f"{name} is still under pressure"
        if (nodes.free[:, row] < 0).any():
            yield f"{name} is overcommitted"


def _pods(world: World) -> Iterator[str]:
    pods, exists = world.cluster.pods, world.cluster.nodes.exists
    for pod in range(len(pods)):
        phase, node = pods.phase[pod], pods.node[pod]
        if phase in (UNBORN, GONE):
            continue
        owner = world.cluster.owner_name(pods.owner[pod]) or "nobody"
        who = f"pod {pod} of {owner}"
        if pods.deletion_us[pod] != NEVER:
            yield f"{who} is still leaving"
        elif phase == PENDING:
            why = pods.reasons.get(pod, "")
            yield f"{who} is pending on {'no node' if node == NEVER else node} {why}"
        elif phase == RUNNING and not pods.ready[pod]:
            yield f"{who} is not ready on {node} {pods.reasons.get(pod, '')}"
        if phase not in TERMINAL and node != NEVER and not exists[node]:
            yield f"{who} is on a node that does not exist"


def _alive(world: World, owners: Iterable[int]) -> list[int]:
    pods, wanted = world.cluster.pods, set(owners)
    return [
        pod
        for pod in range(len(pods))
        if pods.owner[pod] in wanted and pods.phase[pod] in (PENDING, RUNNING)
    ]


def _owners(world: World) -> Iterator[str]:
    store, pods = world.store, world.cluster.pods
    for key, stored in store.objects(DEPLOYMENTS).items():
        sets = [s.value for _, s in store.objects(REPLICASETS).items() if s.value.deployment == key]
        alive = _alive(world, [one.pods.owner for one in sets])
        yield from _count(f"Deployment {key}", len(alive), stored.value.replicas)
        yield from _count(f"status of {key}", stored.value.status.ready, stored.value.replicas)
    for key, stored in store.objects(STATEFULSETS).items():
        alive = _alive(world, [stored.value.pods.owner])
        ordinals = sorted(pods.ordinal[pod] for pod in alive)
        yield from _count(f"StatefulSet {key}", ordinals, list(stored.value.ordinals))
    for key, stored in store.objects(DAEMONSETS).items():
        alive = _alive(world, [stored.value.pods.owner])
        nodes = [row for row in range(world.cluster.nodes.n) if world.cluster.nodes.exists[row]]
        yield from _count(f"DaemonSet {key}", sorted(pods.node[pod] for pod in alive), nodes)
    for key, stored in store.objects(JOBS).items():
        status = stored.value.status
        if status.finished_us is None:
            yield f"Job {key} has not ended: {status}"


def _count(what: str, have: Any, want: Any) -> Iterator[str]:
    if have != want:
        yield f"{what}: {have} instead of {want}"
