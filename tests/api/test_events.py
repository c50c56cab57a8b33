"""Events share a client's tokens, one after another, and spare an object that has many."""

from __future__ import annotations

from simk8s.api.client import Client
from simk8s.api.events import REQUEST_US, Events
from simk8s.api.server import INSTANT, ApiServer
from simk8s.kernel.clock import Clock

SECOND = 1_000_000


def client(qps=20.0, burst=30):
    clock = Clock()
    made = Client(clock, ApiServer(clock, INSTANT), "test", qps, burst)
    return clock, made, Events(made)


def leaves(made, count=1):
    return [made.write(lambda: True) for _ in range(count)]


def test_events_take_tokens_before_later_writes():
    _, made, events = client(burst=2)
    events.note(0, "web")
    assert leaves(made, 2) == [0, 50_000]
    assert (made.noted, made.writes) == (1, 2)


def test_events_are_sent_one_after_another():
    """While one waits for a token the next does not ask for one: writes go between them."""
    _, made, events = client(burst=1)
    leaves(made)
    for _ in range(3):
        events.note(0, "web")
    assert leaves(made, 3) == [100_000, 150_000, 200_000], "one event is before them, not three"
    events.catch_up(50_000 + REQUEST_US)
    assert made.noted == 2


def test_an_object_has_25_events_and_then_one_in_five_minutes():
    _, made, events = client(qps=0)
    for nth in range(40):
        events.note(nth * SECOND, "web")
    events.catch_up(60 * SECOND)
    assert made.noted == 25
    events.note(301 * SECOND, "web")
    events.note(301 * SECOND, "api")
    events.catch_up(400 * SECOND)
    assert made.noted == 27
    assert events.dropped == 15


def test_an_event_makes_no_simulated_event():
    clock, _, events = client()
    events.note(0, "web")
    assert clock.run(10 * SECOND).value == "drained"


def test_a_full_queue_drops_events():
    _, made, events = client(qps=0.001, burst=1)
    leaves(made)
    for nth in range(1_100):
        events.note(0, nth)
    assert events.dropped >= 99
