"""Periodic requests as rates against the same requests as events; fan-out; overload."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from simk8s.api.background import Background, Stream, erlang_c
from simk8s.api.fanout import Fanout
from simk8s.api.requests import PUT_LEASE, kind
from simk8s.api.server import INSTANT, Times
from simk8s.api.watch import ChangeLog, Verb
from simk8s.kernel.clock import Clock
from simk8s.kernel.phase import Phase
from simk8s.kernel.streams import Streams
from tests.api.world import FIXED, MS, SECOND, World
from tests.kernel.test_theory import erlang_c as erlang_c_by_definition

NODES = 50


@pytest.mark.parametrize(("servers", "load"), [(1, 0.3), (2, 1.5), (8, 7.0), (64, 50.0)])
def test_erlang_c(servers: int, load: float) -> None:
    expected = erlang_c_by_definition(servers, load)
    assert erlang_c(servers, load) == pytest.approx(expected)


def probe_latency_us(times: Times, lease_gap_us: int, explicit: bool, seed: int) -> float:
    """Mean latency of a thousand writes at random instants beside 50 nodes' leases."""
    world = World(times, seed)
    user, kubelet, rng = world.client(), world.client("kubelet"), Streams(seed).get("test")
    n, span_us = 1_500, 1_500 * 60 * MS
    for t_us in np.sort(rng.integers(0, span_us, n)).tolist():
        world.at(t_us, lambda: world.write(user))
    if explicit:
        for node in range(NODES):
            phase = int(rng.integers(0, lease_gap_us))
            for t_us in range(phase, span_us, lease_gap_us + int(rng.integers(0, 40))):
                world.at(t_us, lambda row=node: kubelet.of(row).note(PUT_LEASE))  # type: ignore[misc]
    else:
        world.server.background("leases", PUT_LEASE, NODES * 1e6 / (lease_gap_us + 20), "kubelet")
    world.run(10**13)
    assert len(world.latencies) == n
    return float(np.mean(world.latencies))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("gap_us", "tolerance"),
    [
        (10 * SECOND, 0.01),  # as they are: 5 a second
        (500 * MS, 0.03),  # 100 a second: a twentieth of the processors
        (100 * MS, 0.04),  # 500 a second: a fifth of the processors and 45 % of the disk
    ],
)
def test_rates_delay_others_as_events_do(gap_us: int, tolerance: float) -> None:
    times = Times(cores=2)
    seeds = range(4)
    events = np.mean([probe_latency_us(times, gap_us, True, seed) for seed in seeds])
    rates = np.mean([probe_latency_us(times, gap_us, False, seed) for seed in seeds])
    assert rates == pytest.approx(events, rel=tolerance)


def test_rates_make_no_events() -> None:
    world = World(Times())
    world.server.background("leases", PUT_LEASE, 1_000, "kubelet")
    assert world.clock.run(10**12).value == "drained"
    assert world.clock.now_us == 0
    (row,) = [row for row in world.server.rows(100 * SECOND) if row[0] == "background/leases"]
    assert row[2] == 100_000


def test_an_instant_server_has_no_background() -> None:
    world = World(INSTANT)
    world.server.background("leases", PUT_LEASE, 1e9, "kubelet")
    world.write(world.client())
    assert world.run() == [0]


def stream(per_second: float, mean_us: float, level: str = "node-high") -> Stream:
    return Stream("leases", PUT_LEASE, level, mean_us, 2 * mean_us**2, 0, per_second)


def test_one_processor_is_waited_for_as_in_m_m_1() -> None:
    load = Background(1, {"leases": stream(500, 1_000)})
    load.update({"node-high": 98})
    assert (load.wait_us, load.alone, load.crowded) == (1_000, 1_000, 2_000)


def test_what_is_left_of_full_processors_is_what_background_leaves() -> None:
    load = Background(4, {"leases": stream(2_000, 1_000)})
    load.update({"node-high": 98})
    assert load.crowded == 2_000
    expected_us = erlang_c_by_definition(4, 2.0) / 2 * 1_000
    assert load.wait_us == pytest.approx(expected_us, abs=1)


def test_seats_bound_what_background_can_take() -> None:
    """A thousandfold overload of a level with 9 seats on 2 processors: one of ten computing."""
    load = Background(2, {"leases": stream(1e6, 2_000)})
    load.update({"node-high": 9})
    assert load.alone == load.crowded == 5_000
    assert load.seats == {"node-high": 9}


def latency_under_load(per_second: float, client: str) -> tuple[int, int]:
    """Of a scheduler's and of a user's write, in µs."""
    world = World(FIXED)
    lists = kind("GET", "things")
    world.server.background("overload", lists, per_second, client)
    world.write(world.client("kube-scheduler"))
    world.at(SECOND, lambda: world.write(world.client("user")))
    world.run()
    world.server.background("overload", lists, 0, client)
    return world.latencies[0], world.latencies[1]


def test_overload_slows_everybody_down_through_the_processors() -> None:
    free, busy, flooded = (latency_under_load(rate, "user") for rate in (0, 700, 1e6))
    assert free == (3 * MS, 3 * MS)
    assert 3 * MS < busy[0] < 8 * MS
    # 49 seats of global-default compute beside it on two cores.
    assert flooded[0] == 1 * MS + 2 * MS * 25


def test_overload_leaves_others_a_share_of_its_level() -> None:
    world = World(FIXED)
    world.server.background("overload", kind("GET", "things"), 1e6, "user")
    level = world.server.levels.of("user", kind("GET", "things"))
    assert level is not None
    assert level.queue.seats == 7  # one of seven flows
    world.server.background("overload", kind("GET", "things"), 0, "user")
    assert level.queue.seats == 49


# --- watches


def seen(watchers: int, gap_us: int, events: int = 200) -> list[int]:
    """Lag of each event of a log with so many watchers beside one cursor."""
    clock, fanout = Clock(), Fanout(base_ns=20_000, watcher_ns=1_000)
    log = ChangeLog(clock, "endpointslices", fanout)
    fanout.set("endpointslices", watchers)
    lags: list[int] = []
    written = {}

    def read(now_us: int) -> None:
        lags.extend(now_us - written[n] for _, _, n in cursor.drain(now_us))

    def write(now_us: int, numbers: list[int]) -> None:
        for n in numbers:
            written[n] = now_us
            log.append(Verb.UPDATED, n)

    cursor = log.subscribe(clock.bell("reader", Phase.DELIVER, read), 1_000)
    lane = clock.lane("writer", Phase.ARRIVE, write)
    for n in range(events):
        lane.at(n * gap_us, n)
    clock.run(10**12)
    assert len(lags) == events
    return lags


def test_the_lag_grows_with_watchers() -> None:
    assert set(seen(0, SECOND)) == {1_000 + 20 + 1}
    assert set(seen(2_500, SECOND)) == {1_000 + 20 + 2_501}
    assert set(seen(5_000, SECOND)) == {1_000 + 20 + 5_001}


def test_the_lag_grows_with_the_rate_of_events() -> None:
    """5 ms an event: at one per 4 ms each event waits a millisecond longer than the one before."""
    lags = seen(5_000, 4_000)
    assert lags == [1_000 + 5_021 + 1_021 * n for n in range(200)]


def test_watchers_come_and_go() -> None:
    clock, fanout = Clock(), Fanout(base_ns=0, watcher_ns=1_000)
    log = ChangeLog(clock, "pods", fanout)
    bell = clock.bell("reader", Phase.DELIVER, lambda now: None)
    cursors = [log.subscribe(bell) for _ in range(3)]
    assert (fanout.of("pods"), fanout.of("pods/status"), log.dispatch_us) == (3, 3, 3)
    log.unsubscribe(cursors[0])
    assert log.dispatch_us == 2


def test_a_hand_made_log_is_seen_at_once() -> None:
    clock = Clock()
    log = ChangeLog(clock, "pods")
    cursor = log.subscribe(clock.bell("reader", Phase.DELIVER, lambda now: None))
    log.append(Verb.ADDED, 1)
    assert cursor.drain(0) == [(0, Verb.ADDED, 1)]


def test_telling_watchers_takes_processor_time() -> None:
    world = World(replace(FIXED, dispatch_ns=(20_000, 1_000)))
    world.server.fanout.set("things", 1_000)
    world.write(world.client())
    assert world.run() == [3 * MS + 20 + 1_000]
