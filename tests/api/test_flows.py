"""Priority levels: seats, who queues where, borrowing, isolation, refusals and retries."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simk8s.api.flows import LEVELS, allocate, flow_hash, level_of, nominal_seats, widest
from simk8s.api.requests import PATCH_NODE_STATUS, PUT_LEASE, kind
from simk8s.api.server import RETRY_AFTER_US
from tests.api.world import FIXED, MS, SECOND, World

BUSY = replace(FIXED, cores=1_000)
"""Only seats are scarce."""


def test_nominal_seats_of_600() -> None:
    """Test vector of the behaviour notes."""
    assert list(nominal_seats(600).values()) == [74, 98, 25, 98, 245, 49, 13]


def test_no_request_is_wider_than_its_level_allows() -> None:
    nominal = nominal_seats(600)
    caps = {level.name: widest(level, nominal[level.name]) for level in LEVELS}
    assert caps == {
        "system": 12, "node-high": 15, "leader-election": 4, "workload-high": 15,
        "workload-low": 37, "global-default": 8, "catch-all": 2,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("client", "request_kind", "level"),
    [
        ("kubelet", PUT_LEASE, "node-high"),
        ("kubelet", PATCH_NODE_STATUS, "node-high"),
        ("kubelet", kind("PATCH", "pods/status"), "system"),
        ("kube-scheduler", kind("POST", "pods/binding"), "workload-high"),
        ("kube-scheduler", PUT_LEASE, "leader-election"),
        ("kube-scheduler/events", kind("POST", "events"), "workload-high"),
        ("controller/replicaset", kind("POST", "pods"), "workload-high"),
        ("kube-system/coredns", kind("LIST", "services"), "workload-high"),
        ("serviceaccount/default/app", kind("GET", "pods"), "workload-low"),
        ("user", kind("POST", "pods"), "global-default"),
        ("system:anonymous", kind("GET", "pods"), "catch-all"),
        ("system:masters", kind("GET", "pods"), "exempt"),
    ],
)
def test_flow_schemas(client: str, request_kind: object, level: str) -> None:
    assert level_of(client, request_kind) == level  # type: ignore[arg-type]


def test_flows_are_told_apart_and_stay_the_same() -> None:
    assert flow_hash("user") == 0x0 or flow_hash("user") != flow_hash("kubelet")
    assert len({flow_hash("kubelet", row) for row in range(1_000)}) == 1_000
    assert flow_hash("kubelet", 3) == flow_hash("kubelet", 3)


levels = st.lists(st.tuples(st.integers(1, 100), st.integers(0, 1_000)), min_size=1, max_size=8)


@given(levels, st.integers(0, 1_000))
def test_allocated_seats_add_up_and_keep_what_is_not_lent(
    each: list[tuple[int, int]], spare: int
) -> None:
    least, wanted = [a for a, _ in each], [b for _, b in each]
    total = sum(least) + spare
    seats = allocate(total, least, wanted)
    assert all(s >= floor for s, floor in zip(seats, least, strict=True))
    assert total - len(each) <= sum(seats) <= total
    ranked = sorted(zip(wanted, least, seats, strict=True))
    for (want, floor, got), (more, other, most) in pairwise(ranked):
        if want <= more and floor <= other:
            assert got <= max(most, floor), "asked for less and got more"


# --- at work


def seats(world: World, client: str) -> int:
    level = world.server.levels.of(client, kind("POST", "things"))
    assert level is not None
    return level.queue.seats


def test_a_level_serves_as_many_at_once_as_it_has_seats() -> None:
    world = World(BUSY)
    world.write(world.client(), 60)
    world.run(3 * MS)
    assert len(world.done) == 49
    world.run()
    assert set(world.done) == {3 * MS, 6 * MS}


def test_who_finds_its_queues_full_is_told_and_comes_back_after_a_second() -> None:
    world = World(BUSY)
    user = world.client()
    world.write(user, 49 + 6 * 50 + 7)
    assert user.retries == 7
    world.run()
    assert len(world.done) == 356
    late = [t for t in world.done if t >= RETRY_AFTER_US]
    assert late == [RETRY_AFTER_US + 3 * MS] * 7
    (row,) = world.server.meters.rows()
    assert row[4:6] == (356 + 7, 7)


def test_who_waits_15_s_is_told_and_comes_back() -> None:
    world = World(replace(BUSY, service_us=20 * SECOND))
    users = [world.client(f"user-{n}") for n in range(20)]
    for user in users:
        world.write(user, 50)
    world.run(14 * SECOND)
    assert sum(user.retries for user in users) == 0
    started = seats(world, "user")
    world.run(15 * SECOND)
    assert sum(user.retries for user in users) == 1_000 - started
    world.run()
    assert len(world.done) == 1_000


def test_overload_of_a_level_does_not_delay_another() -> None:
    """Users flood global-default; what the scheduler binds takes what it takes alone."""
    world = World(BUSY)
    users = [world.client(f"user-{n}") for n in range(20)]
    scheduler = world.client("kube-scheduler")
    for user in users:
        world.write(user, 300)
    world.at(5 * MS, lambda: world.write(scheduler, 50))
    world.run()
    binding = next(row for row in world.server.meters.rows() if row[0] == "kube-scheduler")
    assert binding[4:8] == (50, 0, 0, 0), "waited or was refused"
    assert binding[12] == 3 * MS
    assert sum(user.retries for user in users) > 1_000
    assert len(world.done) == 20 * 300 + 50


def test_a_level_in_need_borrows_every_ten_seconds_and_gives_back() -> None:
    world = World(replace(BUSY, service_us=100 * MS))
    users = [world.client(f"user-{n}") for n in range(20)]

    def flood() -> None:
        for user in users:
            world.write(user, 40)

    for second in range(25):
        world.at(second * SECOND, flood)
    world.run(9 * SECOND)
    assert seats(world, "user") == 49
    world.run(10 * SECOND)
    more = seats(world, "user")
    assert more > 200, "others are idle and lend"
    assert seats(world, "kube-scheduler") == 49, "half of 98 is not lent"
    assert seats(world, "kubelet") == 50, "of system, 33 % is lent"
    world.run(25 * SECOND)
    assert seats(world, "user") > 49
    world.run(60 * SECOND)
    assert seats(world, "user") == 49
    assert world.clock.run(10**12).value == "drained", "nothing ticks while nobody waits"
    assert len(world.done) == 25 * 800


def test_nothing_ticks_while_nobody_waits() -> None:
    world = World(BUSY)
    world.write(world.client(), 49)
    world.run()
    assert world.clock.now_us == 3 * MS


def test_without_fairness_two_limits_reject_at_once() -> None:
    world = World(replace(BUSY, fair=False))
    user = world.client()
    world.write(user, 210)
    world.write(user, 410, verb="GET")
    assert user.retries == 10 + 10
    world.run()
    assert len(world.done) == 620


def test_replicas_add_their_seats() -> None:
    world = World(replace(BUSY, replicas=3))
    world.write(world.client(), 3 * 49)
    assert set(world.run()) == {3 * MS}


def test_a_write_keeps_seats_while_its_watchers_are_told() -> None:
    """25 watchers: 3 seats for 15 ms in all after the answer."""
    world = World(BUSY)
    world.server.fanout.set("things", 25)
    user = world.client()
    world.write(user)
    level = world.server.levels.of("user", kind("POST", "things"))
    assert level is not None
    assert level.queue.seats_in_use == 3
    port = world.server.port("user", kind("POST", "things"))
    assert (port.linger_seats, port.linger_us) == (3, 5 * MS)
    world.server.fanout.set("things", 1_000)
    assert (port.linger_seats, port.linger_us) == (10, 50 * MS)
    world.server.fanout.set("things", 0)
    assert (port.linger_seats, port.linger_us) == (0, 0)
