"""A priority level at length: every line always there, every step in the open.

The obvious slow twin of `simk8s.kernel.fairqueue`, for tests. Written from the law in that
module's docstring, with other means: one list of events, no heap, no fast path.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from simk8s.kernel.fairqueue import deal

GUESS_US = 3_000


@dataclass
class Request:
    """One request and what becomes of it."""

    number: int
    arrival_us: int
    flow: int
    service_us: int
    seats: int
    linger_seats: int
    linger_us: int
    fate: Any = "waiting"
    line: int = -1
    arrival_r: int = 0
    free_us: int = -1

    @property
    def width(self) -> int:
        return max(self.seats, self.linger_seats) if self.linger_us else self.seats

    @property
    def work(self) -> int:
        return 100 * (self.seats * GUESS_US + self.linger_seats * self.linger_us)


class Twin:
    """Plays all requests to the end."""

    def __init__(self, seats: int, queues: int, hand: int, length: Any, timeout_us: Any) -> None:
        self.seats, self.queues, self.hand = seats, queues, hand
        self.length, self.timeout_us = length, timeout_us
        self.lines: list[list[Request]] = [[] for _ in range(queues)]
        self.on_seats: list[Request] = []
        self.next_r = [0] * queues
        self.r = self.r_us = self.enqueued = self.robin = 0
        self.contended = False

    def play(self, requests: list[Request]) -> None:
        to_come = list(requests)
        while to_come or self.waiting() or self.on_seats:
            now_us = min(
                [each.arrival_us for each in to_come]
                + [each.free_us for each in self.on_seats]
                + [each.arrival_us + self.timeout_us for each in self.waiting() if self.timeout_us]
            )
            self.advance(now_us)
            self.release(now_us)
            self.expire(now_us)
            # Of those who arrive together each finds what is free after the one before.
            while to_come and to_come[0].arrival_us == now_us:
                self.release(now_us)
                self.arrive(to_come.pop(0), now_us)

    def waiting(self) -> list[Request]:
        return [each for line in self.lines for each in line]

    def active(self) -> list[int]:
        busy = {each.line for each in self.on_seats}
        return [index for index in range(self.queues) if self.lines[index] or index in busy]

    def advance(self, now_us: int) -> None:
        if self.contended and self.active():
            wanted = sum(each.width for each in self.on_seats + self.waiting())
            share = 100 * min(wanted, self.seats) * (now_us - self.r_us)
            self.r += share // len(self.active())
        self.r_us = now_us

    def release(self, now_us: int) -> None:
        through = [each for each in self.on_seats if each.free_us <= now_us]
        for each in through:
            self.on_seats.remove(each)
            self.next_r[each.line] -= 100 * each.seats * (GUESS_US - each.service_us)
            self.bound(each.line)
        if through:
            self.start(now_us)

    def expire(self, now_us: int) -> None:
        if self.timeout_us is None:
            return
        for each in self.waiting():
            if each.arrival_us + self.timeout_us <= now_us:
                self.lines[each.line].remove(each)
                each.fate = ("expired", now_us)
                self.bound(each.line)
        self.start(now_us)

    def arrive(self, request: Request, now_us: int) -> None:
        if not self.contended:  # a line forms: virtual time anew, lines owe for what they execute
            self.contended = True
            self.r, self.next_r = 0, [0] * self.queues
            for each in self.on_seats:
                self.next_r[each.line] += each.work
        hand = deal(request.flow, self.queues, self.hand)
        turn = self.enqueued % self.hand
        self.enqueued += 1
        order = hand[turn:] + hand[:turn]
        request.line = min(order, key=lambda index: sum(each.work for each in self.lines[index]))
        line = self.lines[request.line]
        taken = sum(each.width for each in self.on_seats)
        if self.length is not None and len(line) >= self.length and taken >= self.seats:
            request.fate = "refused"
            return
        if request.line not in self.active():
            self.next_r[request.line] = self.r
        request.arrival_r = self.r
        line.append(request)
        self.bound(request.line)
        self.start(now_us)

    def bound(self, index: int) -> None:
        if self.lines[index]:
            self.next_r[index] = max(self.next_r[index], self.lines[index][0].arrival_r)

    def start(self, now_us: int) -> None:
        while self.waiting():
            turns = [(self.robin + 1 + step) % self.queues for step in range(self.queues)]
            candidates = [index for index in turns if self.lines[index]]
            index = min(candidates, key=lambda each: self.next_r[each] + self.lines[each][0].work)
            request = self.lines[index][0]
            taken = sum(each.width for each in self.on_seats)
            alone = request.width > self.seats and not self.on_seats
            if taken >= self.seats or not (alone or taken + request.width <= self.seats):
                return
            self.lines[index].pop(0)
            self.next_r[index] += request.work
            request.fate = now_us + request.service_us
            request.free_us = request.fate + request.linger_us
            self.on_seats.append(request)
            self.robin = index
            self.bound(index)
        self.contended = False
