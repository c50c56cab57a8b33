"""Counts of one owner's pods against a recount, expectations, whom to delete first."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from simk8s.api.watch import Verb
from simk8s.controllers._owned import Change, OwnedPods, cheapest, create, delete
from simk8s.state.pods import Phase, PodTable

SECOND = 1_000_000


def feed(pods, *changes):
    return [pods.hear(verb, pod, phase) for verb, pod, phase in changes]


def test_a_pods_life():
    pods = OwnedPods("web")
    seen = feed(
        pods,
        (Verb.ADDED, 7, Phase.PENDING),
        (Verb.BOUND, 7, Phase.PENDING),
        (Verb.STATUS, 7, Phase.RUNNING),
    )
    assert seen == [Change.COUNTED, Change.NOTHING, Change.COUNTED]
    assert (pods.active, pods.ready) == ({7: True}, 1)
    assert feed(pods, (Verb.DELETING, 7, Phase.RUNNING)) == [Change.LEFT]
    assert (pods.active, pods.ready, list(pods.terminating)) == ({}, 0, [7])
    assert feed(pods, (Verb.DELETED, 7, Phase.GONE)) == [Change.COUNTED]
    assert not pods.terminating


def test_ends():
    pods = OwnedPods("work")
    feed(pods, *((Verb.ADDED, pod, Phase.PENDING) for pod in range(3)))
    assert feed(pods, (Verb.ENDED, 0, Phase.SUCCEEDED)) == [Change.SUCCEEDED]
    assert feed(pods, (Verb.ENDED, 1, Phase.FAILED)) == [Change.FAILED]
    assert feed(pods, (Verb.DELETED, 2, Phase.GONE)) == [Change.LEFT]
    assert feed(pods, (Verb.DELETED, 0, Phase.GONE)) == [Change.NOTHING]


LIVES = st.lists(st.tuples(st.sampled_from([*Verb]), st.integers(0, 4)), min_size=1, max_size=60)


@given(LIVES)
@settings(max_examples=200, deadline=None)
def test_counts_equal_a_recount(changes):
    pods = OwnedPods("web")
    born = set()
    for verb, pod in changes:
        if (verb is Verb.ADDED) != (pod in born):
            born.add(pod)
            pods.hear(verb, pod, Phase.FAILED)
        assert pods.ready == sum(pods.active.values())
        assert not set(pods.active) & set(pods.terminating)


def run(steps, refuse=()):
    """Play the API: results by number of the write; the batches and the value."""
    batches, results, number = [], None, 0
    try:
        while True:
            batch = steps.send(results)
            batches.append(len(batch))
            results = [number + n not in refuse for n in range(len(batch))]
            number += len(batch)
    except StopIteration as stop:
        return batches, stop.value


def test_creations_start_slowly_and_stop_at_the_first_refusal():
    pods = OwnedPods("web")
    assert run(create(pods, range(20), None)) == ([1, 2, 4, 8, 5], 20)
    assert pods.creating == 20
    pods = OwnedPods("web")
    assert run(create(pods, range(20), None), refuse={4}) == ([1, 2, 4], 6)
    assert pods.creating == 6


def test_expectations_are_met_by_seeing():
    pods = OwnedPods("web")
    run(create(pods, range(2), None))
    assert not pods.settled
    feed(pods, (Verb.ADDED, 0, Phase.PENDING), (Verb.ADDED, 1, Phase.PENDING))
    assert pods.settled
    run(delete(pods, [0, 1], None), refuse={1})
    assert list(pods.deleting) == [0]
    feed(pods, (Verb.DELETING, 0, Phase.RUNNING))
    assert pods.settled


def table(**columns):
    pods = PodTable()
    count = len(next(iter(columns.values())))
    pods.extend(count, **{name: np.array(values) for name, values in columns.items()})
    return pods


def order(pods, table, count=None, now_us=1_000 * SECOND):
    count = len(pods.active) - 1 if count is None else count
    return cheapest(pods, count, table, now_us)


def owned(**active):
    pods = OwnedPods("web")
    for name, ready in active.items():
        pods.active[int(name[1:])] = ready
    return pods


def test_unassigned_then_pending_then_not_ready_then_ready():
    pods = owned(p0=True, p1=False, p2=False, p3=False)
    rows = table(node=[1, 2, -1, 3], phase=[2, 1, 1, 2], running_us=[5, -1, -1, 5],
                 created_us=[0, 0, 0, 0])  # fmt: skip
    assert order(pods, rows) == [2, 1, 3]


def test_crowded_nodes_first():
    pods = owned(p0=True, p1=True, p2=True)
    rows = table(node=[1, 2, 2], phase=[2] * 3, running_us=[5] * 3, created_us=[0] * 3)
    assert set(order(pods, rows)) == {1, 2}


def test_younger_in_powers_of_two_first():
    pods = owned(p0=True, p1=True, p2=True)
    start = [0, 996 * SECOND, 500 * SECOND]
    rows = table(node=[1, 2, 3], phase=[2] * 3, ready_since_us=start, created_us=[0] * 3)
    assert order(pods, rows) == [1, 2]


def test_all_of_them_need_no_order():
    pods = owned(p3=True, p1=True)
    rows = table(node=[1] * 4, phase=[2] * 4, running_us=[0] * 4, created_us=[0] * 4)
    assert order(pods, rows, count=2) == [3, 1]
