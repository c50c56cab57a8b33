"""`simk8s check-controller FILE`: level-triggered, through the API, twice alike, comes to rest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from simk8s.api.watch import Verb
from simk8s.catalog import Catalog
from simk8s.controllers._manager import SHIPPED
from simk8s.controllers.base import Controller, Result
from simk8s.errors import Problem, UserError
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
from simk8s.state.pods import RUNNING

_MOST_WRITES = 5_000
_STORM = """
apiVersion: simk8s/v1
name: check
duration: 2h
controlPlane: {{profile: small}}
controllers: {{{slot}: {{name: {name!r}}}}}
nodes: [{{capacity: {{cpu: 8, memory: 32Gi}}, count: 9, zones: [a, b, c]}}]
workload:
  - {{name: web, replicaSet: {{replicas: 20, template: {{
      metadata: {{labels: {{app: web}}}}, spec: {{containers: [
      {{name: c, resources: {{requests: {{cpu: 500m}}}}}}]}}}}}}}}
  - {{name: site, deployment: {{replicas: 8, template: {{
      metadata: {{labels: {{app: site}}}}, spec: {{containers: [
      {{name: c, image: "site:1", resources: {{requests: {{cpu: 500m}}}}}}]}}}}}}}}
  - {{name: work, lifetime: 4m, job: {{completions: 12, parallelism: 6, template: {{spec: {{
      restartPolicy: Never,
      containers: [{{name: c, resources: {{requests: {{cpu: 500m}}}}}}]}}}}}}}}
timeline:
  - {{at: 5m, setImage: {{object: deployment/site, images: {{c: "site:2"}}}}}}
  - {{at: 30m, scale: {{object: replicaset/web, replicas: 12}}}}
  - {{at: 31m, drain: {{nodes: {{zone: a, count: 1}}}}}}
faults:
  - {{zoneOutage: {{zone: b, at: 10m, for: 15m}}}}
"""
_LAST_HOUR_US = 3_600_000_000


def check_controller(name: str, base: Path, slot: str | None = None) -> Iterator[Verdict]:
    """Every rule in turn. UserError where there is no such controller or slot."""
    made: Any = Catalog(base).resolve("controllers", name)
    params_of(base, "controllers", name)
    if slot is not None and slot not in SHIPPED:
        hint = f"slots are {', '.join(SHIPPED)}"
        raise UserError(Problem("E401", f"there is no slot {slot!r}", hint=hint))
    checks = _Checks(name, base, made, slot)
    yield judged("it is a controller", checks.derives)
    yield judged("it writes through its client, reads no clock, returns Results", checks.storm)
    yield judged("it comes to rest when nothing changes any more", checks.rests)
    yield judged("determinism: the same digest twice", checks.twice)
    if slot is not None:
        yield judged(f"it does the work of {slot}", checks.does_its_work)


class _Checks:
    def __init__(self, name: str, base: Path, made: Any, slot: str | None) -> None:
        self._name, self._base, self._made = name, base, made
        self._slot = slot or "checked"
        self._world: World | None = None
        self._writes = 0

    def derives(self) -> None:
        if not (isinstance(self._made, type) and issubclass(self._made, Controller)):
            raise Broken("derive from simk8s.controllers.base.Controller")
        if self._made.workers < 1:
            raise Broken("it needs a worker")

    def _run(self, made: type) -> tuple[World, str]:
        text = _STORM.format(name=self._name, slot=self._slot)
        catalog = Swapped(self._base, "controllers", self._name, made)
        return run(loaded(text, catalog), self._count_at_an_hour)

    def _count_at_an_hour(self, world: World) -> None:
        def count(now_us: int, _: object) -> None:
            self._writes = self._runner(world).client.writes

        from simk8s.kernel.phase import Phase

        world.clock.lane("check", Phase.SAMPLE, count).at(_LAST_HOUR_US, None)

    def _runner(self, world: World) -> Any:
        return next(r for r in world.controllers.runners if r.controller.name == self._made.name)

    def storm(self) -> None:
        self._world, _ = self._run(audited(self._made))

    def rests(self) -> None:
        if self._world is None:
            raise Broken("it did not get that far")
        writes = self._runner(self._world).client.writes
        if writes > _MOST_WRITES:
            raise Broken(f"{writes} writes for 40 pods")
        if writes > self._writes:
            raise Broken(f"{writes - self._writes} writes in an hour in which nothing changes")

    def twice(self) -> None:
        first, second = (self._run(self._made)[1] for _ in range(2))
        if first != second:
            raise Broken("two runs of the same scenario and seed differ")

    def does_its_work(self) -> None:
        if self._world is None:
            raise Broken("it did not get that far")
        cluster = self._world.cluster
        pods = cluster.pods
        alive = [
            cluster.owner_name(pods.owner[pod]) or ""
            for pod in range(len(pods))
            if pods.phase[pod] == RUNNING
        ]
        web = sum(owner == "ReplicaSet/web" for owner in alive)
        site = sum(owner.startswith("ReplicaSet/site") for owner in alive)
        if (web, site) != (12, 8):
            raise Broken(
                f"{web} of 12 pods of the ReplicaSet and {site} of 8 of the Deployment run"
            )


class _Changes:
    """Counts what changes in the store."""

    def __init__(self, store: Any) -> None:
        self.count = 0
        for log in (store.pods, store.nodes, store.leases.log):
            log.tap(self._hear, tuple(Verb))

    def _hear(self, verb: Verb, item: Any) -> None:
        self.count += 1


def audited(made: Any) -> type:
    """The same class, checked at every step: what it writes, it writes through its client."""

    class Audited(made):  # type: ignore[misc]
        def __init__(self, params: Any, context: Any) -> None:
            self._audited = _Changes(context.store)
            super().__init__(params, context)

        def _step(self, call: Any, *args: Any) -> Any:
            before = self._audited.count
            with trapped():
                found = call(*args)
            if self._audited.count != before:
                raise Broken("it changes the store behind the API's back")
            return found

        def reconcile(self, key: Any, now_us: int) -> Any:
            answer = self._step(super().reconcile, key, now_us)
            if isinstance(answer, Result):
                return answer
            if not hasattr(answer, "send"):
                raise Broken("reconcile returns a Result or is a generator")
            return self._steps(answer)

        def _steps(self, steps: Any) -> Any:
            results = None
            while True:
                try:
                    writes = self._step(steps.send, results)
                except StopIteration as stop:
                    if not isinstance(stop.value, Result):
                        raise Broken("a generator returns a Result") from None
                    return stop.value
                results = yield writes

    Audited.__name__ = made.__name__
    return Audited
