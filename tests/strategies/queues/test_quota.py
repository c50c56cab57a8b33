"""Trees of quota: what may be borrowed, lent and kept."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
from hypothesis import given, settings

from simk8s.strategies._queues.quota import Quota, QuotaNode
from simk8s.strategies._queues.workload import ClusterQueue


def test_a_queue_alone_has_what_it_has() -> None:
    queue = ClusterQueue("a", {"cpu": Quota(10)})
    assert queue.available("cpu") == 10
    queue.add({"cpu": 8})
    assert queue.available("cpu") == 2
    assert not queue.fits({"cpu": 3})
    assert queue.available("memory") == 0


def test_cohort_mates_lend_up_to_their_limits() -> None:
    cohort = QuotaNode("all", {})
    a = ClusterQueue("a", {"cpu": Quota(10, borrowing_limit=4)}, cohort)
    b = ClusterQueue("b", {"cpu": Quota(10, lending_limit=3)}, cohort)
    assert (a.available("cpu"), b.available("cpu")) == (13, 20)
    assert (a.potential("cpu"), b.potential("cpu")) == (13, 20)
    a.add({"cpu": 12})
    assert a.borrowed("cpu") == 2
    assert (a.available("cpu"), b.available("cpu")) == (1, 8)
    b.add({"cpu": 8})
    assert (a.available("cpu"), b.available("cpu")) == (0, 0)


def test_quota_of_a_cohort_is_there_for_all_below_it() -> None:
    root = QuotaNode("root", {"cpu": Quota(5)})
    left = QuotaNode("left", {}, root)
    right = QuotaNode("right", {"cpu": Quota(0, borrowing_limit=2)}, root)
    a = ClusterQueue("a", {"cpu": Quota(1)}, left)
    b = ClusterQueue("b", {"cpu": Quota(1)}, right)
    assert (a.available("cpu"), b.available("cpu")) == (7, 3)
    assert a.lowest_that_fits("cpu", 1) == (0, True)
    assert a.lowest_that_fits("cpu", 2) == (2, False)
    a.add({"cpu": 6})
    assert b.available("cpu") == 1


@st.composite
def trees(draw: st.DrawFn) -> tuple[list[QuotaNode], list[ClusterQueue]]:
    """Up to three cohorts and five queues, with all limits."""

    def quota() -> Quota:
        limit: Any = st.none() | st.integers(0, 8)
        return Quota(draw(st.integers(0, 10)), draw(limit), draw(limit))

    cohorts: list[QuotaNode] = []
    for i in range(draw(st.integers(1, 3))):
        parent = draw(st.sampled_from(cohorts)) if cohorts else None
        cohorts.append(QuotaNode(f"c{i}", {"cpu": quota()}, parent))
    queues = [
        ClusterQueue(f"q{i}", {"cpu": quota()}, draw(st.sampled_from(cohorts)))
        for i in range(draw(st.integers(1, 5)))
    ]
    return cohorts, queues


@settings(max_examples=50, deadline=None)
@given(trees(), st.data())
def test_nobody_gets_more_than_its_limits_and_the_tree_no_more_than_it_has(
    tree: tuple[list[QuotaNode], list[ClusterQueue]], data: st.DataObject
) -> None:
    cohorts, queues = tree
    held: list[tuple[ClusterQueue, int]] = []
    for _ in range(20):
        if held and data.draw(st.booleans()):
            queue, amount = held.pop(data.draw(st.integers(0, len(held) - 1)))
            queue.remove({"cpu": amount})
        else:
            queue, amount = data.draw(st.sampled_from(queues)), data.draw(st.integers(1, 6))
            if queue.fits({"cpu": amount}):
                assert amount <= queue.potential("cpu")
                queue.add({"cpu": amount})
                held.append((queue, amount))
        _holds(cohorts, queues)
    for queue, amount in held:
        queue.remove({"cpu": amount})
    assert not any(node.usage.get("cpu") for node in [*cohorts, *queues])


def _holds(cohorts: list[QuotaNode], queues: list[ClusterQueue]) -> None:
    for node in [*cohorts, *queues]:
        limit = node.quotas["cpu"].borrowing_limit
        used, total = node.usage.get("cpu", 0), node.subtree["cpu"]
        assert used >= 0
        if node.parent is None:
            assert used <= total, "a root has nobody to borrow from"
        elif limit is not None:
            assert used <= max(total, node.kept("cpu")) + limit
    for cohort in cohorts:
        beyond = [max(0, c.usage.get("cpu", 0) - c.kept("cpu")) for c in cohort.children]
        assert cohort.usage.get("cpu", 0) == sum(beyond)
        lent = [c.subtree["cpu"] - c.kept("cpu") for c in cohort.children]
        assert cohort.subtree["cpu"] == cohort.quotas["cpu"].nominal + sum(lent)
