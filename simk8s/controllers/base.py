"""What a controller is: it hears of changes, notes keys, and reconciles one key at a time.

A controller file has one public class, a `Controller`, and may have `Params` beside it (derived
from `Flags`, so that workers and client limits can be set). It is built once with its parameters
and a `Context`, watches what it needs, and adds a key to its queue for whatever has to be looked
at.

When the leader of kube-controller-manager dies, everything that a controller has in memory is gone:
another instance is built, watches, and is shown all there is as ADDED entries (`_listing.py`). So a
handler must bear to hear twice of what its constructor has read.

`reconcile(key, now_us)` compares what should be with what is, and either returns a `Result` or is
a generator of `Steps`: it yields batches of `Write`s and gets their results back when the whole
batch is stored. Its worker is busy until it returns.

Law: level-triggered: keys are deduplicated, a reconcile looks at the state and not at the event
that led to it, and once the state is as it should be nothing is written and no key is due.
Nothing is written but through `yield` or `context.client`; randomness comes from `context.draws`,
time from `now_us` and `context.now_us`. `tests/controllers/conformance.py` checks a class.

Mirrors: client-go informers, workqueues and rate-limited clients in kube-controller-manager
v1.36: 20 QPS and a burst of 30 for each controller. Departs: objects are read as they are stored
now, not as the informer saw them `lag` ago.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Protocol

from numpy import random

from simk8s.api.client import Client
from simk8s.api.events import Events
from simk8s.api.eviction import Evictions
from simk8s.api.server import Operation
from simk8s.api.store import Store
from simk8s.api.watch import ChangeLog, Entry, Verb
from simk8s.controllers._flags import Flags
from simk8s.kernel.clock import Clock
from simk8s.schema.enums import FaultPhase
from simk8s.schema.solver import Point
from simk8s.state.pods import Loss

__all__ = (
    "DONE",
    "Context",
    "Controller",
    "Flags",
    "Handler",
    "Moments",
    "NoteSolve",
    "Pause",
    "Queue",
    "Result",
    "Steps",
    "Watches",
    "Write",
    "unnoted",
)

Handler = Callable[[int, list[Entry]], None]
"""`handler(now_us, entries)`: changes, in commit order, that have become visible."""


class Write(NamedTuple):
    """A request: an operation of the store with its arguments. False as result = refused."""

    op: Operation
    args: tuple[Any, ...] = ()


class Pause(NamedTuple):
    """Instead of writes: the worker sleeps, as it does between tries of one request."""

    us: int


@dataclass(frozen=True, slots=True)
class Result:
    """How a reconcile ended: look again later, or (failed) when the rate limiter allows."""

    requeue_after_us: int | None = None
    failed: bool = False


DONE = Result()
Steps = Generator[Sequence[Write] | Pause, list[Any], Result]
"""A reconcile that writes: `results = yield [Write(...), ...]`."""


class Queue(Protocol):
    """Where keys go; see kernel/workqueue.py."""

    def add(self, key: Hashable) -> None:
        """The key has work."""

    def add_after(self, key: Hashable, delay_us: int) -> None:
        """The key will have work then; the earliest of several counts."""


class Watches(Protocol):
    """The informers that all controllers share."""

    def watch(self, log: ChangeLog, handler: Handler, verbs: Iterable[Verb] = tuple(Verb)) -> None:
        """Hand changes from now on to `handler`; it is woken for `verbs`, others come along."""

    def unwatch(self, log: ChangeLog, handler: Handler) -> None:
        """No more."""


class Moments(Protocol):
    """Who keeps the history of faults: told when the control plane notices or taints a node."""

    def __call__(self, now_us: int, phase: FaultPhase, node: int) -> None: ...


NoteSolve = Callable[[tuple[Any, ...], Iterable[Point]], None]
"""Takes a row of the table `solves`, and the steps to it."""


def unnoted(row: tuple[Any, ...], curve: Iterable[Point]) -> None:
    """Nobody keeps solves."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a controller is built with."""

    store: Store
    client: Client
    queue: Queue
    watches: Watches
    moments: Moments
    draws: random.Generator
    clock: Clock
    events: Events
    """Kubernetes Events about objects; they take tokens of `client`."""
    note_solve: NoteSolve = unnoted

    @property
    def now_us(self) -> int:
        """The simulated time, for use after a `yield`."""
        return self.clock.now_us

    def evictions(self, loss: Loss) -> Evictions:
        """Where this controller's evictions go; its pods are lost to `loss`."""
        return Evictions(self.clock, self.store, self.client.server, self.draws, loss)


class Controller(ABC):
    """Base of controllers."""

    name: ClassVar[str]
    workers: ClassVar[int] = 5
    """How many keys are worked on at once, unless `Flags` say otherwise."""
    on_demand: ClassVar[bool] = False
    """It has a row in the `controllers` table only if it has written something."""
    survives: ClassVar[bool] = False
    """It is a process of its own, which forgets nothing when kube-controller-manager dies."""

    @abstractmethod
    def __init__(self, params: Any, context: Context) -> None:
        """Build from validated parameters and start watching."""

    @abstractmethod
    def reconcile(self, key: Any, now_us: int) -> Result | Steps:
        """Bring what belongs to the key one step nearer to what it should be."""

    def inherit(self, before: Any, now_us: int) -> None:  # noqa: B027
        """This instance has just been built because the process of the one before died.

        It may take from `before` what the API tells and the store does not hold (a condition that
        is Unknown), and nothing else. Then it hears of all there is, as from a LIST.
        """
