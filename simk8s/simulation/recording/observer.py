"""Watches a simulated run as the recorder watched the real one, into the same timeline.

Law: what is written down is what a watch shows, the server's watch lag after each commit; it
changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from simk8s.api.watch import ADDED, BOUND, DELETED, DELETING, ENDED, STATUS, Verb
from simk8s.kernel.phase import Phase as Order
from simk8s.simulation.build import World
from simk8s.simulation.recording.reading import STATUS_FIELDS
from simk8s.simulation.recording.timeline import Nodes, Numbers, Timeline, stem
from simk8s.simulation.recording.writing import Writer
from simk8s.state.daemonsets import DAEMONSETS, DaemonSet
from simk8s.state.deployments import DEPLOYMENTS, Deployment
from simk8s.state.pods import NEVER
from simk8s.state.selectors import NO_EXECUTE, UNREACHABLE
from simk8s.state.statefulsets import STATEFULSETS, StatefulSet
from simk8s.state.workloads import JOBS, REPLICASETS, Job, ReplicaSet

_STEP = {
    ADDED: "created",
    BOUND: "bound",
    ENDED: "ended",
    DELETING: "deleting",
    DELETED: "deleted",
}
_SHOWN = ("replicas", "updated", "ready", "available")


class Observer:
    """Fills a timeline while a world runs."""

    def __init__(self, world: World, lag_us: int, writer: Writer | None = None) -> None:
        self.timeline = Timeline()
        self._lag_us = lag_us
        self._writer = writer
        self._cluster, self._store = world.cluster, world.store
        self._numbers = Numbers()
        self._groups: dict[int, str] = {}
        bell = world.clock.bell("recorder", Order.DELIVER, self._deliver)
        self._pods = world.store.pods.subscribe(bell, lag_us)
        self._nodes = Nodes(self.timeline)
        self._node_log = world.store.nodes.subscribe(bell, lag_us)
        for row in range(self._cluster.nodes.n):
            self._node(0, row)
        self._tables = {
            kind: world.store.objects(kind)
            for kind in (DEPLOYMENTS, REPLICASETS, JOBS, STATEFULSETS, DAEMONSETS)
        }
        self._logs = {
            kind: table.log.subscribe(bell, lag_us) for kind, table in self._tables.items()
        }

    def _deliver(self, now_us: int) -> None:
        for kind, cursor in self._logs.items():
            for at_us, _, key in cursor.drain(now_us):
                self._object(at_us + self._lag_us, kind, key)
        for at_us, _, row in self._node_log.drain(now_us):
            self._node(at_us + self._lag_us, row)
        for at_us, verb, pod in self._pods.drain(now_us):
            self._pod(at_us + self._lag_us, verb, pod)

    def _node(self, at_us: int, row: int) -> None:
        nodes = self._cluster.nodes
        if not nodes.exists[row]:
            self._nodes.gone(at_us, row)
            return
        taints = nodes.specs[row].taints
        lost = any(t.key == UNREACHABLE and t.effect == NO_EXECUTE for t in taints)
        self._nodes.seen(at_us, row, self._store.ready[row], lost)
        if self._writer is not None and at_us:
            self._writer.node(at_us, row, lost)

    def _pod(self, at_us: int, verb: Verb, pod: int) -> None:
        step = _STEP.get(verb)
        if verb is STATUS and self._cluster.pods.ready[pod]:
            step = "ready"
        if self._writer is not None:
            self._writer.pod(at_us, verb, pod)
        if verb is DELETED:  # also what goes at once is shown with a deletionTimestamp first
            self.timeline.step(at_us, pod, self.group_of(pod), "deleting")
        if step is not None:
            self.timeline.step(at_us, pod, self.group_of(pod), step)

    def group_of(self, pod: int) -> str:
        """What a pod belongs to, in the end."""
        owner = self._cluster.pods.owner[pod]
        namespace = self._cluster.template_of(pod).namespace
        if owner == NEVER:
            return f"Pod {namespace}/{stem(self._cluster.name_of(pod))}"
        if owner not in self._groups:
            kind, _, name = self._cluster.owners[owner].partition("/")
            found = f"{kind} {namespace}/{name}"
            stored = self._store.objects(REPLICASETS).get(f"{namespace}/{name}")
            if kind == "ReplicaSet" and stored is not None and stored.value.deployment:
                found = f"Deployment {stored.value.deployment}"
            self._groups[owner] = found
        return self._groups[owner]

    def _object(self, at_us: int, kind: str, key: str) -> None:
        stored = self._tables[kind].get(key)
        if stored is None:
            return
        value: Any = stored.value
        if self._writer is not None:
            self._writer.item(at_us, kind, key, value)
        if isinstance(value, Job | DaemonSet):
            self._fields(at_us, kind, key, value.status, STATUS_FIELDS[kind].values())
            return
        if isinstance(value, ReplicaSet):
            name = self._numbers.name(key, value.deployment)
            shown: tuple[str, ...] = tuple(what for what in _SHOWN if what != "updated")
        elif isinstance(value, StatefulSet):
            name, shown = key, tuple(STATUS_FIELDS[kind].values())
        else:
            assert isinstance(value, Deployment)
            name, shown = key, _SHOWN
        self.timeline.value(at_us, kind, name, "spec.replicas", value.replicas)
        self._fields(at_us, kind, name, value.status, shown)

    def _fields(self, at_us: int, kind: str, name: str, status: Any, shown: Iterable[str]) -> None:
        for what in shown:
            self.timeline.value(at_us, kind, name, what, int(getattr(status, what)))
