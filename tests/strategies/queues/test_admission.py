"""Lines and cycles: who is a head, who steps aside, who keeps his place."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from simk8s.strategies._queues.admission import Admission
from simk8s.strategies._queues.cycle import Entry
from simk8s.strategies._queues.pending import Why
from simk8s.strategies._queues.quota import Quota, QuotaNode
from simk8s.strategies._queues.workload import ClusterQueue, Policy, Preemption, Workload
from tests.strategies.queues.made import workload


def run(admission: Admission, now_us: int = 0) -> list[int]:
    """Cycles until nothing is left to say; who was admitted, in order."""
    admitted = []
    for _ in range(1_000):
        if not admission.ready:
            return admitted
        entries = admission.cycle(now_us)
        admission.settle(entries)
        admitted += [entry.workload.number for entry in entries if entry.why is None]
    raise AssertionError("it never comes to rest")


def alone(strict: bool, nominal: int = 10) -> tuple[Admission, ClusterQueue]:
    queue = ClusterQueue("a", {"cpu": Quota(nominal)}, strict=strict)
    return Admission([queue]), queue


@pytest.mark.parametrize(("strict", "wanted"), [(True, [1]), (False, [1, 3])])
def test_who_goes_on_behind_a_head_without_room(strict: bool, wanted: list[int]) -> None:
    admission, queue = alone(strict)
    for number, cpu in ((1, 6), (2, 6), (3, 2)):
        admission.submit(workload(queue, number, cpu, since_us=number))
    assert run(admission) == wanted


def test_freed_quota_wakes_whoever_stepped_aside() -> None:
    admission, queue = alone(False)
    first = workload(queue, 1, 6)
    admission.submit(first)
    admission.submit(workload(queue, 2, 6, since_us=2))
    assert run(admission) == [1]
    admission.submit(workload(queue, 3, 6, since_us=3))
    assert not admission.ready, "one like it has no room, so it has none either"
    admission.release(first)
    admission.freed(queue)
    assert run(admission) == [2]
    assert len(admission.pending["a"]) == 1


def test_without_hashing_every_one_is_tried() -> None:
    queue = ClusterQueue("a", {"cpu": Quota(1)})
    tried = []
    for hashing in (True, False):
        admission = Admission([queue], hashing=hashing)
        for number in range(1, 6):
            admission.submit(workload(queue, number, 2, since_us=number))
        cycles = 0
        while admission.ready:
            admission.settle(admission.cycle(0))
            cycles += 1
        tried.append(cycles)
    assert tried == [1, 5]


def test_one_head_of_a_queue_in_a_cycle_those_that_need_not_borrow_first() -> None:
    cohort = QuotaNode("all", {})
    a = ClusterQueue("a", {"cpu": Quota(4)}, cohort)
    b = ClusterQueue("b", {"cpu": Quota(4)}, cohort)
    admission = Admission([a, b])
    for number, queue, cpu in ((1, a, 5), (2, b, 4), (3, b, 1)):
        admission.submit(workload(queue, number, cpu, since_us=number))
    entries = admission.cycle(0)
    whys = [(entry.workload.number, entry.why) for entry in entries]
    assert whys == [(2, None), (1, Why.OVERTAKEN)]


def test_equal_claims_go_by_priority_then_age() -> None:
    cohort = QuotaNode("all", {})
    queues = [ClusterQueue(name, {"cpu": Quota(4)}, cohort) for name in "abc"]
    admission = Admission(queues)
    for number, (queue, priority, since) in enumerate(
        zip(queues, (0, 5, 0), (2, 9, 1), strict=True)
    ):
        admission.submit(workload(queue, number, 1, priority=priority, since_us=since))
    assert [entry.workload.number for entry in admission.cycle(0)] == [1, 2, 0]


def test_one_that_waits_for_others_to_go_keeps_the_head_and_its_room() -> None:
    cohort = QuotaNode("all", {})
    rules = Preemption(reclaim=Policy.ANY)
    a = ClusterQueue("a", {"cpu": Quota(4)}, cohort, preemption=rules)
    b = ClusterQueue("b", {"cpu": Quota(4)}, cohort)
    admission = Admission([a, b])
    greedy = workload(b, 1, 8)
    admission.submit(greedy)
    assert run(admission) == [1]
    admission.submit(workload(a, 2, 4, since_us=2))
    (entry,) = admission.cycle(0)
    assert (entry.why, entry.targets) == (Why.PREEMPTING, [greedy])
    admission.settle([entry])
    greedy.evicted = True
    admission.submit(workload(a, 3, 1, priority=9, since_us=3))
    assert not admission.ready, "nobody passes one that has others evicted"
    admission.submit(workload(b, 4, 1, since_us=4))
    assert run(admission) == []
    admission.release(greedy)
    admission.submit(greedy)
    admission.freed(b)
    assert run(admission) == [2, 3, 4], "1 had room until 2 took it, and is tried once more"
    assert (a.usage["cpu"], b.usage["cpu"]) == (5, 1)


def test_quota_freed_during_a_cycle_is_not_missed() -> None:
    admission, queue = alone(False)
    first = workload(queue, 1, 10)
    admission.submit(first)
    assert run(admission) == [1]
    admission.submit(workload(queue, 2, 10, since_us=2))
    entries = admission.cycle(0)
    admission.release(first)
    admission.freed(queue)  # before the cycle is over
    admission.settle(entries)
    assert run(admission) == [2]


def test_the_second_flavor_is_taken_when_the_first_is_full() -> None:
    queue = ClusterQueue("a", {"spot/cpu": Quota(4), "demand/cpu": Quota(4)})
    admission = Admission([queue])
    made = []
    for number in range(3):
        one = Workload(number, queue, 0, number, ({"spot/cpu": 3}, {"demand/cpu": 3}))
        admission.submit(one)
        made.append(one)
    assert run(admission) == [0, 1]
    assert [one.option for one in made] == [0, 1, -1]


def test_with_fair_sharing_the_one_who_has_borrowed_least_is_first() -> None:
    cohort = QuotaNode("all", {"cpu": Quota(12)})
    queues = [
        ClusterQueue(name, {"cpu": Quota(0)}, cohort, weight=weight)
        for name, weight in (("a", 1.0), ("b", 2.0))
    ]
    admission, number = Admission(queues, sharing=True), 0
    for queue in queues:
        for _ in range(12):
            number += 1
            admission.submit(workload(queue, number, 1, since_us=number))
    run(admission)
    assert [queue.usage["cpu"] for queue in queues] == [6, 6], "one head each a cycle"


@settings(max_examples=40, deadline=None)
@given(st.data(), st.booleans(), st.booleans())
def test_whatever_happens(data: st.DataObject, sharing: bool, hashing: bool) -> None:
    """Quota holds, strict lines are never overtaken, nobody is lost, and it comes to rest."""
    cohort = QuotaNode("all", {})
    queues = [
        ClusterQueue(
            f"q{i}",
            {"cpu": Quota(data.draw(st.integers(0, 6)), data.draw(st.none() | st.integers(0, 6)))},
            cohort,
            strict=data.draw(st.booleans()),
            preemption=Preemption(
                data.draw(st.sampled_from([Policy.NEVER, Policy.LOWER])),
                data.draw(st.sampled_from([Policy.NEVER, Policy.ANY, Policy.LOWER])),
            ),
        )
        for i in range(3)
    ]
    admission = Admission(queues, sharing=sharing, hashing=hashing)
    everybody: list[Workload] = []
    finished = 0
    for now_us in range(25):
        admitted = [w for queue in queues for w in queue.admitted.values()]
        if admitted and data.draw(st.booleans()):
            one = data.draw(st.sampled_from(admitted))
            back = one.evicted
            admission.release(one)
            admission.freed(one.queue)
            if back:
                admission.submit(one)
            else:
                finished += 1
        else:
            queue = data.draw(st.sampled_from(queues))
            cpu, priority = data.draw(st.integers(1, 6)), data.draw(st.integers(0, 2))
            one = workload(queue, now_us, cpu, priority=priority, since_us=now_us)
            everybody.append(one)
            admission.submit(one)
        _rest(admission, now_us)
        held = sum(len(queue.admitted) for queue in queues)
        waiting = sum(len(line) for line in admission.pending.values())
        assert held + waiting + finished == len(everybody)
        assert cohort.usage.get("cpu", 0) <= cohort.subtree.get("cpu", 0)


def _rest(admission: Admission, now_us: int) -> None:
    for _ in range(60):
        if not admission.ready:
            return
        before = {name: _first(admission, name) for name in admission.queues}
        entries = admission.cycle(now_us)
        _strict(entries, before)
        admission.settle(entries)
        for entry in entries:
            for target in entry.targets if entry.why is Why.PREEMPTING else ():
                target.evicted = True
    raise AssertionError("it never comes to rest")


def _first(admission: Admission, name: str) -> tuple[int, int] | None:
    """Rank of the best who waits in a strict line."""
    line = admission.pending[name]
    waiting = [entry[-1] for entry in line._heap if entry[-1].number in line._tokens]
    waiting += [line.held] if line.held is not None else []
    return min(((-w.priority, w.since_us) for w in waiting), default=None)


def _strict(entries: list[Entry], before: dict[str, tuple[int, int] | None]) -> None:
    for entry in entries:
        workload = entry.workload
        if entry.why is None and workload.queue.strict:
            assert before[workload.queue.name] == (-workload.priority, workload.since_us)
