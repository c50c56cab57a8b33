"""quota_queues and drf in a world with nothing but them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from simk8s import catalog
from simk8s.state.audit import audit
from simk8s.state.podgroups import GANG_SIZE
from simk8s.state.pods import Loss
from simk8s.strategies._queues.gangs import GROUP, TOTAL
from simk8s.strategies._queues.setup import LABEL
from simk8s.strategies.base import Strategy
from tests.world import SECOND, World, node, world

MINUTE = 60 * SECOND
LOCAL = {"default/a": "a", "default/b": "b"}


def made(name: str, **params: Any) -> World:
    strategy: type[Strategy] = catalog.resolve("strategies", name)
    return world(strategy=strategy, params=catalog.params_of("strategies", name)(**params))


def queues(*, within: str = "Never", reclaim: str = "Never", **more: Any) -> World:
    """Two queues of 8 CPUs in a cohort, and 16 CPUs."""
    rules = {"withinClusterQueue": within, "reclaimWithinCohort": reclaim}
    w = made(
        "quota_queues",
        clusterQueues=[
            {"name": name, "cohort": "all", "resources": {"cpu": 8, "memory": "1Ti"},
             "preemption": rules} | more
            for name in "ab"
        ],
        localQueues=LOCAL,
    )  # fmt: skip
    for name in ("n1", "n2"):
        w.add_node(node(name, 8_000))
    return w


def pod(
    cpu: str, queue: str = "", *, group: str = "", size: int = 1, priority: int = 0, **labels: str
) -> Mapping[str, Any]:
    marks = {LABEL: queue} if queue else {}
    notes = {}
    if group:
        marks[GROUP], notes = group, {TOTAL: str(size)}
    requests = {"cpu": cpu, "memory": "1Mi"}
    return {
        "metadata": {"labels": marks | labels, "annotations": notes},
        "spec": {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 0,
            "priority": priority,
            "containers": [{"name": "main", "resources": {"requests": requests}}],
        },
    }


def starts(w: World, pods: range) -> list[int]:
    """Minutes; −1 = never."""
    return [w.cluster.pods.scheduled_us[one] // MINUTE for one in pods]


def test_a_queue_borrows_what_its_cohort_has() -> None:
    w = queues()
    pods = w.create(pod("4", "a"), 5, lifetime_us=10 * MINUTE)
    w.run(30 * MINUTE)
    assert starts(w, pods) == [0, 0, 0, 0, 10]
    audit(w.cluster)


def test_a_limit_on_borrowing() -> None:
    w = queues(resources={"cpu": {"nominalQuota": 8, "borrowingLimit": 4}, "memory": "1Ti"})
    pods = w.create(pod("4", "a"), 4, lifetime_us=10 * MINUTE)
    w.run(30 * MINUTE)
    assert starts(w, pods) == [0, 0, 0, 10]


def test_what_is_lent_is_taken_back() -> None:
    w = queues(reclaim="Any")
    borrowing = w.create(pod("4", "a"), 4, lifetime_us=60 * MINUTE)
    w.run(5 * MINUTE)
    owner = w.create(pod("6", "b"), 1, lifetime_us=10 * MINUTE)
    w.run(20 * MINUTE)
    assert starts(w, owner) == [5]
    lost = [w.cluster.pods.loss[one] for one in borrowing]
    assert lost == [Loss.NONE, Loss.NONE, Loss.PREEMPTION, Loss.PREEMPTION], "the latest, no more"
    audit(w.cluster)


def test_priority_within_a_queue() -> None:
    w = queues(within="LowerPriority")
    w.create(pod("8", "b"), 1, lifetime_us=60 * MINUTE)
    low = w.create(pod("8", "a"), 1, lifetime_us=60 * MINUTE)
    w.run(MINUTE)
    high = w.create(pod("8", "a", priority=10), 1, lifetime_us=10 * MINUTE)
    w.run(5 * MINUTE)
    assert starts(w, high) == [1]
    assert w.cluster.pods.loss[low[0]] == Loss.PREEMPTION


@pytest.mark.parametrize(("strategy", "wanted"), [("StrictFIFO", [0, 10, 10]),
                                                  ("BestEffortFIFO", [0, 10, 0])])  # fmt: skip
def test_strict_and_best_effort(strategy: str, wanted: list[int]) -> None:
    w = queues(queueingStrategy=strategy)
    pods = [
        w.create(pod(cpu, "a", group=name, size=2), 2, lifetime_us=10 * MINUTE)
        for name, cpu in (("first", "5"), ("second", "5"), ("small", "1"))
    ]
    w.run(30 * MINUTE)
    assert [starts(w, one)[0] for one in pods] == wanted


def test_a_gang_is_admitted_as_a_whole() -> None:
    w = queues()
    first = w.create(pod("8", "a"), 1, lifetime_us=10 * MINUTE)
    gang = w.create(pod("4", "a", group="g", size=3), 3, lifetime_us=MINUTE)
    small = w.create(pod("4", "a"), 1, lifetime_us=30 * MINUTE)
    torn = w.create(pod("1", "b", group="torn", size=2), 1, lifetime_us=MINUTE)
    w.run(30 * MINUTE)
    assert starts(w, first) == [0]
    assert starts(w, small) == [0]
    assert starts(w, gang) == [10, 10, 10]
    assert starts(w, torn) == [-1], "its other pod never comes"


@pytest.mark.parametrize(("together", "wanted"), [(False, [0, 10]), (True, [10, 10])])
def test_nodes_one_by_one_or_together(together: bool, wanted: list[int]) -> None:
    big = {"name": "a", "resources": {"cpu": 99, "memory": "1Ti"}}
    w = made("quota_queues", clusterQueues=[big], defaultQueue="a", together=together)
    w.add_node(node("n", 8_000))
    w.create(pod("4"), 1, lifetime_us=10 * MINUTE)
    gang = w.create(pod("4", group="g", size=2), 2, lifetime_us=MINUTE * 20)
    w.run(30 * MINUTE)
    assert starts(w, gang) == wanted


def test_pods_of_no_queue_need_no_quota_and_unknown_queues_admit_nobody() -> None:
    w = queues(resources={"cpu": 0, "memory": 0})
    free = w.create(pod("4"), 2)
    unknown = w.create(pod("1", "nobody"), 1)
    mine = w.create(pod("1", "a"), 1)
    w.run(MINUTE)
    assert starts(w, free) == [0, 0]
    assert starts(w, unknown) == starts(w, mine) == [-1]


def test_a_resource_without_quota_keeps_out() -> None:
    for check, wanted in (("BlockUndeclared", -1), ("IgnoreUndeclared", 0)):
        w = made(
            "quota_queues",
            clusterQueues=[{"name": "a", "resources": {"cpu": 8}}],
            defaultQueue="a",
            quotaCheckStrategy=check,
        )
        w.add_node(node("n", 8_000))
        pods = w.create(pod("1"), 1)
        w.run(MINUTE)
        assert starts(w, pods) == [wanted]


def test_flavors_say_where() -> None:
    w = made(
        "quota_queues",
        resourceFlavors=[{"name": n, "nodeLabels": {"kind": n}} for n in ("spot", "kept")],
        clusterQueues=[
            {"name": "a", "flavors": [
                {"name": "spot", "resources": {"cpu": 2, "memory": "1Gi"}},
                {"name": "kept", "resources": {"cpu": 4, "memory": "1Gi"}},
            ]}
        ],
        defaultQueue="a",
    )  # fmt: skip
    rows = {name: w.add_node(node(name, 8_000, labels={"kind": name})) for name in ("kept", "spot")}
    pods = w.create(pod("2"), 4, lifetime_us=10 * MINUTE)
    w.run(5 * MINUTE)
    found = [w.cluster.pods.node[one] for one in pods]
    assert found == [rows["spot"], rows["kept"], rows["kept"], -1]


def test_an_evicted_gang_of_an_owner_comes_back_with_its_age() -> None:
    w = queues(reclaim="Any")
    owner = w.cluster.owner("Job/train")
    manifest = dict(pod("6", "a"))
    manifest["metadata"] = {"labels": {LABEL: "a"}, "annotations": {GANG_SIZE: "2"}}

    def create() -> range:
        rows = range(len(w.cluster.pods), len(w.cluster.pods) + 2)
        w.create(manifest, 2, lifetime_us=20 * MINUTE)
        for row in rows:
            w.cluster.pods.owner[row] = owner
        return rows

    gang = create()
    w.run(MINUTE)
    taken = w.create(pod("8", "b"), 1, lifetime_us=10 * MINUTE)
    w.run(2 * MINUTE)
    assert starts(w, taken) == [1]
    assert {w.cluster.pods.loss[one] for one in gang} == {Loss.PREEMPTION}, "all of it, or nothing"
    again = create()
    late = w.create(pod("1", "a"), 9, lifetime_us=10 * MINUTE)
    w.run(40 * MINUTE)
    assert starts(w, again) == [12, 12], "when the small ones have ended"
    assert min(starts(w, late)) == 2, "it stepped aside for those that fit"
    audit(w.cluster)


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"localQueues": {"x/y": "a"}}, "there is no ClusterQueue a"),
        ({"clusterQueues": [{"name": "a"}, {"name": "a"}]}, "given twice"),
        ({"cohorts": [{"name": "a", "parent": "b"}, {"name": "b", "parent": "a"}]}, "own parents"),
        ({"clusterQueues": [{"name": "a", "resources": {"cpu": "2Gb"}}]}, "cpu: "),
        ({"clusterQueues": [{"name": "a", "flavors": [{"name": "f"}]}]}, "no ResourceFlavor f"),
    ],
)
def test_parameters_that_make_no_sense(params: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        catalog.params_of("strategies", "quota_queues")(**params)


# --- drf


def test_drf_runs_the_example_of_the_paper() -> None:
    w = made("drf")
    w.add_node(node("n", 9_000, 18 << 30))
    pods = {}
    for user, cpu, memory in (("A", "1", "4Gi"), ("B", "3", "1Gi")):
        manifest = dict(pod(cpu, user))
        manifest["spec"]["containers"][0]["resources"]["requests"]["memory"] = memory
        pods[user] = w.create(manifest, 10)
    w.run(MINUTE)
    running = {user: sum(at >= 0 for at in starts(w, rows)) for user, rows in pods.items()}
    assert running == {"A": 3, "B": 2}
    audit(w.cluster)


def test_drf_takes_turns_and_weighs() -> None:
    w = made("drf", weights={"b": 3})
    w.add_node(node("n", 8_000))
    first = w.create(pod("1", "a"), 20)
    second = w.create(pod("1", "b"), 20)
    w.run(MINUTE)
    assert [sum(at >= 0 for at in starts(w, rows)) for rows in (first, second)] == [2, 6]


@pytest.mark.parametrize(("preemption", "wanted"), [(False, 0), (True, 4)])
def test_drf_may_evict_those_above_their_share(preemption: bool, wanted: int) -> None:
    w = made("drf", preemption=preemption)
    w.add_node(node("n", 8_000))
    greedy = w.create(pod("1", "a"), 8)
    w.run(MINUTE)
    late = w.create(pod("1", "b"), 20)
    w.run(10 * MINUTE)
    assert sum(at >= 0 for at in starts(w, late)) == wanted
    assert sum(w.cluster.pods.loss[one] == Loss.PREEMPTION for one in greedy) == wanted
    audit(w.cluster)
