"""`simk8s check-strategy FILE`: purity, determinism, valid plans, empty and full clusters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from simk8s.catalog import Catalog
from simk8s.placement.base import Query
from simk8s.placement.cycle import Verdict as Why
from simk8s.simulation.build import World
from simk8s.simulation.checks.base import (
    Broken,
    Swapped,
    Verdict,
    judged,
    loaded,
    params_of,
    run,
    trapped,
)
from simk8s.state.pods import PENDING, RUNNING
from simk8s.strategies.base import Plan, Strategy

_HEAD = """
apiVersion: simk8s/v1
name: check
duration: {duration}
controlPlane: {{profile: small}}
strategy: {{name: {name!r}}}
"""
_MIXED = (
    _HEAD
    + """
nodes:
  - {{name: a, capacity: {{cpu: 4, memory: 16Gi}}, count: 4, zones: [a, b]}}
  - {{name: big, capacity: {{cpu: 64, memory: 256Gi, gpu: 2, gpuModel: T4}}, count: 1, zones: [a]}}
  - {{name: kept, capacity: {{cpu: 64, memory: 256Gi}}, count: 1, zones: [b],
     taints: ["x=y:NoSchedule"]}}
workload:
  - {{name: web, replicaSet: {{replicas: 14, template: {{spec: {{containers: [
      {{name: c, resources: {{requests: {{cpu: 700m, memory: 1Gi}}}}}}]}}}}}}}}
  - {{name: gpu, replicaSet: {{replicas: 2, template: {{spec: {{containers: [
      {{name: c, resources: {{requests: {{cpu: 1}}, limits: {{nvidia.com/gpu: 1}}}}}}]}}}}}}}}
  - {{name: huge, replicaSet: {{replicas: 2, template: {{spec: {{containers: [
      {{name: c, resources: {{requests: {{cpu: 100}}}}}}]}}}}}}}}
  - name: batch
    arrivals: {{poisson: {{rate: 10/min}}}}
    lifetime: {{exponential: {{mean: 40s}}}}
    requests: {{cpu: {{uniform: {{min: 100m, max: 1500m}}}}}}
    template: {{spec: {{containers: [{{name: c}}]}}}}
faults:
  - {{zoneOutage: {{zone: b, at: 5m, for: 3m}}}}
"""
)
_FULL = (
    _HEAD
    + """
nodes: [{{capacity: {{cpu: 2, memory: 8Gi}}, count: 3, zones: [a]}}]
workload:
  - {{name: web, replicaSet: {{replicas: 9, template: {{spec: {{containers: [
      {{name: c, resources: {{requests: {{cpu: "1"}}}}}}]}}}}}}}}
"""
)
_EMPTY = (
    _HEAD
    + """
nodes: [{{capacity: {{cpu: 2, memory: 8Gi}}, count: 1, zones: [a], taints: ["x=y:NoSchedule"]}}]
workload:
  - {{name: web, replicaSet: {{replicas: 3, template: {{spec: {{containers: [{{name: c}}]}}}}}}}}
"""
)


def check_strategy(name: str, base: Path) -> Iterator[Verdict]:
    """Every rule in turn. UserError where there is no such strategy, or it is no strategy."""
    made: Any = Catalog(base).resolve("strategies", name)
    params_of(base, "strategies", name)
    checks = _Checks(name, base, made)
    yield judged("it is a strategy", checks.derives)
    yield judged("valid plans: every pod answered once, nothing overcommitted", checks.mixed)
    yield judged("purity: it changes nothing, reads no clock, draws no global lots", checks.pure)
    yield judged("determinism: the same digest twice", checks.twice)
    yield judged("an empty cluster: every pod is told why", checks.empty)
    yield judged("a full cluster: what fits is placed, the rest told why", checks.full)


class _Checks:
    def __init__(self, name: str, base: Path, made: Any) -> None:
        self._name, self._base, self._made = name, base, made
        self._digests: list[str] = []

    def derives(self) -> None:
        if not (isinstance(self._made, type) and issubclass(self._made, Strategy)):
            raise Broken("derive from simk8s.strategies.base.Strategy")

    def _run(self, text: str, duration: str, watching: type) -> World:
        catalog = Swapped(self._base, "strategies", self._name, watching)
        world, digest = run(loaded(text.format(name=self._name, duration=duration), catalog))
        self._digests.append(digest)
        return world

    def mixed(self) -> None:
        world = self._run(_MIXED, "12m", answering(self._made))
        pods = world.cluster.pods
        running = sum(phase == RUNNING for phase in pods.phase)
        if running < 14:
            raise Broken(f"only {running} pods run in the end; at least 16 would fit")

    def pure(self) -> None:
        self._run(_MIXED, "3m", watching(self._made))

    def twice(self) -> None:
        first, second = (self._last(_MIXED, "6m") for _ in range(2))
        if first != second:
            raise Broken("two runs of the same scenario and seed differ")

    def _last(self, text: str, duration: str) -> str:
        self._run(text, duration, self._made)
        return self._digests[-1]

    def empty(self) -> None:
        world = self._run(_EMPTY, "1m", answering(self._made))
        if any(phase == RUNNING for phase in world.cluster.pods.phase):
            raise Broken("it placed a pod where none may be")

    def full(self) -> None:
        world = self._run(_FULL, "2m", answering(self._made))
        phases = [int(phase) for phase in world.cluster.pods.phase]
        placed, left = phases.count(RUNNING), phases.count(PENDING)
        if (placed, left) != (6, 3):
            raise Broken(f"{placed} pods run and {left} wait; 6 of 9 fit")


def answering(made: Any) -> type:
    """The same class, each of its plans checked."""

    class Answering(made):  # type: ignore[misc]
        def propose(self, pending: Sequence[Query], now_us: int) -> Plan:
            plan: Plan = super().propose(pending, now_us)
            asked = [query.pod for query in pending]
            answered = [one.pod for one in plan.assignments]
            answered += [pod for pod, _ in plan.rejected]
            if sorted(asked) != sorted(answered):
                raise Broken(f"asked about pods {asked}, it answered about {answered}")
            for pod, why in plan.rejected:
                if not isinstance(why, Why) or not (why.reasons or why.error):
                    raise Broken(f"pod {pod} is rejected without a reason")
            return plan

    Answering.__name__ = made.__name__
    return Answering


def watching(made: Any) -> type:
    """The same class, whose every proposal must leave everything as it was."""

    class Watching(made):  # type: ignore[misc]
        def __init__(self, params: Any, context: Any) -> None:
            self._watched = context.view.cluster
            super().__init__(params, context)

        def propose(self, pending: Sequence[Query], now_us: int) -> Plan:
            before = _state(self._watched)
            with trapped():
                plan: Plan = super().propose(pending, now_us)
            if _state(self._watched) != before:
                raise Broken("it changes nodes or pods; a strategy only answers")
            return plan

    Watching.__name__ = made.__name__
    return Watching


def _state(cluster: Any) -> tuple[bytes, ...]:
    nodes, pods = cluster.nodes, cluster.pods
    columns = (pods.node, pods.charged, pods.phase, pods.nominated)
    return (
        nodes.free.tobytes(),
        nodes.exists.tobytes(),
        *(bytes(repr(list(c)), "ascii") for c in columns),
    )
