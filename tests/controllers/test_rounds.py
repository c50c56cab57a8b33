"""Rounds: on whole multiples, none before the first interval, each once."""

from __future__ import annotations

from collections.abc import Hashable

import pytest

from simk8s.controllers._rounds import Rounds


class Asked:
    """A queue that remembers for when it was asked."""

    def __init__(self) -> None:
        self.now_us = 0
        self.at_us: list[int] = []

    def add(self, key: Hashable) -> None:
        raise AssertionError("a round is never at once")

    def add_after(self, key: Hashable, delay_us: int) -> None:
        assert key == "round"
        self.at_us.append(self.now_us + delay_us)


def armed(rounds: Rounds, queue: Asked, now_us: int) -> int:
    queue.now_us = now_us
    rounds.arm(now_us)
    return queue.at_us[-1]


@pytest.mark.parametrize(("now_us", "next_us"), [(0, 60), (1, 60), (60, 60), (61, 120), (119, 120)])
def test_the_next_round_is_a_multiple_of_the_interval(now_us: int, next_us: int) -> None:
    queue = Asked()
    assert armed(Rounds(queue, "round", 60), queue, now_us) == next_us


def test_what_changes_during_a_round_is_for_the_next() -> None:
    queue = Asked()
    rounds = Rounds(queue, "round", 60)
    assert rounds.due(60)
    assert armed(rounds, queue, 60) == 120


def test_a_round_is_held_once_and_only_on_time() -> None:
    queue = Asked()
    rounds = Rounds(queue, "round", 60)
    queue.now_us = 45
    assert not rounds.due(45)
    assert queue.at_us == [60]
    assert rounds.due(60)
    queue.now_us = 60
    assert not rounds.due(60)
    assert queue.at_us == [60, 120]
