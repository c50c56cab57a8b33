"""Requests cost seats, processors and a shared fsync, and commit at the instant they were told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simk8s.api.etcd import EtcdTimes
from simk8s.api.events import SpamFilter
from simk8s.api.requests import GET_POD, POST_EVENT, POST_TOKEN, kind
from simk8s.api.server import INSTANT, Times
from tests.api.world import DISK, FIXED, SECOND, World


def commits(times: Times, count: int, qps: float = 0.0, burst: int = 1) -> list[int]:
    world = World(times)
    world.write(world.client("test", qps, burst), count)
    return world.run()


def test_an_unloaded_write_computes_then_commits() -> None:
    assert commits(FIXED, 1) == [2_000 + 1_000]


def test_writes_that_are_ready_together_share_an_fsync() -> None:
    assert commits(FIXED, 2) == [3_000] * 2


def test_two_cores_serve_two_at_a_time() -> None:
    assert commits(FIXED, 5) == [3_000, 3_000, 5_000, 5_000, 7_000]


def test_replicas_add_their_cores() -> None:
    assert commits(replace(FIXED, replicas=2), 4) == [3_000] * 4


def test_an_answer_is_not_before_a_backend_commit_in_progress() -> None:
    """A commit every 100 ms, the first of 50 ms: what is answered at 3 ms is applied at 50 ms."""
    slow = replace(DISK, backend_commit=(50_000, 50_000))
    assert commits(replace(FIXED, etcd=slow), 1) == [50_000]


def test_instant_times_commit_at_once() -> None:
    assert commits(INSTANT, 2) == [0, 0]


def test_a_client_sends_its_burst_then_its_rate() -> None:
    sent = commits(INSTANT, 50, qps=20, burst=30)
    assert sent[:30] == [0] * 30
    assert sent[30:] == [50_000 * (i + 1) for i in range(20)]


def test_a_read_needs_no_disk() -> None:
    world = World()
    world.write(world.client(), verb="GET")
    assert world.run() == [2_000]
    assert world.server.etcd.log.commits == 0


def test_a_request_that_stores_nothing_needs_none_either() -> None:
    world = World()
    world.client("kubelet").note(POST_TOKEN)
    assert world.server.etcd.log.commits == 0
    assert world.server.cpu.served == 1


# --- shadows


def test_shadows_cost_and_make_no_event() -> None:
    world = World()
    client = world.client("kubelet")
    for _ in range(20):
        client.note(POST_EVENT)
    assert world.clock.run(SECOND).value == "drained"
    assert world.clock.now_us == 0, "an event"
    assert (world.server.cpu.served, world.server.etcd.log.commits) == (20, 20)


def test_others_wait_for_shadows() -> None:
    world = World()
    client = world.client()
    client.note(GET_POD, 4)
    world.write(client)
    assert world.run() == [4_000 + 3_000]


def test_shadows_take_tokens_of_the_client_that_sends_them() -> None:
    world = World(INSTANT)
    own, separate = world.client("controller/x", 10, 1), world.client("s/events", 10, 1)
    scheduler = world.client("kube-scheduler", 10, 1, events=separate)
    for client in (own, scheduler):
        client.note(POST_EVENT)
        world.write(client)
    assert world.run() == [0, 100_000]
    assert (own.throttled_us, scheduler.throttled_us) == (100_000, 0)


def test_a_shadow_that_was_held_back_costs_when_it_leaves() -> None:
    """Five at 10 a second: the fourth leaves after 400 ms and meets the write of that instant."""
    world = World(replace(FIXED, cores=1))
    world.client("controller/x", 10, 1).note(POST_EVENT, 5)
    user = world.client()
    world.at(399_000, lambda: world.write(user))
    world.at(401_000, lambda: world.write(user))
    world.run()
    # The first is alone; the second waits for the shadow, which computes from 401 to 403 ms.
    assert world.done == [402_000, 403_000 + 2_000 + 1_000]


def test_a_full_event_queue_drops() -> None:
    world = World()
    client = world.client("controller/x", 10, 1)
    client.note(POST_EVENT, 1_500)
    assert client.dropped == 1_500 - 1 - 1_000


def test_the_spam_filter_passes_25_of_an_object() -> None:
    spam = SpamFilter()
    assert sum(spam.passes("rs/web", 0) for _ in range(100)) == 25
    assert spam.passes("rs/other", 0)
    assert spam.passes("rs/web", 301 * SECOND)
    assert not spam.passes("rs/web", 301 * SECOND)


# --- clients


def test_a_user_has_so_many_requests_under_way() -> None:
    world = World(replace(FIXED, cores=100))
    client = world.client("user", in_flight=2)
    world.write(client, 6)
    assert world.run() == [3_000, 3_000, 6_000, 6_000, 9_000, 9_000]
    assert client.throttled_us == 2 * 3_000 + 2 * 6_000


def test_nodes_have_buckets_of_their_own() -> None:
    world = World(INSTANT)
    kubelet = world.client("kubelet", node_limit=(10, 1))
    for row in (1, 1, 2):
        world.write(kubelet.of(row))
    assert world.run() == [0, 0, 100_000]
    assert kubelet.totals()[:2] == (3, 100_000)
    assert kubelet.of(1) is kubelet.of(1)
    assert kubelet.of(1).flow != kubelet.of(2).flow


# --- measurements


def test_what_was_asked_becomes_rows() -> None:
    world = World()
    user, node = world.client("user", 1, 1), world.client("kubelet")
    world.write(user, 2)
    node.note(GET_POD)
    world.at(301 * SECOND, lambda: node.note(GET_POD, 3))
    world.run()
    rows = list(world.server.meters.rows())
    assert rows == [
        ("kubelet", "GET", "pods", 0, 1, 0, 0, 0, 3_000.0 - 1_000, 2_000, 2_000, 2_000, 2_000, 0),
        ("kubelet", "GET", "pods", 300 * SECOND, 3, 0, 0, 0, 8_000 / 3, 2_000, 2_000, 2_000,
         4_000, 0),
        ("user", "POST", "things", 0, 2, 0, 0, 0, 3_000.0, 3_000, 3_000, 3_000, 3_000, SECOND),
    ]  # fmt: skip


def test_a_list_takes_seats_and_time_by_what_it_returns() -> None:
    world = World(Times(cores=1))
    world.server.counts = {"pods": 100}.get  # type: ignore[assignment]
    client = world.client()
    client.note(kind("LIST", "pods"))
    level = world.server.levels.of("user", kind("LIST", "pods"))
    assert level is not None
    assert level.queue.seats_in_use == 5  # 100 pods of 4.5 kB
    world.server.counts = {"pods": 5_000}.get  # type: ignore[assignment]
    client.note(kind("LIST", "pods"))
    assert level.queue.seats_in_use == 5 + 8  # 10 from the cache, 8 at this level
    assert world.server.cpu.busy_us > 5_100 * 15


@pytest.mark.parametrize("times", [Times(), Times(replicas=3, etcd=EtcdTimes(members=3))])
def test_the_same_seed_gives_the_same_latencies(times: Times) -> None:
    assert commits(times, 50) == commits(times, 50)
