"""drain: cordon, evict, wait until everything is gone; so many nodes at a time.

Law: all nodes are cordoned before the first eviction; a node's line ends when its last pod is gone,
or tells why that did not come to be.

Mirrors: kubectl drain of several nodes, v1.36, one after the other unless `parallel` says more.
Departs: a node that fails does not keep the others from being drained.
"""

from __future__ import annotations

from collections import deque
from functools import partial

from simk8s.api.requests import kind
from simk8s.schema.enums import ActionOutcome
from simk8s.simulation import membership
from simk8s.simulation.drains import Options
from simk8s.simulation.timeline.desk import Desk, Task
from simk8s.simulation.timeline.log import Line
from simk8s.simulation.timeline.verbs.nodes import NODES, meant, open_, shown

Waiting = deque[tuple[int, Line]]


def drain(desk: Desk, task: Task) -> None:
    """Drain nodes."""
    wanted = task.entry.drain
    assert wanted is not None, "its verb is drain"
    options = Options(
        wanted.grace_period,
        wanted.timeout,
        wanted.ignore_daemon_sets,
        wanted.force,
        wanted.delete_emptydir_data,
    )
    rows = meant(desk, task, wanted.nodes, open_)
    lines = [desk.line(task, shown(desk.cluster.nodes.specs[row].name)) for row in rows]
    ready: Waiting = deque()
    uncordoned = [len(rows)]

    def cordoned(row: int, line: Line, now_us: int) -> None:
        uncordoned[0] -= 1
        ready.append((row, line))
        if not uncordoned[0]:
            for _ in range(wanted.parallel):
                _next(desk, options, ready)

    for row, line in zip(rows, lines, strict=True):
        done = partial(cordoned, row, line)
        desk.send(line, "PATCH", NODES, partial(_cordon, desk, row), done)


def _cordon(desk: Desk, row: int) -> bool:
    """It matters not whether it was; a node that is gone has no pods to evict."""
    membership.change(desk.world, row, membership.cordoned)
    return True


def _next(desk: Desk, options: Options, ready: Waiting) -> None:
    if not ready:
        return
    row, line = ready.popleft()
    desk.client.note(kind("LIST", "pods"))

    def told(now_us: int, error: str) -> None:
        outcome = ActionOutcome.FAILED if error else ActionOutcome.DONE
        line.end(now_us, outcome, error or None)
        _next(desk, options, ready)

    desk.drains.drain(row, options, told)
