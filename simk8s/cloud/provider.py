"""The provider's API: calls that are taken or refused, and clients that ask again.

Law: a call is taken or refused at the instant at which it is made, and answered a latency later.
Whoever is refused waits, up to twice as long each time, and asks again until the call is taken: no
machine that was asked for is forgotten. An operation is a row of the table `cloud_calls`.

Mirrors: `RequestLimitExceeded` of EC2 (429 of Azure, `rateLimitExceeded` of Compute Engine), the
standard retry mode of AWS SDKs: a random share of 1, 2, 4, … s, 20 s at most. Departs: a client
gives up after three tries and its controller calls anew, with a back-off of its own; here that is
one row of tries. A refusal is answered as fast as a DescribeInstances. No client-side rate limit
(retry quota, adaptive mode), no capacity errors, no quota of machines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from numpy import random

from simk8s.cloud.allowance import Allowance
from simk8s.cloud.limits import Action, Limit
from simk8s.faults.base import CloudThrottle
from simk8s.kernel.clock import Clock
from simk8s.kernel.draws import IntegerDraws
from simk8s.kernel.phase import Phase
from simk8s.kernel.streams import counter_hash

MOST_DOUBLINGS = 32


@dataclass(frozen=True, slots=True)
class Retry:
    """How a client waits between tries."""

    base_us: int = 1_000_000
    cap_us: int = 20_000_000
    jitter: bool = True
    """A random share of it; otherwise all of it."""

    def wait_us(self, refused: int, luck: float) -> int:
        """After so many refusals."""
        doubled = self.base_us << min(refused - 1, MOST_DOUBLINGS)
        whole_us = min(doubled, self.cap_us)
        return int(whole_us * luck) if self.jitter else whole_us


@dataclass(frozen=True, slots=True)
class Terms:
    """What was agreed with a provider, and how its clients behave."""

    limits: Mapping[Action, Limit]
    latency: Mapping[Action, IntegerDraws]
    retry: Retry = Retry()


@dataclass(slots=True)
class Operation:
    """Something that is asked of the cloud, however often it has to be asked."""

    asked_us: int
    action: Action
    target: str
    machines: int
    number: int
    calls: int = 0
    refused: int = 0
    taken_us: int | None = None
    answered_us: int | None = None
    joined_us: int | None = None
    """The last of its machines has become a node."""
    done: Callable[[int], None] = field(default=lambda now_us: None, repr=False)

    @property
    def row(self) -> tuple[object, ...]:
        """Of the table `cloud_calls`."""
        return (self.asked_us, self.action, self.target, self.machines, self.calls, self.refused,
                self.taken_us, self.answered_us, self.joined_us)  # fmt: skip


class CloudApi:
    """See the module."""

    def __init__(self, clock: Clock, terms: Terms, draws: random.Generator) -> None:
        self.operations: list[Operation] = []
        self._clock, self._terms = clock, terms
        self._seed = int(draws.integers(1 << 62))
        self._draws = dict(zip(Action, draws.spawn(len(Action)), strict=True))
        self._allowed = {action: Allowance(limit) for action, limit in terms.limits.items()}
        self._throttles: list[CloudThrottle] = []
        self._tries = clock.lane("cloud/tries", Phase.ARRIVE, self._try)
        self._answers = clock.lane("cloud/answers", Phase.ARRIVE, self._answer)

    def ask(
        self, action: Action, target: str, machines: int, done: Callable[[int], None]
    ) -> Operation:
        """Call until it is taken; `done(now_us)` when that is answered."""
        now_us, number = self._clock.now_us, len(self.operations)
        operation = Operation(now_us, action, target, machines, number, done=done)
        self.operations.append(operation)
        self._tries.now(operation)
        return operation

    def again(self, operation: Operation) -> None:
        """One more call of an operation that takes several, one after the other."""
        operation.taken_us = operation.answered_us = None
        self._tries.now(operation)

    def rows(self) -> Iterator[tuple[object, ...]]:
        """Of the table `cloud_calls`, in the order in which things were asked."""
        return (operation.row for operation in self.operations)

    # --- a call

    def _try(self, now_us: int, due: list[Operation]) -> None:
        for operation in due:
            operation.calls += 1
            action = operation.action
            taken = not self._unlucky(operation)
            if taken and self._allowed[action].take(now_us, operation.machines):
                operation.taken_us = now_us
                self._answers.after(self._latency_us(action), operation)
                continue
            operation.refused += 1
            luck = counter_hash(self._seed, operation.number, operation.calls)
            wait_us = self._terms.retry.wait_us(operation.refused, luck)
            self._tries.after(self._latency_us(Action.DESCRIBE) + wait_us, operation)

    def _answer(self, now_us: int, due: list[Operation]) -> None:
        for operation in due:
            operation.answered_us = now_us
            operation.done(now_us)

    def _latency_us(self, action: Action) -> int:
        return int(self._terms.latency[action](self._draws[action], 1)[0])

    def _unlucky(self, operation: Operation) -> bool:
        """Refused whatever is left in the bucket."""
        for place, throttle in enumerate(self._hitting(operation.action)):
            if throttle.share:
                numbers = (place, operation.number, operation.calls)
                if counter_hash(throttle.draw, *numbers) < throttle.share:
                    return True
        return False

    # --- less than was agreed

    def throttle(self, effect: CloudThrottle) -> None:
        """From now on it takes fewer calls."""
        self._throttles.append(effect)
        self._settle(effect)

    def relent(self, effect: CloudThrottle) -> None:
        """As much as without this."""
        self._throttles.remove(effect)
        self._settle(effect)

    def _hitting(self, action: Action) -> list[CloudThrottle]:
        return [one for one in self._throttles if not one.calls or action in one.calls]

    def _settle(self, effect: CloudThrottle) -> None:
        now_us = self._clock.now_us
        for action, allowed in self._allowed.items():
            if effect.calls and action not in effect.calls:
                continue
            if not effect.slower:
                continue
            rates = [one.rate(allowed.per_second) for one in self._hitting(action) if one.slower]
            settle = partial(allowed.squeeze, per_second=min(rates)) if rates else allowed.release
            settle(now_us)
