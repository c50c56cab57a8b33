"""Commits: quorum, slow disks, elections, space."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from simk8s.api.etcd import COMPACTION_US, MAX_PENDING, REFUSED, Etcd, EtcdTimes
from simk8s.api.requests import POST_EVENT, PUT_LEASE
from simk8s.kernel.streams import Streams
from tests.api.world import DISK, FIXED, MS, SECOND, World

MIB = 1 << 20
DRAWN = EtcdTimes(fsync=(1_000, 5_000), backend_commit=(0, 0), apply_us=0, round_trip_us=0)


def etcd(times: EtcdTimes, seed: int = 1) -> Etcd:
    return Etcd(times, Streams(seed).get("etcd"))


def unloaded(times: EtcdTimes, n: int = 8_000) -> np.ndarray:
    found = etcd(times)
    return np.array([found.commit(t, 0) - t for t in range(0, n * SECOND, SECOND)])


@pytest.mark.parametrize("members", [1, 3, 5])
def test_half_of_the_commits_take_no_longer_than_the_median_disk(members: int) -> None:
    """The middle one of an odd number of equal disks has the median of one."""
    took = unloaded(replace(DRAWN, members=members))
    assert np.median(took) == pytest.approx(1_000, rel=0.03)


def test_a_quorum_hides_the_slowest_disk() -> None:
    """P(second of three > x) = 3 q² (1 − q) + q³ with q = P(one > x); at the 99th percentile."""
    took = unloaded(replace(DRAWN, members=3), 40_000)
    q = 0.01
    expected = 3 * q * q * (1 - q) + q**3
    assert (took > 5_000).mean() == pytest.approx(expected, rel=0.6)
    assert (unloaded(DRAWN, 40_000) > 5_000).mean() == pytest.approx(q, rel=0.15)


def test_a_majority_needs_the_way_to_a_follower() -> None:
    times = EtcdTimes(3, 500, (1_000, 1_000), (0, 0), 0)
    assert set(unloaded(times, 5)) == {1_500}
    assert set(unloaded(replace(times, members=1), 5)) == {1_000}
    assert etcd(replace(times, members=5)).quorum == 3


def test_the_leaders_disk_is_free_before_a_majority_has_answered() -> None:
    """Two flushes pipeline: the second is answered one fsync after the first, not one turn."""
    found = etcd(EtcdTimes(3, 5_000, (1_000, 1_000), (0, 0), 0))
    assert [found.commit(0, 0), found.commit(10, 0), found.commit(1_010, 0)] == [
        6_000, 7_000, 8_000,
    ]  # fmt: skip


def test_a_slow_disk_takes_as_many_times_as_long() -> None:
    found, same = etcd(DRAWN), etcd(DRAWN)
    found.slow(20_000)
    took = [found.commit(t, 0) - t for t in range(0, 500 * SECOND, SECOND)]
    assert took == [20 * (same.commit(t, 0) - t) for t in range(0, 500 * SECOND, SECOND)]
    found.slow(2_000)
    found.recover(20_000)
    t = 1_000 * SECOND
    assert found.commit(t, 0) - t == 2 * (same.commit(t, 0) - t)


def test_a_slow_disk_under_load_answers_as_group_commit_says() -> None:
    """At many writes per flush everybody waits half a flush for the next one, which takes one."""
    found = etcd(DISK)
    found.slow(10_000)
    gaps = Streams(3).get("gaps").exponential(500, 20_000)
    arrivals = np.cumsum(gaps).astype(np.int64).tolist()
    took = np.mean([found.commit(t, 0) - t for t in arrivals])
    assert took == pytest.approx(1.5 * 10_000, rel=0.03)


# --- elections


def test_an_election_stalls_writes_for_1_to_3_s_and_loses_nothing() -> None:
    stalls = set()
    for seed in range(30):
        world = World(replace(FIXED, cores=100), seed)
        user = world.client()
        for n in range(200):
            world.at(n * 10 * MS, lambda w=world, u=user: w.write(u))  # type: ignore[misc]
        until = []
        world.at(SECOND + MS, lambda w=world, u=until: u.append(w.server.lose_leader()))  # type: ignore[misc]
        world.run()
        (until_us,) = until
        assert SECOND <= until_us - SECOND - MS <= 3 * SECOND
        assert len(world.done) == 200
        assert not [t for t in world.done if SECOND + MS < t < until_us]
        assert max(world.done) <= max(until_us, 2 * SECOND) + 10 * MS
        stalls.add(until_us)
    assert len(stalls) == 30


def test_reads_go_on_during_an_election() -> None:
    world = World()
    user = world.client()
    world.at(MS, world.server.lose_leader)
    world.at(2 * MS, lambda: world.write(user, verb="GET"))
    assert world.run()[0] == 4 * MS


def test_what_was_under_way_is_late_by_the_election() -> None:
    world = World()
    world.write(world.client())
    until = []
    world.at(MS, lambda: until.append(world.server.lose_leader()))
    assert world.run() == [3 * MS + until[0] - MS]
    (row,) = world.server.meters.rows()
    assert row[12] == world.done[0], "measured as it was, not as it was foreseen"


def test_seats_are_kept_through_an_election() -> None:
    world = World(replace(FIXED, cores=1_000))
    user = world.client()
    world.write(user, 49)
    until = []
    world.at(MS, lambda: until.append(world.server.lose_leader()))
    world.at(10 * MS, lambda: world.write(user, verb="GET"))
    world.run()
    assert world.done[-1] == until[0] + 2 * MS + 2 * MS


# --- space


def test_above_the_quota_writes_are_refused_until_the_compaction_has_made_room() -> None:
    found = etcd(replace(DISK, quota_bytes=10 * MIB))
    asked = [found.commit(t * SECOND, MIB) for t in range(12)]
    assert [answer == REFUSED for answer in asked] == [False] * 11 + [True]
    assert (found.alarms, found.refused) == (1, 1)
    # The first compaction keeps what was written since the one before: all of it.
    assert found.commit(COMPACTION_US + 1, MIB) == REFUSED
    assert found.commit(2 * COMPACTION_US + 1, MIB) != REFUSED
    assert found.size_bytes(2 * COMPACTION_US + 2) == MIB


def test_live_objects_stay() -> None:
    found = etcd(replace(DISK, quota_bytes=10 * MIB))
    found.live_bytes = lambda: 12 * MIB
    assert found.commit(1, MIB) != REFUSED  # nobody has counted yet
    for k in range(1, 5):
        assert found.commit(k * COMPACTION_US, MIB) == REFUSED


def test_events_live_for_an_hour() -> None:
    found = etcd(DISK)
    found.commit(1, MIB, True)
    sizes = [found.size_bytes(k * COMPACTION_US) for k in range(16)]
    assert sizes[2:12] == [MIB] * 10
    assert sizes[13:] == [0] * 3


def test_a_refused_write_is_sent_again_until_there_is_room() -> None:
    world = World(replace(FIXED, etcd=replace(DISK, quota_bytes=MIB)))
    user = world.client()
    world.write(user, 700, resource="pods")  # 3 kB each
    world.run(30 * SECOND)
    assert len(world.done) == 350
    assert world.server.refused >= 350
    world.run(3_000 * SECOND)
    assert len(world.done) == 700
    assert user.retries == sum(row[5] for row in world.server.meters.rows())
    (*_, last) = sorted(world.server.meters.rows(), key=lambda row: row[3])
    assert sum(row[4] - row[5] for row in world.server.meters.rows()) == 700
    assert last[3] >= COMPACTION_US


def test_background_writes_grow_the_database_too() -> None:
    world = World(replace(FIXED, etcd=replace(DISK, quota_bytes=4 << 30)))
    world.server.background("leases", PUT_LEASE, 1_000, "kubelet")
    grown = world.server.etcd.size_bytes(100 * SECOND)
    assert grown == 100 * 1_000 * 400
    # Between compactions at 300 and 600 s what is kept are 300 to 600 s.
    assert world.server.etcd.size_bytes(1_000 * SECOND) == 400 * 1_000 * 400


def test_proposals_wait_5000_deep_at_most() -> None:
    found = etcd(DISK)
    found.commit(0, 0)
    answers = [found.commit(1, 0) for _ in range(MAX_PENDING + 10)]
    assert answers.count(REFUSED) == 10


def test_shadows_that_etcd_refuses_are_gone() -> None:
    world = World(replace(FIXED, etcd=replace(DISK, quota_bytes=MIB)))
    world.server.etcd.history_bytes = 2 * MIB
    world.client("kubelet").note(POST_EVENT)
    assert world.clock.run(10**12).value == "drained"
    assert world.clock.now_us == 0
    assert world.server.refused == 1
