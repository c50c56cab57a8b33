"""The reservation profile against a walk through time that knows no arrays."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from simk8s.strategies._gangs.fitting import Want, fit_on
from simk8s.strategies._gangs.profile import Profile, seats
from simk8s.strategies._gangs.running import Held

NODES = 3
END = 60


def amounts(gpus: int) -> np.ndarray:
    return np.array([gpus], np.int64)


def want(gpus: int) -> Want:
    return Want(amounts(gpus), np.ones(NODES, bool))


def ends(held: list[tuple[int, int, int]]) -> Held:
    """Of (end, node, GPUs)."""
    columns = np.array(sorted(held), np.int64).reshape(-1, 3)
    return Held(columns[:, 0], columns[:, 1], columns[:, 2:])


running = st.lists(
    st.tuples(st.integers(1, 20), st.integers(0, NODES - 1), st.integers(1, 4)), max_size=6
)
jobs = st.lists(
    st.tuples(st.lists(st.integers(1, 8), min_size=1, max_size=3), st.integers(1, 15)),
    min_size=1,
    max_size=4,
)


def free_at(held: list[tuple[int, int, int]], t: int) -> list[int]:
    """GPUs free on each node of 24 at a time, from what ends later."""
    return [24 - sum(g for end, n, g in held if n == node and end > t) for node in range(NODES)]


def whole_window(held: list[tuple[int, int, int]], t: int, length: int) -> list[int]:
    every = [free_at(held, u) for u in range(t, t + length)]
    return [min(column) for column in zip(*every, strict=True)]


@given(running, st.lists(st.integers(1, 24), min_size=1, max_size=3), st.integers(1, 15))
def test_the_first_job_starts_as_early_as_it_can(
    held: list[tuple[int, int, int]], pods: list[int], length: int
) -> None:
    profile = Profile(
        0,
        np.array([free_at(held, 0)], np.int64),
        ends(held),
    )
    found = profile.earliest([want(gpus) for gpus in pods], length)
    by_hand = next(
        (
            t
            for t in range(END)
            if seats(np.array([whole_window(held, t, length)]), [want(g) for g in pods]) is not None
        ),
        None,
    )
    assert (found is None) == (by_hand is None)
    if found is not None:
        assert profile.times_us[found[0]] == by_hand


@given(running, jobs)
def test_reservations_never_overcommit_and_low_is_the_running_minimum(
    held: list[tuple[int, int, int]], queue: list[tuple[list[int], int]]
) -> None:
    profile = Profile(
        0,
        np.array([free_at(held, 0)], np.int64),
        ends(held),
    )
    for pods, length in queue:
        wants = [want(gpus) for gpus in pods]
        found = profile.earliest(wants, length)
        assert found is not None, "everything fits on the empty cluster"
        step, nodes = found
        profile.take(nodes, wants, step, int(profile.times_us[step]) + length)
        assert (profile.free >= 0).all()
        assert (np.diff(profile.times_us) >= 0).all()
        assert (profile.low == np.minimum.accumulate(profile.free, axis=0)).all()


def test_a_window_ends_where_the_job_does() -> None:
    profile = Profile(0, np.array([[8, 8, 0]], np.int64), ends([(10, 2, 24)]))
    profile.take([0, 1], [want(8), want(8)], 1, 30)
    assert profile.until(10).tolist() == [[8, 8, 0]], "over before the reservation begins"
    assert profile.until(11).tolist() == [[0, 0, 0]]


@given(running, st.lists(st.integers(1, 24), min_size=1, max_size=3), st.data())
def test_nodes_have_room_since_the_last_that_is_in_the_way_ends(
    held: list[tuple[int, int, int]], pods: list[int], data: st.DataObject
) -> None:
    profile = Profile(0, np.array([free_at(held, 0)], np.int64), ends(held))
    wants = [want(gpus) for gpus in pods]
    nodes = [data.draw(st.integers(0, NODES - 1)) for _ in pods]
    asked = [sum(g for g, n in zip(pods, nodes, strict=True) if n == node) for node in range(NODES)]
    room = [bool((step[0] >= asked).all()) for step in profile.free]
    assert room == [fit_on(step, wants, nodes) for step in profile.free]
    if room[-1]:
        last_without = max((step for step, fits in enumerate(room) if not fits), default=-1)
        assert profile.since(wants, nodes, len(room) - 1) == last_without + 1


def test_seats_may_miss_nodes_that_have_room() -> None:
    free, wants = np.array([[8, 6, 0]], np.int64), [want(3), want(6), want(5)]
    assert seats(free, wants) is None, "3 takes the node of 6"
    assert fit_on(free, wants, [0, 1, 0])
    assert not fit_on(free, wants, [1, 0, 0])
    narrow = Want(amounts(6), np.array([True, False, True]))
    assert not fit_on(free, [wants[0], narrow, wants[2]], [0, 1, 0]), "6 may not go there"
