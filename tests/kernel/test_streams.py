"""Named streams: independent of each other, dependent on the seed."""

from __future__ import annotations

import numpy as np
import pytest

from simk8s.errors import InvariantError
from simk8s.kernel.streams import Streams, counter_hash


def test_a_new_name_leaves_the_draws_of_others_as_they_were() -> None:
    alone = Streams(7).get("arrivals").random(8)
    streams = Streams(7)
    streams.get("a newcomer").random(100)
    assert np.array_equal(streams.get("arrivals").random(8), alone)


def test_the_draws_are_these_on_every_machine() -> None:
    stream = Streams(1).get("workload/web")
    assert stream.integers(0, 1000, 4).tolist() == [53, 303, 723, 772]


def test_names_and_seeds_make_different_streams() -> None:
    draws = {
        (seed, name): Streams(seed).get(name).random()
        for seed in range(20)
        for name in ("a", "b", "", "aa", "ä")
    }
    assert len(set(draws.values())) == len(draws)


def test_one_name_is_one_stream() -> None:
    streams = Streams(3)
    first, second = streams.get("x").random(), streams.get("x").random()
    assert [first, second] == Streams(3).get("x").random(2).tolist()


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(InvariantError):
        Streams(-1)


def test_counter_hash_is_uniform_and_reproducible() -> None:
    draws = np.array([counter_hash(1, node, k) for node in range(100) for k in range(100)])
    assert draws.min() >= 0.0
    assert draws.max() < 1.0
    counts, _ = np.histogram(draws, bins=20, range=(0.0, 1.0))
    assert ((counts - 500) ** 2 / 500).sum() < 43.8  # chi-square, 19 degrees, 99.9 %
    assert abs(np.corrcoef(draws[:-1], draws[1:])[0, 1]) < 0.04
    assert counter_hash(1, 2, 3) == counter_hash(1, 2, 3)


def test_counter_hash_tells_its_arguments_apart() -> None:
    arguments = [(0,), (0, 0), (0, 1), (1, 0), (1,), (0, 0, 0), (0, -1), (0, 2**64 - 2)]
    assert len({counter_hash(*each) for each in arguments}) == len(arguments)
