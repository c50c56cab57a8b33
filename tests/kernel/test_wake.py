"""Bells: rings coalesce, no ring is lost."""

from __future__ import annotations

import pytest

from simk8s.errors import InvariantError
from simk8s.kernel.clock import Clock, StopReason
from simk8s.kernel.phase import Phase


def test_rings_for_one_instant_are_answered_once() -> None:
    clock = Clock()
    calls: list[int] = []
    bell = clock.bell("b", Phase.RECONCILE, calls.append)
    for _ in range(3):
        bell.ring()
        bell.ring_at(0)
        bell.ring_at(7)
    clock.run(10)
    assert calls == [0, 7]


def test_a_ring_while_it_is_answered_is_answered_again_once() -> None:
    clock = Clock()
    calls: list[int] = []

    def handler(now_us: int) -> None:
        calls.append(now_us)
        if len(calls) == 1:
            bell.ring()
            bell.ring()

    bell = clock.bell("b", Phase.RECONCILE, handler)
    bell.ring_at(5)
    assert clock.run(10) is StopReason.DRAINED
    assert calls == [5, 5]


def test_a_ring_from_a_component_before_it_in_the_phase_waits_for_the_next_round() -> None:
    clock = Clock()
    calls: list[str] = []

    def first(now_us: int) -> None:
        calls.append("first")
        second_bell.ring()

    def second(now_us: int) -> None:
        calls.append("second")

    first_bell = clock.bell("first", Phase.RECONCILE, first)
    second_bell = clock.bell("second", Phase.RECONCILE, second)
    second_bell.ring_at(1)
    first_bell.ring_at(1)
    clock.run(1)
    assert calls == ["first", "second", "second"]


def test_the_past_is_refused() -> None:
    clock = Clock()
    bell = clock.bell("b", Phase.RECONCILE, lambda now_us: None)
    bell.ring_at(5)
    clock.run(5)
    with pytest.raises(InvariantError, match="b: armed for t=4"):
        bell.ring_at(4)


def test_in_later_rounds_too_a_ring_before_its_turn_is_answered_after_it() -> None:
    """Both are armed for round 1; the first rings the second, which is still to come in it."""
    clock = Clock()
    calls: list[str] = []

    def begin(now_us: int) -> None:
        first.ring()
        second.ring()

    def ring_second(now_us: int) -> None:
        calls.append("first")
        second.ring()

    first = clock.bell("first", Phase.RECONCILE, ring_second)
    second = clock.bell("second", Phase.RECONCILE, lambda now_us: calls.append("second"))
    clock.bell("begin", Phase.SCHEDULE, begin).ring_at(1)
    clock.run(1)
    assert calls == ["first", "second", "second"]


def test_queued_twice_for_an_instant_it_is_answered_once() -> None:
    clock = Clock()
    calls: list[int] = []
    first = clock.bell("first", Phase.DELIVER, lambda now_us: None)
    bell = clock.bell("b", Phase.RECONCILE, calls.append)
    for t_us in (7, 5, 7, 5, 7):
        bell.ring_at(t_us)
    first.ring_at(7)
    clock.run(10)
    assert calls == [5, 7]
