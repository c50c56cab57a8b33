"""The waiting lines behind a fair queue: who waits, in which line, and for how much work.

Law: a flow may join the lines of its hand alone, and the hand depends on the hash of the flow and
nothing else. Work is counted in 1e-8 seat-seconds, at the guessed service of 3 ms.
*Mirrors* shuffle sharding and the queues of kube-apiserver v1.36
(apiserver/pkg/util/flowcontrol/fairqueuing, util/shufflesharding).
"""

from __future__ import annotations

from collections import deque
from typing import Any

GUESS_US = 3_000
R_PER_SEAT_US = 100


class Waiting:
    """Somebody in a line."""

    __slots__ = ("arrival_r", "arrival_us", "item", "line", "linger_us", "seats", "service_us",
                 "waiting", "width", "work")  # fmt: skip

    def __init__(
        self, item: Any, service_us: int, seats: int, linger_seats: int, linger_us: int
    ) -> None:
        self.item = item
        self.service_us = service_us
        self.seats = seats
        self.width = max(seats, linger_seats) if linger_us else seats
        self.linger_us = linger_us
        self.work = work_of(seats, linger_seats, linger_us)
        self.waiting = True
        self.line: Line
        self.arrival_r = 0
        self.arrival_us = 0


class Line:
    """One queue, kept while it has somebody waiting or executing and somebody waits somewhere."""

    __slots__ = ("executing", "index", "next_r", "requests", "waiting_work")

    def __init__(self, index: int, next_r: int) -> None:
        self.index = index
        self.next_r = next_r
        self.requests: deque[Waiting] = deque()
        self.waiting_work = 0
        self.executing = 0

    def execute(self, work: int) -> None:
        self.executing += 1
        self.next_r += work

    def not_before_arrival(self) -> None:
        """A line that could not use its share must not save it up."""
        if self.requests and self.next_r < self.requests[0].arrival_r:
            self.next_r = self.requests[0].arrival_r


def work_of(seats: int, linger_seats: int, linger_us: int) -> int:
    return R_PER_SEAT_US * (seats * GUESS_US + linger_seats * linger_us)


def deal(flow: int, queues: int, hand: int) -> tuple[int, ...]:
    """The lines a flow may join: `hand` different cards out of `queues`, by the flow's hash."""
    cards: list[int] = []
    for dealt in range(hand):
        flow, card = divmod(flow, queues - dealt)
        for taken in sorted(cards):
            card += card >= taken
        cards.append(card)
    return tuple(cards)
