"""Works through a scenario's timeline: one timer, armed for whatever is due next.

Law: entries are acted on in order of time, then of the file, each when everything that was asked
before is answered (a drain is as good as answered when its nodes are cordoned). Acting is asking:
what happens then happens because the store has changed. A scenario without a timeline has none of
this.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from heapq import heappop, heappush
from typing import TYPE_CHECKING

from simk8s.kernel.phase import Phase as Order
from simk8s.record.writer import TableWriter
from simk8s.simulation.timeline.desk import Desk, Task
from simk8s.simulation.timeline.verbs import arrivals, drain, nodes, objects, rollouts

if TYPE_CHECKING:
    from simk8s.scenario.load import Loaded
    from simk8s.simulation.build import World

HANDLERS = {
    "apply": objects.apply,
    "delete": objects.delete,
    "scale": objects.scale,
    "set_image": rollouts.set_image,
    "rollout_undo": rollouts.undo,
    "rollout_pause": rollouts.pause,
    "rollout_resume": rollouts.resume,
    "rollout_restart": rollouts.restart,
    "cordon": nodes.cordon,
    "uncordon": nodes.uncordon,
    "drain": drain.drain,
    "taint": nodes.taint,
    "label": nodes.label,
    "add_nodes": nodes.add,
    "remove_nodes": nodes.remove,
    "set_arrival_rate": arrivals.set_rate,
}
"""By verb: what asks for it."""


class Timeline:
    """See the module."""

    def __init__(self, world: World, loaded: Loaded) -> None:
        self._desk = Desk(world, loaded)
        self._entries = loaded.scenario.timeline
        self._horizon_us = world.horizon_us
        self._desk.on_idle = self._work
        self._tasks: deque[Task] = deque()
        self._working = False
        self._next: list[tuple[int, int, Iterator[int]]] = []
        """(when, index of the entry, its later times)."""
        self._lane = world.clock.lane("timeline", Order.ARRIVE, self._due)

    def start(self) -> None:
        """Arm the first entry."""
        for index, entry in enumerate(self._entries):
            self._push(index, entry.instants_us(self._horizon_us))
        self._arm()

    def _push(self, index: int, times: Iterator[int]) -> None:
        at_us = next(times, None)
        if at_us is not None:
            heappush(self._next, (at_us, index, times))

    def _arm(self) -> None:
        if self._next:
            self._lane.at(self._next[0][0], None)

    def _due(self, now_us: int, _: list[None]) -> None:
        while self._next and self._next[0][0] == now_us:
            _at_us, index, times = heappop(self._next)
            self._tasks.append(Task(index, self._entries[index], now_us))
            self._push(index, times)
        self._arm()
        self._work()

    def _work(self) -> None:
        """Act on what is due, one after the other."""
        if self._working:
            return
        self._working = True
        while self._tasks and self._desk.idle:
            task = self._tasks.popleft()
            HANDLERS[task.entry.verb](self._desk, task)
        self._working = False

    def write(self, actions: TableWriter) -> None:
        """The rows of the `actions` table."""
        for action in self._desk.log.lines:
            actions.append(action.row)

    @property
    def refusals(self) -> list[str]:
        """What came to nothing, in words."""
        return [*self._desk.log.refusals()]
