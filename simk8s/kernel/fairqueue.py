"""Several waiting lines before a number of seats: fair between flows, bounded in length and time.

Law: a request that finds a seat free and nobody waiting starts at once, at the price of a station
and without an event; otherwise it joins the line of its hand with the least waiting work, is
refused when that line is full, gives up after `timeout_us`, and starts when its line is the one
with the earliest virtual finish and its seats are free. With one line of one-seat requests and no
bounds the answers are a station's.
*Mirrors* kube-apiserver v1.36 priority levels (apiserver/pkg/util/flowcontrol/fairqueuing):
shuffle sharding, seats and lingering seats, virtual time in units of 1e-8 seat-seconds,
guessed service 3 ms, round robin between equals.
Where what a request costs depends on when it starts (processor, disk), `price(item, start_us)`
answers its end at its start, in order of starts.
*Departs*: fairness has no memory of the time when nobody waited: when a line forms, virtual time
starts anew and each line owes for what it is executing; a request leaves its line's books when its
last seat is free, not when its answer is sent; too wide a lingering is not stretched in time.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify, heappop, heappush
from typing import Any

from simk8s.errors import InvariantError
from simk8s.kernel.clock import Clock
from simk8s.kernel.fairlines import GUESS_US, R_PER_SEAT_US, Line, Waiting, deal
from simk8s.kernel.phase import Phase

QUEUED = -1
"""Answer of `submit`: waits in a line, `started` or `expired` will tell."""
REFUSED = -2
"""Answer of `submit`: the line was full."""

Price = Callable[[Any, int], int]
Started = Callable[[int, list[tuple[Any, int]]], None]
Expired = Callable[[int, list[Any]], None]


class FairQueue:
    """One priority level. `submit` answers the end of service, `QUEUED` or `REFUSED`.

    `started(now_us, [(item, end_us)])` and `expired(now_us, items)` tell about those who waited.
    `length=None` and `timeout_us=None` take the bounds away; `queues=0` refuses who cannot start.
    `price` tells the end of a service at its start, in place of the service given to `submit`;
    `on_wait` is called when somebody starts to wait where nobody waited.
    `fast=False` takes everybody through a line, for tests.
    """

    def __init__(
        self,
        clock: Clock,
        name: str,
        seats: int,
        started: Started,
        expired: Expired,
        *,
        queues: int = 1,
        hand: int = 1,
        length: int | None = 50,
        timeout_us: int | None = 15_000_000,
        price: Price | None = None,
        on_wait: Callable[[], None] | None = None,
        fast: bool = True,
    ) -> None:
        if seats < 1 or queues < 0 or not 1 <= hand <= max(queues, 1):
            raise InvariantError(f"{name}: {seats} seats, {queues} queues, a hand of {hand}")
        if length is not None and length < 1:
            raise InvariantError(f"{name}: a line for {length} is none; that is queues=0")
        self.name, self.seats, self.queues, self.hand = name, seats, queues, hand
        self.length, self.timeout_us = length, timeout_us
        self.served = self.refused = self.expired = self.busy_us = self.wait_us = 0
        self.seats_in_use = self.seats_waiting = self.waiting = 0
        self._clock = clock
        self._price = price
        self._on_wait = on_wait
        self._fast = fast or not queues
        self._tell_started, self._tell_expired = started, expired
        # The bell first: who gets a seat at his deadline has not missed it.
        self._bell = clock.bell(name, Phase.RELEASE, self._on_release)
        self._timeouts = clock.lane(f"{name}/timeout", Phase.RELEASE, self._on_timeout)
        # Heap of who is on a seat: (free again at, line, width, work, work less what it took).
        self._executing: list[tuple[int, int, int, int, int]] = []
        self._hands: dict[int, tuple[int, ...]] = {}
        self._enqueued = 0
        self._robin = 0
        # Only while somebody waits: lines in use, virtual time, and when it was read.
        self._lines: dict[int, Line] = {}
        self._r = 0
        self._r_us = 0
        self._news: list[tuple[Any, int]] = []

    def submit(
        self,
        item: Any,
        flow: int,
        service_us: int = 0,
        seats: int = 1,
        linger_seats: int = 0,
        linger_us: int = 0,
    ) -> int:
        """A request arrives now. `flow` is the hash of the flow; after the answer has been sent
        `linger_seats` stay taken for `linger_us`."""
        now_us = self._clock.now_us
        executing = self._executing
        if executing and executing[0][0] <= now_us:
            if self._lines:
                self._settle(now_us)  # who has waited goes first; the bell rung for now will tell
            else:
                while executing and executing[0][0] <= now_us:
                    self.seats_in_use -= heappop(executing)[2]
        if not self.waiting and self._fast:
            width = linger_seats if linger_us and linger_seats > seats else seats
            if self.seats_in_use + width <= self.seats or self._has_room(width):
                hand = self._hands.get(flow) or self._hand_of(flow)
                index = hand[self._enqueued % self.hand]
                self._enqueued += 1
                if self._price is None:
                    end_us = now_us + service_us
                else:
                    end_us = self._price(item, now_us)
                    service_us = end_us - now_us
                work = R_PER_SEAT_US * (seats * GUESS_US + linger_seats * linger_us)
                too_much = R_PER_SEAT_US * seats * (GUESS_US - service_us)
                heappush(executing, (end_us + linger_us, index, width, work, too_much))
                self.seats_in_use += width
                self.served += 1
                self.busy_us += service_us * width
                self._robin = index
                return end_us
        if not self.queues:
            self.refused += 1
            return REFUSED
        return self._enqueue(
            now_us, flow, Waiting(item, service_us, seats, linger_seats, linger_us)
        )

    def resize(self, seats: int) -> None:
        """Seats are borrowed or given back; nobody loses the seat it sits on."""
        if seats < 1:
            raise InvariantError(f"{self.name}: {seats} seats")
        if self.waiting:
            self._sync(self._clock.now_us)
            self._bell.ring()
        self.seats = seats

    def wanted(self) -> int:
        """Seats that are taken or waited for now."""
        self._settle(self._clock.now_us)
        return self.seats_in_use + self.seats_waiting

    def suspend(self, from_us: int, until_us: int) -> None:
        """Whoever is on a seat stays there longer: what they wait for stands still in between."""
        shift_us = until_us - from_us
        self._executing = [
            (free_us + shift_us if free_us > from_us else free_us, line, width, work, too_much)
            for free_us, line, width, work, too_much in self._executing
        ]
        heapify(self._executing)

    def abort(self) -> list[Any]:
        """Everybody is sent away; answers who waited, line by line."""
        items = [r.item for _, line in sorted(self._lines.items()) for r in line.requests]
        for line in self._lines.values():
            for request in line.requests:
                request.waiting = False
        self._executing.clear()
        self._lines.clear()
        self.seats_in_use = self.seats_waiting = self.waiting = 0
        return items

    def _has_room(self, width: int) -> bool:
        if width > self.seats:  # too wide ever to fit: alone
            return not self._executing
        return self.seats_in_use + width <= self.seats

    def _hand_of(self, flow: int) -> tuple[int, ...]:
        hand = self._hands.get(flow)
        if hand is None:
            hand = deal(flow, self.queues, self.hand) if self.queues else (0,)
            self._hands[flow] = hand
        return hand

    def _begin(
        self,
        now_us: int,
        index: int,
        item: Any,
        service_us: int,
        width: int,
        seats: int,
        work: int,
        linger_us: int,
    ) -> int:
        if self._price is not None:
            service_us = self._price(item, now_us) - now_us
        end_us = now_us + service_us
        too_much = R_PER_SEAT_US * seats * (GUESS_US - service_us)
        heappush(self._executing, (end_us + linger_us, index, width, work, too_much))
        self.seats_in_use += width
        self.served += 1
        self.busy_us += service_us * width
        self._robin = index
        return end_us

    def _settle(self, now_us: int) -> None:
        """Seats that are free by now go to who has waited for them."""
        self._leave(now_us)
        if self.waiting:
            self._sync(now_us)
            self._dispatch(now_us)

    def _leave(self, now_us: int) -> None:
        """Whoever is through by now gives the seats back."""
        executing = self._executing
        while executing and executing[0][0] <= now_us:
            free_us, index, width, _, too_much = heappop(executing)
            if self._lines:
                self._sync(free_us)
                line = self._lines[index]
                line.executing -= 1
                line.next_r -= too_much
                line.not_before_arrival()
                self._drop_if_idle(line)
            self.seats_in_use -= width

    def _enqueue(self, now_us: int, flow: int, request: Waiting) -> int:
        if self._lines:
            self._sync(now_us)
        else:
            self._form_lines(now_us)
        line = self._shortest_of(flow)
        if (
            self.length is not None
            and len(line.requests) >= self.length
            and self.seats_in_use >= self.seats
        ):
            self.refused += 1
            self._drop_if_idle(line)
            return REFUSED
        request.line, request.arrival_r, request.arrival_us = line, self._r, now_us
        if not self.waiting and self._on_wait is not None:
            self._on_wait()
        line.requests.append(request)
        line.waiting_work += request.work
        self.waiting += 1
        self.seats_waiting += request.width
        line.not_before_arrival()
        end_us = self._dispatch(now_us, request)
        if request.waiting and self.timeout_us is not None:
            self._timeouts.at(now_us + self.timeout_us, request)
        return end_us

    def _form_lines(self, now_us: int) -> None:
        self._r, self._r_us = 0, now_us
        for _, index, _, work, _ in self._executing:
            self._line(index).execute(work)

    def _line(self, index: int) -> Line:
        line = self._lines.get(index)
        if line is None:
            line = self._lines[index] = Line(index, self._r)
        return line

    def _shortest_of(self, flow: int) -> Line:
        """The line of the flow's hand with the least waiting work; first come in a fair deal."""
        hand = self._hand_of(flow)
        offset = self._enqueued % len(hand)
        self._enqueued += 1
        lines = self._lines
        best, least = -1, -1
        for index in hand[offset:] + hand[:offset]:
            work = lines[index].waiting_work if index in lines else 0
            if best < 0 or work < least:
                best, least = index, work
        return self._line(best)

    def _dispatch(self, now_us: int, own: Waiting | None = None) -> int:
        """Start all who can; answers the end of `own`, the others go to the news."""
        own_end_us = QUEUED
        while self.waiting and self.seats_in_use < self.seats:
            line = self._next_line()
            request = line.requests[0]
            if not self._has_room(request.width):
                break
            self._forget(request)
            end_us = self._begin(
                now_us, line.index, request.item, request.service_us,
                request.width, request.seats, request.work, request.linger_us,
            )  # fmt: skip
            line.execute(request.work)
            line.not_before_arrival()
            self.wait_us += (now_us - request.arrival_us) * request.width
            if request is own:
                own_end_us = end_us
            else:
                self._news.append((request.item, end_us))
        if self.waiting:
            self._bell.ring_at(max(self._executing[0][0], now_us))
        else:
            self._lines.clear()
        return own_end_us

    def _next_line(self) -> Line:
        """The line whose head would finish first in virtual time; round robin between equals."""
        robin, queues = self._robin + 1, self.queues
        best: Line | None = None
        least = turn = 0
        for line in self._lines.values():
            if line.requests:
                finish = line.next_r + line.requests[0].work
                if best is None or finish <= least:
                    my_turn = (line.index - robin) % queues
                    if best is None or finish < least or my_turn < turn:
                        best, least, turn = line, finish, my_turn
        assert best is not None, "somebody waits"
        return best

    def _forget(self, request: Waiting) -> None:
        """The request leaves its line, one way or the other."""
        line = request.line
        line.requests.remove(request)
        line.waiting_work -= request.work
        request.waiting = False
        self.waiting -= 1
        self.seats_waiting -= request.width

    def _drop_if_idle(self, line: Line) -> None:
        if not line.requests and not line.executing:
            del self._lines[line.index]

    def _sync(self, now_us: int) -> None:
        """Virtual time goes on by each active line's share of the seats in use."""
        elapsed_us = now_us - self._r_us
        if elapsed_us > 0 and self._lines:
            seats = min(self.seats_in_use + self.seats_waiting, self.seats)
            self._r += R_PER_SEAT_US * seats * elapsed_us // len(self._lines)
        self._r_us = now_us

    def _on_release(self, now_us: int) -> None:
        self._settle(now_us)
        self._tell_news(now_us)

    def _tell_news(self, now_us: int) -> None:
        news, self._news = self._news, []
        if news:
            self._tell_started(now_us, news)

    def _on_timeout(self, now_us: int, requests: list[Waiting]) -> None:
        expired = [request for request in requests if request.waiting]
        if not expired:
            return
        self._sync(now_us)
        for request in expired:
            self._forget(request)
            request.line.not_before_arrival()
            self._drop_if_idle(request.line)
        self.expired += len(expired)
        self._dispatch(now_us)
        self._tell_news(now_us)
        self._tell_expired(now_us, [request.item for request in expired])
