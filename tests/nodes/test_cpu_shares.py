"""CPU by weight: shares, weights, water-filling."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simk8s.nodes.cpu_shares import divide, fill, shares_of, weight_of
from simk8s.nodes.qos import Qos

B, G, N = Qos.BURSTABLE, Qos.GUARANTEED, Qos.BEST_EFFORT


@pytest.mark.parametrize(
    ("milli", "shares", "weight"),
    [(0, 2, 1), (1, 2, 1), (100, 102, 4), (500, 512, 20), (1000, 1024, 39), (10**9, 262144, 10000)],
)
def test_shares_and_weights_of_kubelet(milli: int, shares: int, weight: int) -> None:
    assert shares_of(milli) == shares
    assert weight_of(shares) == weight


def test_two_pods_share_a_cpu_two_to_one_by_their_requests() -> None:
    """Exactly so under cgroup v1; cpu.weight of v2 is coarse: 39 to 20."""
    assert divide([2000, 2000], [1000, 500], [B, B], 3000, "v1") == [2000, 1000]
    assert divide([2000, 2000], [1000, 500], [G, G], 3000, "v1") == [2000, 1000]
    first, second = divide([2000, 2000], [1000, 500], [B, B], 2950)
    assert (first, second) == (2950 * 39 // 59, 2950 - 2950 * 39 // 59)


def test_who_wants_less_leaves_the_rest_to_the_others() -> None:
    assert divide([200, 4000, 4000], [1000, 1000, 1000], [B, B, B], 3000) == [200, 1400, 1400]


def test_best_effort_pods_live_on_what_is_left() -> None:
    """A group that weighs 1 beside one of 39."""
    first, second = divide([4000, 4000], [1000, 0], [B, N], 4000)
    assert (first, second) == (3900, 100)
    assert divide([1000, 4000], [1000, 0], [B, N], 4000) == [1000, 3000]


@given(
    st.lists(st.tuples(st.integers(0, 5_000), st.integers(1, 500)), min_size=1, max_size=12),
    st.integers(0, 20_000),
)
def test_water_filling_is_fair(pods: list[tuple[int, int]], room: int) -> None:
    wanted, weights = [w for w, _ in pods], [w for _, w in pods]
    granted = fill(wanted, weights, room)
    assert all(0 <= g <= w for g, w in zip(granted, wanted, strict=True))
    assert sum(granted) <= room
    hungry = [i for i, g in enumerate(granted) if g < wanted[i]]
    assert not hungry or room - sum(granted) < len(pods)
    loose = len(pods)  # what rounding leaves goes to whoever comes last
    for i in hungry:  # nobody has more for his weight than one who wants more
        for j in range(len(pods)):
            assert (granted[j] - loose) * weights[i] <= (granted[i] + 1) * weights[j]
