"""An API server that takes no time: requests are applied in the next round of their instant.

Law: they are applied in the order in which they were sent, each at the instant of its sending;
what an outage finds under way it cuts off (`withdraw`).

How: a request is a plain tuple, not a `Call`: nothing about it changes on its way. All that were
sent in a round wait in one list, `asked`, since commits come first in the next; who adds the first
rings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simk8s.api.ports import Call, Done, Operation, Port
from simk8s.kernel.clock import Clock
from simk8s.kernel.phase import Phase

if TYPE_CHECKING:
    from simk8s.api.client import Client

Asked = tuple[Operation, tuple[Any, ...], Done | None, Port, "Client", int]
"""(operation, its arguments, who waits for the result, port, sender, tries before this one)."""


class AtOnce:
    """The requests under way; `Client.write` adds to them."""

    def __init__(self, clock: Clock) -> None:
        self.ring = clock.bell("etcd/commits", Phase.RELEASE, self._apply).ring
        self.asked: list[Asked] = []
        """Requests under way."""

    def resend(self, call: Call) -> None:
        """One that was held back or refused before."""
        assert call.op is not None, "a shadow is never under way"
        if not self.asked:
            self.ring()
        self.asked.append((call.op, call.args, call.done, call.port, call.client, call.attempts))

    def withdraw(self, now_us: int) -> list[Call]:
        """Everything under way; none of it will be applied."""
        calls = []
        withdrawn, self.asked = self.asked, []
        for op, args, done, port, client, attempts in withdrawn:
            call = Call(client, port, op, args, done)
            call.attempts, call.arrival_us = attempts, now_us
            calls.append(call)
        return calls

    def _apply(self, now_us: int) -> None:
        asked, self.asked = self.asked, []
        for op, args, done, port, client, _ in asked:
            result = op(*args)
            meter = port.meter
            if now_us < meter.until_us:
                meter.window.at_once += 1
            else:
                meter.at_once(now_us)
            if client.in_flight_limit:
                client.answered()
            if done is not None:
                done(now_us, result)
