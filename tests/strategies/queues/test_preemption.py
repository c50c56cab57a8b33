"""Whom a workload has evicted: order, minimality, reclaim."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from simk8s.strategies._queues import fair
from simk8s.strategies._queues.cycle import Mode, nominate
from simk8s.strategies._queues.pending import Why
from simk8s.strategies._queues.preemption import Claim, targets
from simk8s.strategies._queues.quota import Quota, QuotaNode
from simk8s.strategies._queues.workload import ClusterQueue, Policy, Preemption, Workload
from tests.strategies.queues.made import Cluster, holding, workload

ANY = Preemption(within=Policy.LOWER, reclaim=Policy.ANY)


def pair(rules: Preemption, nominal: int = 10) -> tuple[ClusterQueue, ClusterQueue]:
    cohort = QuotaNode("all", {})
    return (
        ClusterQueue("a", {"cpu": Quota(nominal)}, cohort, preemption=rules),
        ClusterQueue("b", {"cpu": Quota(nominal)}, cohort, preemption=rules),
    )


def chosen(incoming: Workload) -> list[int]:
    return [one.number for one in nominate(incoming).targets]


def test_reclaim_takes_the_newest_of_those_with_the_least_priority() -> None:
    a, b = pair(ANY)
    for number, (priority, since) in enumerate([(0, 1), (0, 3), (5, 9), (0, 2)], 1):
        holding(b, number, 5, priority=priority, admitted_us=since)
    assert chosen(workload(a, 9, 5)) == [2]
    assert chosen(workload(a, 9, 10)) == [2, 4]


def test_what_is_its_own_is_not_taken_back() -> None:
    a, b = pair(ANY)
    holding(a, 1, 6)
    holding(b, 2, 10)
    found = nominate(workload(a, 9, 6))
    assert (found.mode, found.targets) == (Mode.PREEMPT, [])


def test_within_a_queue_lower_priority_goes() -> None:
    a, b = pair(Preemption(within=Policy.LOWER))
    holding(b, 1, 10)
    holding(a, 2, 5, priority=0)
    holding(a, 3, 5, priority=7)
    assert chosen(workload(a, 9, 5, priority=5)) == [2]
    assert chosen(workload(a, 9, 5, priority=0)) == []


def test_newer_of_the_same_priority() -> None:
    a, b = pair(Preemption(within=Policy.LOWER_OR_NEWER))
    holding(b, 1, 10)
    holding(a, 2, 10, since_us=50)
    assert chosen(workload(a, 9, 10, since_us=40)) == [2]
    assert chosen(workload(a, 9, 10, since_us=60)) == []


def test_who_need_not_go_is_put_back() -> None:
    a, b = pair(ANY, nominal=20)
    for number, amount in enumerate((2, 3, 20, 10, 5), 1):
        holding(b, number, amount, admitted_us=100 - number)
    # 2 and 3 are taken first and would not have been enough; 20 is, alone
    assert chosen(workload(a, 9, 20)) == [3]


def test_evicted_ones_are_chosen_first_even_if_they_are_more_important() -> None:
    a, b = pair(ANY)
    holding(b, 1, 10, priority=100).evicted = True
    holding(b, 2, 10, priority=0)
    assert chosen(workload(a, 9, 10)) == [1]


def test_one_that_would_borrow_evicts_others_only_if_it_may() -> None:
    for borrow, threshold, wanted in ((False, None, []), (True, None, [1]), (True, -5, [])):
        rules = Preemption(Policy.NEVER, Policy.ANY, borrow, threshold)
        a, b = pair(rules)
        holding(b, 1, 12, priority=0)
        assert chosen(workload(a, 9, 12, priority=5)) == wanted, (borrow, threshold)


def test_advantage_in_the_tree_beats_priority() -> None:
    root = QuotaNode("root", {})
    left = QuotaNode("left", {}, root)
    rules = Preemption(within=Policy.LOWER, reclaim=Policy.LOWER)
    a = ClusterQueue("a", {"cpu": Quota(0)}, left, preemption=rules)
    mate = ClusterQueue("mate", {"cpu": Quota(10)}, left)
    far = ClusterQueue("far", {"cpu": Quota(0)}, root)
    holding(far, 1, 10, priority=3)
    # the cohort's own quota would do, so a far borrower of lower priority is reclaimed from
    assert chosen(workload(a, 9, 10, priority=5)) == [1]
    assert chosen(workload(a, 9, 10, priority=3)) == []
    assert chosen(workload(mate, 9, 10, priority=3)) == [], "it has no policy"


@settings(max_examples=60, deadline=None)
@given(st.data(), st.booleans())
def test_the_set_does_and_is_minimal_and_the_tree_is_as_before(
    data: st.DataObject, sharing: bool
) -> None:
    made = data.draw(Cluster.some())
    queue = data.draw(st.sampled_from(made.queues))
    incoming = workload(queue, 999, data.draw(st.integers(1, 12)), priority=data.draw(made.levels))
    before = made.snapshot()
    claim = Claim(incoming, incoming.options[0], ["cpu"])
    if claim.fits(True):
        return  # nobody would ask
    found = fair.targets(claim) if sharing else targets(claim)
    assert made.snapshot() == before
    for one in found:
        policy = queue.preemption.within if one.queue is queue else queue.preemption.reclaim
        assert policy is not Policy.NEVER
        assert policy is Policy.ANY or one.priority <= incoming.priority
        if one.queue is not queue:
            assert one.queue.borrowed("cpu") > 0, "who has borrowed nothing gives nothing back"
    if found:
        made.without(found)
        assert claim.fits(True)
        for one in found:
            made.put_back(one)
            assert not claim.fits(sharing), "it could have stayed"
            made.take_out(one)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_reclaim_any_gets_what_is_nominal_back(data: st.DataObject) -> None:
    """Whoever asks for no more than is its own and unused gets it, whatever the others do."""
    made = data.draw(Cluster.some(preemption=ANY, lending=False))
    queue = data.draw(st.sampled_from(made.queues))
    room = queue.subtree["cpu"] - queue.usage.get("cpu", 0)
    if room <= 0:
        return
    entry = nominate(workload(queue, 999, data.draw(st.integers(1, room))))
    assert entry.mode is Mode.FIT or entry.targets


@pytest.mark.parametrize("sharing", [False, True])
def test_a_cycle_leaves_no_quota_reserved(sharing: bool) -> None:
    from simk8s.strategies._queues.cycle import cycle

    a, b = pair(Preemption(reclaim=Policy.LOWER))
    holding(b, 1, 20, priority=9)
    entries = cycle([workload(a, 2, 5), workload(b, 3, 1)], 0, sharing=sharing)
    assert {e.workload.number: e.why for e in entries} == {
        2: Why.NO_CANDIDATES, 3: Why.NO_CANDIDATES,
    }  # fmt: skip
    assert (a.usage.get("cpu", 0), b.usage["cpu"]) == (0, 20)
