"""The desk at which whoever works the timeline sits: a client of the API, and what he remembers.

Law: everything he does is a request, priced as any other, which reads at its commit what is stored
then; the next request is made when the last one is answered. What he remembers is what kubectl
keeps in annotations: what was applied last.

Mirrors: a user with kubectl v1.36, whose requests go to the level global-default. Departs: no limit
of its own (kubectl has 50 QPS, burst 300); a GET goes before each change.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from simk8s.api.client import Client
from simk8s.api.refused import Refused, invalid, was_refused
from simk8s.api.requests import kind
from simk8s.kernel.phase import Phase as Order
from simk8s.schema.enums import ActionOutcome
from simk8s.simulation.drains import Drains
from simk8s.simulation.editing import BAD_OBJECT, UNCHANGED, Request
from simk8s.simulation.timeline.log import Line, Log
from simk8s.state.workloads import PodStamp, ReplicaSet
from simk8s.workload.entry import Created, applied_of, objects

if TYPE_CHECKING:
    from simk8s.scenario.load import Loaded
    from simk8s.scenario.references import Reference
    from simk8s.scenario.timeline import TimelineEntry
    from simk8s.simulation.build import World

USER = "user/kubectl"
Place = tuple[str, str]
"""(table, key) of an object."""
Edit = Callable[[Any], Any]
"""From a stored record to the one that is to be; or a refusal, or UNCHANGED."""


@dataclass(frozen=True, slots=True)
class Task:
    """One entry that is due."""

    index: int
    entry: TimelineEntry
    now_us: int


class Desk:
    """See the module."""

    def __init__(self, world: World, loaded: Loaded) -> None:
        assert world.writer is not None, "every world has one"
        self.world, self.loaded, self.writer = world, loaded, world.writer
        self.store, self.cluster = world.store, world.cluster
        self.client = Client(world.clock, world.server, USER)
        self._kubelet = Client(world.clock, world.server, "kubelet/joining")
        self.log = Log()
        self.applied = applied_of(loaded)
        self.made: dict[Place, Created] = {}
        """What objects were made from."""
        self.last: dict[Place, Mapping[str, Any]] = {}
        """Their specs as they were applied last."""
        self.numbers: dict[str, int] = {}
        """Numbers of a node group that were given away to machines that have not joined."""
        self._drains: Drains | None = None
        self._queue: deque[Callable[[], bool]] = deque()
        self._under_way = self._working = False
        self.on_idle: Callable[[], None] = lambda: None
        """Called when everything is answered."""
        self.boots = world.clock.lane("timeline/boot", Order.ARRIVE, _booted)
        """Calls of machines that have booted."""
        for made in objects(loaded):
            self.remember(place_of(made), made)
        for items in self.applied.values():
            for made in items:
                if made.kind == "Namespace" and not self._declared(made.name):
                    self.cluster.policies.expect_namespace(made.name)

    def _declared(self, name: str) -> bool:
        return name in self.cluster.policies.namespaces

    @property
    def drains(self) -> Drains:
        """Made when the first drain is due."""
        if self._drains is None:
            self._drains = Drains(self.world, f"{USER}/drain")
        return self._drains

    def remember(self, place: Place, made: Created) -> None:
        """An object was applied."""
        self.made[place], self.last[place] = made, made.spec

    def line(self, task: Task, target: str, namespace: str | None = None) -> Line:
        """Begin a line of the log."""
        from simk8s.scenario.timeline import written

        entry = task.entry
        now_us = self.world.clock.now_us
        return self.log.begin(
            now_us, task.index, entry.name, written(entry.verb), target, namespace
        )

    def refuse(self, task: Task, target: str, words: str, namespace: str | None = None) -> None:
        """Nothing is asked, for this reason."""
        line = self.line(task, target, namespace)
        line.end(line.at_us, ActionOutcome.REFUSED, words)

    # --- requests

    @property
    def idle(self) -> bool:
        """Whether everything is answered."""
        return not self._queue and not self._under_way

    def ask(self, step: Callable[[], bool]) -> None:
        """Do something when everything before is answered; it says whether it makes a request."""
        self._queue.append(step)
        self._work()

    def _work(self) -> None:
        if self._working:
            return
        self._working = True
        while self._queue and not self._under_way:
            self._under_way = True
            if not self._queue.popleft()():
                self._under_way = False
        self._working = False
        if self.idle:
            self.on_idle()

    def send(
        self,
        line: Line,
        verb: str,
        resource: str,
        act: Callable[[], Any],
        done: Callable[[int], None] | None = None,
    ) -> None:
        """A request whose answer ends a line; `done` is called if it was not refused."""
        self.ask(lambda: self.write(line, verb, resource, act, done))

    def write(
        self,
        line: Line,
        verb: str,
        resource: str,
        act: Callable[[], Any],
        done: Callable[[int], None] | None = None,
    ) -> bool:
        """The same, as a step of the queue. A GET goes before."""

        def answered(now_us: int, result: Any) -> None:
            _answered(line, done, now_us, result)
            self._under_way = False
            self._work()

        if verb != "POST":
            self.client.note(kind("GET", resource.partition("/")[0]))
        self.client.write(Request(kind(verb, resource), act), done=answered)
        return True

    def register(self, line: Line, resource: str, act: Callable[[], Any]) -> None:
        """A node joins: its kubelet asks, whatever else is under way."""
        done = partial(_answered, line, None)
        self._kubelet.write(Request(kind("POST", resource), act), done=done)

    def edit(self, task: Task, target: Reference, change: Edit, subresource: str = "") -> None:
        """PATCH an object that there must be."""
        key = target.key(task.entry.namespace)
        namespace = task.entry.namespace if "/" in key else None
        line = self.line(task, str(target), namespace)
        resource = f"{target.resource}/{subresource}" if subresource else target.resource
        self.send(line, "PATCH", resource, partial(self.patch, target.resource, key, change))

    def patch(self, resource: str, key: str, change: Edit) -> Any:
        """At the commit: read, change, store."""
        table = self.store.objects(resource)
        stored = table.get(key)
        if stored is None:
            name = key.rpartition("/")[2]
            return Refused(404, "NotFound", f'{resource} "{name}" not found')
        try:
            fresh = change(stored.value)
        except BAD_OBJECT as error:
            return invalid(str(error), "")
        if isinstance(fresh, (Refused, str)):
            return fresh
        if fresh is stored.value or fresh == stored.value:
            return UNCHANGED
        return table.update(key, fresh, stored.version)

    def restamp(self, place: Place, value: ReplicaSet, template: Mapping[str, Any]) -> PodStamp:
        """What makes the pods of a ReplicaSet of another template. KeyError where it belongs to a
        controller.
        """
        made = self.made.get(place)
        if made is None:
            raise ValueError("the template of what a controller has made is not changed here")
        return self.writer.stamp(replace(made, template=template), value.pods.owner)


def _booted(now_us: int, due: list[Callable[[], object]]) -> None:
    for register in due:
        register()


def place_of(made: Created) -> Place:
    """Where an object is stored."""
    from simk8s.scenario.references import Reference

    target = Reference(made.kind, made.name)
    return target.resource, target.key(made.namespace)


def _answered(line: Line, done: Callable[[int], None] | None, now_us: int, result: Any) -> None:
    if was_refused(result):
        words = str(result) if isinstance(result, Refused) else "Conflict: no such object any more"
        line.end(now_us, ActionOutcome.REFUSED, words)
        return
    if done is None:
        outcome = ActionOutcome.UNCHANGED if result == UNCHANGED else ActionOutcome.DONE
        line.end(now_us, outcome)
    else:
        done(now_us)
