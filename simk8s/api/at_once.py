"""An API server that takes no time: requests are applied in the next round of their instant.

Law: they are applied in the order in which they were sent, each at the instant of its sending;
what an outage finds under way it cuts off (`withdraw`).

How: a request is a plain tuple, not a `Call`: nothing about it changes on its way. All that were
sent in a round wait in one list, `asked`, since commits come first in the next; who adds the first
rings. Who sends the same again and again has it prepared (`sender`): it is only counted then, and
its meter hears of it when a window of the meters is over.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from simk8s.api.meters import WINDOW_US, Meters
from simk8s.api.ports import Call, Done, Operation, Port
from simk8s.kernel.clock import Clock
from simk8s.kernel.phase import Phase

if TYPE_CHECKING:
    from simk8s.api.client import Client


class Line:
    """Prepared requests of one client and kind."""

    __slots__ = ("client", "known", "port", "sent")

    def __init__(self, client: Client, port: Port) -> None:
        self.client = client
        self.port = port
        self.sent = 0
        self.known = 0
        """Of those, so many are in the meter, or were cut off."""


Asked = tuple[Operation, tuple[Any, ...], Line | None]
"""What is done at the commit: a prepared operation, or `AtOnce.perform` with any other request."""


class AtOnce:
    """The requests under way; `Client.write` and what `sender` makes add to them."""

    def __init__(self, clock: Clock, meters: Meters) -> None:
        self.ring = clock.bell("etcd/commits", Phase.RELEASE, self._apply).ring
        self.asked: list[Asked] = []
        """Requests under way."""
        self._clock = clock
        self._lines: list[Line] = []
        self._since_us = 0
        """What no meter knows of yet was sent in the window of this instant."""
        meters.settle = self._settle

    def line(self, client: Client, port: Port) -> Line:
        """Counts what is prepared; nothing else needs to be looked at when it is sent."""
        if not self._lines:
            self._turn(self._clock.now_us)
        line = Line(client, port)
        self._lines.append(line)
        return line

    def sender(self, op: Operation, line: Line) -> Callable[..., None]:
        """Sends `op` with the arguments that it is called with; nobody waits for the result."""
        ring = self.ring

        def send(*args: Any) -> None:
            line.sent += 1
            asked = self.asked
            if not asked:
                ring()
            asked.append((op, args, line))

        return send

    def ask(self, *request: Any) -> None:
        """Any request: what `perform` takes."""
        if not self.asked:
            self.ring()
        self.asked.append((self.perform, request, None))

    def resend(self, call: Call) -> None:
        """One that was held back or refused before."""
        assert call.op is not None, "a shadow is never under way"
        self.ask(call.op, call.args, call.done, call.port, call.client, call.attempts)

    def withdraw(self, now_us: int) -> list[Call]:
        """Everything under way; none of it will be applied."""
        calls = []
        withdrawn, self.asked = self.asked, []
        for op, args, line in withdrawn:
            if line is None:
                op, args, done, port, client, attempts = args
                call = Call(client, port, op, args, done)
                call.attempts = attempts
            else:
                line.known += 1
                call = Call(line.client, line.port, op, args, None)
            call.arrival_us = now_us
            calls.append(call)
        return calls

    def perform(
        self,
        op: Operation,
        args: tuple[Any, ...],
        done: Done | None,
        port: Port,
        client: Client,
        _: int,
    ) -> None:
        """Any request at its commit; the last of it is how often it was tried before."""
        result, now_us = op(*args), self._clock.now_us
        port.meter.at_once(now_us)
        if client.in_flight_limit:
            client.answered()
        if done is not None:
            done(now_us, result)

    def _apply(self, now_us: int) -> None:
        asked, self.asked = self.asked, []
        for op, args, _ in asked:
            op(*args)

    def _turn(self, now_us: int) -> None:
        """A window of the meters is over, and nothing is under way."""
        self._settle()
        self._since_us = now_us
        self._clock.before((now_us // WINDOW_US + 1) * WINDOW_US, self._turn)

    def _settle(self) -> None:
        """Meters hear of what was answered and was only counted."""
        under_way = [line for _, _, line in self.asked]
        for line in self._lines:
            answered = line.sent - under_way.count(line)
            if answered > line.known:
                line.port.meter.at_once(self._since_us, answered - line.known)
                line.known = answered
