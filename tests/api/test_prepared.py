"""What is prepared is sent, counted, measured and cut off as `write` and `note` do it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simk8s.api.client import Client
from simk8s.api.events import Events
from simk8s.api.meters import WINDOW_US
from simk8s.api.requests import kind
from simk8s.api.server import INSTANT
from simk8s.errors import InvariantError
from simk8s.kernel.clock import StopReason
from simk8s.kernel.phase import Phase
from simk8s.kernel.wake import Bell
from tests.api.world import FIXED, SECOND, World

EVENT, THING = kind("POST", "events"), kind("POST", "things")
STEPS = st.lists(
    st.tuples(
        st.sampled_from((0, 1, SECOND, WINDOW_US - 1, WINDOW_US, 4 * WINDOW_US)),
        st.sampled_from(("write", "write", "other", "note", "down", "read")),
    ),
    max_size=25,
)
Steps = list[tuple[int, str]]


class Sent:
    """A world in which something is sent again and again, prepared or not."""

    def __init__(self, *, prepared: bool) -> None:
        self.world = World(INSTANT)
        self.client = self.world.client()
        self.applied: list[tuple[int, int]] = []
        self.rows: list[Any] = []
        clock, client = self.world.clock, self.client

        def store(number: int) -> None:
            self.applied.append((clock.now_us, number))

        store.request = THING  # type: ignore[attr-defined]
        self.send: Callable[[int], object] = partial(client.write, store)
        self.note: Callable[[], object] = partial(client.note, EVENT)
        if prepared:
            self.send, self.note = client.sender(store), client.noter(EVENT)

    def do(self, number: int, what: str) -> None:
        server = self.world.server
        if what == "write":
            self.send(number)
        elif what == "other":
            self.world.write(self.client)
        elif what == "note":
            self.note()
        elif what == "down":
            self.send(number)
            server.go_down()
            server.come_back()
        else:
            self.rows.append((self.client.totals(), list(server.meters.rows())))

    def run(self, steps: Steps) -> tuple[Any, ...]:
        at_us = 0
        for number, (later_us, what) in enumerate(steps):
            at_us += later_us
            self.world.at(at_us, partial(self.do, number, what))
        self.world.run(at_us + 600 * SECOND)
        rows = list(self.world.server.meters.rows())
        return self.applied, self.world.done, self.rows, rows, self.client.totals()


@settings(deadline=None, max_examples=60)
@given(STEPS)
def test_prepared_or_not_is_the_same(steps: Steps) -> None:
    assert Sent(prepared=True).run(steps) == Sent(prepared=False).run(steps)


def _storm(sent: Sent) -> Bell:
    """Sends in every round."""

    def again(now_us: int) -> None:
        sent.send(0)
        bell.ring()

    bell = sent.world.clock.bell("storm", Phase.SAMPLE, again)
    return bell


def test_what_is_under_way_when_a_run_is_given_up_is_not_answered() -> None:
    found = []
    for prepared in (True, False):
        sent = Sent(prepared=prepared)
        clock = sent.world.clock
        bell = _storm(sent)
        bell.ring_at(7)
        assert clock.run(10) is StopReason.LIVELOCK
        rows = list(sent.world.server.meters.rows())
        assert rows[0][4] == len(sent.applied)
        found.append((rows, sent.client.writes, len(sent.applied)))
    assert found[0] == found[1]


@pytest.mark.parametrize("limits", [{}, {"in_flight": 1}, {"qps": 1.0, "burst": 1}])
@pytest.mark.parametrize("times", [INSTANT, FIXED])
def test_where_something_holds_it_back_it_is_held_back(limits: Any, times: Any) -> None:
    answers = []
    for prepared in (True, False):
        world = World(times)
        client, done = world.client(**limits), []

        def store(n: int, world: World = world, done: list[Any] = done) -> None:
            done.append((world.clock.now_us, n))

        store.request = THING  # type: ignore[attr-defined]
        send = client.sender(store) if prepared else partial(client.write, store)
        for number in range(5):
            send(number)
        world.run()
        answers.append((done, client.totals(), list(world.server.meters.rows())))
    assert answers[0] == answers[1]
    assert len(answers[0][0]) == 5


def test_a_recorder_catches_up_before_every_request() -> None:
    world = World(INSTANT)
    client: Client = world.client()
    Events(client)
    assert isinstance(client.sender(list), partial), "it goes through `write`"
    other = world.client("other")
    other.sender(list)
    with pytest.raises(InvariantError, match="before it prepares"):
        Events(other)
