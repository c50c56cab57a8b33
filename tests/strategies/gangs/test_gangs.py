"""What strategies of gangs do with a queue, in a world with nothing but them."""

from __future__ import annotations

from typing import Any

import pytest

from simk8s import catalog
from simk8s.state.audit import audit
from simk8s.state.podgroups import GANG_SIZE
from simk8s.strategies._gangs.jobs import ESTIMATE
from simk8s.strategies.base import Strategy
from tests.world import SECOND, World, node, world

MINUTE = 60 * SECOND


def made(name: str, **params: Any) -> World:
    strategy: type[Strategy] = catalog.resolve("strategies", name)
    return world(strategy=strategy, params=catalog.params_of("strategies", name)(**params))


def pod(cpu: str, group: str = "", size: int = 1, estimate: str = "") -> dict[str, Any]:
    annotations = {GANG_SIZE: str(size)} if group else {}
    annotations |= {ESTIMATE: estimate} if estimate else {}
    requests = {"cpu": cpu, "memory": "1Mi"}
    spec: dict[str, Any] = {"containers": [{"name": "main", "resources": {"requests": requests}}]}
    if group:
        spec["schedulingGroup"] = {"podGroupName": group}
    return {"metadata": {"annotations": annotations, "labels": {"app": group or "one"}},
            "spec": {"restartPolicy": "Never"} | spec}  # fmt: skip


def queue(w: World) -> list[int]:
    """Two nodes of 8: a long job on one, a job of both, a short and a long small one."""
    for name in "ab":
        w.add_node(node(name, 8_000))
    found = [
        w.create(pod("8", "running"), 1, lifetime_us=10 * MINUTE),
        w.create(pod("8", "wide", 2), 2, lifetime_us=10 * MINUTE),
        w.create(pod("4", "short"), 1, lifetime_us=5 * MINUTE),
        w.create(pod("4", "long"), 1, lifetime_us=60 * MINUTE),
    ]
    w.run(200 * MINUTE)
    audit(w.cluster)
    return [w.cluster.pods.scheduled_us[pods[0]] // MINUTE for pods in found]


@pytest.mark.parametrize(
    ("name", "params", "wanted"),
    [
        # nobody overtakes: the wide job ends before anybody behind it starts
        ("gang_fifo", {}, [0, 10, 20, 20]),
        # the short one is done when the wide one can start, the long one would delay it
        ("gang_backfill", {"kind": "easy"}, [0, 10, 0, 20]),
        ("gang_backfill", {"kind": "conservative"}, [0, 10, 0, 20]),
        # whoever has room starts: the wide job waits for the long one
        ("gang_best_fit", {}, [0, 60, 0, 0]),
    ],
)
def test_who_overtakes_whom(name: str, params: dict[str, Any], wanted: list[int]) -> None:
    assert queue(made(name, **params)) == wanted


@pytest.mark.parametrize("name", ["gang_fifo", "gang_backfill", "gang_best_fit"])
def test_a_gang_starts_as_a_whole(name: str) -> None:
    w = made(name)
    for each in "abc":
        w.add_node(node(each, 8_000))
    w.create(pod("8", "first"), 1, lifetime_us=5 * MINUTE)
    gang = w.create(pod("8", "gang", 3), 3, lifetime_us=MINUTE)
    late = w.create(pod("1", "late", 2), 1, lifetime_us=MINUTE)
    w.run(20 * MINUTE)
    starts = {w.cluster.pods.scheduled_us[one] for one in gang}
    assert len(starts) == 1
    assert min(starts) // MINUTE == 5
    assert w.cluster.pods.scheduled_us[late[0]] == -1, "its other pod never comes"
    audit(w.cluster)


def test_one_that_can_never_fit_holds_nobody_up() -> None:
    w = made("gang_fifo")
    w.add_node(node("a", 8_000))
    huge = w.create(pod("9"), 1)
    small = w.create(pod("1"), 1)
    w.run(MINUTE)
    assert w.cluster.pods.scheduled_us[huge[0]] == -1
    assert w.cluster.pods.scheduled_us[small[0]] >= 0


def test_an_estimate_that_is_too_long_keeps_a_short_job_back() -> None:
    starts = []
    for said in ("4m", "40m"):
        w = made("gang_backfill")
        for each in "ab":
            w.add_node(node(each, 8_000))
        w.create(pod("8", "running"), 1, lifetime_us=10 * MINUTE)
        w.create(pod("8", "wide", 2), 2, lifetime_us=10 * MINUTE)
        short = w.create(pod("4", "short", estimate=said), 1, lifetime_us=4 * MINUTE)
        w.run(60 * MINUTE)
        starts.append(w.cluster.pods.scheduled_us[short[0]] // MINUTE)
    assert starts == [0, 20]


def test_a_pod_that_is_deleted_leaves_the_queue() -> None:
    w = made("gang_fifo")
    w.add_node(node("a", 8_000))
    w.create(pod("8", "first"), 1, lifetime_us=10 * MINUTE)
    blocked = w.create(pod("8", "gone"), 1)
    behind = w.create(pod("8", "behind"), 1, lifetime_us=MINUTE)
    w.run(MINUTE)
    w.store.delete_pod(blocked[0], 0)
    w.run(20 * MINUTE)
    assert w.cluster.pods.scheduled_us[behind[0]] // MINUTE == 10


def test_each_waiting_pod_is_tried_once() -> None:
    w = made("gang_fifo")
    w.add_node(node("a", 8_000))
    pods = w.create(pod("8"), 30, lifetime_us=MINUTE)
    w.run(60 * MINUTE)
    attempts = [w.cluster.pods.attempts[one] for one in pods]
    assert attempts == [1] + [2] * 29, "rejected once, placed once"
