"""Calls that are refused and made again."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from simk8s.cloud.limits import Action, Limit
from simk8s.cloud.provider import CloudApi, Retry, Terms
from simk8s.faults.base import CloudThrottle
from simk8s.kernel.clock import Clock

SECOND = 1_000_000


def constant(us):
    return lambda generator, n: np.full(n, us, np.int64)


def cloud(burst=1, rate=1.0, latency_us=0, seed=1, **retry):
    clock = Clock()
    latency = dict.fromkeys(Action, constant(latency_us))
    terms = Terms(dict.fromkeys(Action, Limit(burst, rate)), latency, Retry(**retry))
    return clock, CloudApi(clock, terms, np.random.Generator(np.random.PCG64(seed)))


def ask(api, count=1, action=Action.RUN):
    answers = []
    for number in range(count):
        api.ask(action, f"m-{number}", 1, answers.append)
    return answers


def test_without_refusals_it_is_the_latency():
    clock, api = cloud(burst=3, latency_us=700_000)
    answers = ask(api, 3)
    clock.run(SECOND)
    assert answers == [700_000] * 3
    assert [one.row[4:8] for one in api.operations] == [(1, 0, 0, 700_000)] * 3


def test_waits_double_up_to_the_cap():
    retry = Retry(SECOND, 20 * SECOND, jitter=False)
    waits = [retry.wait_us(n, 0.5) // SECOND for n in range(1, 8)]
    assert waits == [1, 2, 4, 8, 16, 20, 20]
    assert retry.wait_us(10_000, 0.5) == 20 * SECOND
    assert Retry().wait_us(3, 0.25) == SECOND


def test_who_is_refused_asks_again_at_exactly_these_instants():
    """Two ask a bucket of one at 0.04/s: the other is refused at 0, 1, 3, 7, 15 s, taken at 31."""
    clock, api = cloud(rate=0.04, jitter=False)
    answers = ask(api, 2)
    clock.run(100 * SECOND)
    assert answers == [0, 31 * SECOND]
    assert [one.calls for one in api.operations] == [1, 6]
    assert [one.refused for one in api.operations] == [0, 5]


def test_a_refusal_takes_its_time_too():
    clock, api = cloud(rate=0.9, latency_us=250_000, jitter=False)
    answers = ask(api, 2)
    clock.run(10 * SECOND)
    assert answers == [250_000, 1_250_000 + 250_000]


def test_jitter_is_a_share_of_the_wait_and_the_same_for_a_seed():
    def instants(seed):
        clock, api = cloud(rate=0.02, seed=seed)
        answers = ask(api, 9)
        clock.run(3600 * SECOND)
        return answers

    assert instants(1) == instants(1) != instants(2)
    assert all(t % SECOND for t in instants(1)[1:])


@pytest.mark.parametrize("machines", [20, 60])
def test_many_are_taken_as_the_bucket_refills(machines):
    """Five at once, then two a second: the last after (n - 5)/2 s and at most one wait more."""
    clock, api = cloud(burst=5, rate=2.0)
    answers = ask(api, machines)
    clock.run(3600 * SECOND)
    least_us = (machines - 5) * SECOND // 2
    assert len(answers) == machines
    assert least_us <= max(answers) <= least_us + 20 * SECOND
    gaps = [b - a for a, b in itertools.pairwise(sorted(answers)[4:])]
    assert sum(gaps) / len(gaps) >= SECOND / 2 * 0.95


def test_a_throttle_slows_and_relents():
    clock, api = cloud(burst=5, rate=2.0, jitter=False)
    bad = CloudThrottle(factor=0.05)
    api.throttle(bad)
    answers = ask(api, 3)
    clock.run(60 * SECOND)
    assert answers == [15 * SECOND, 31 * SECOND, 51 * SECOND]  # tokens at 10, 20, 30 s
    api.relent(bad)
    again = ask(api, 5)  # the bucket is empty: two a second, asked for after 1 and 3 s
    clock.run(100 * SECOND)
    assert again == [52 * SECOND] * 2 + [54 * SECOND] * 3


def test_throttles_overlap_and_the_worst_counts():
    clock, api = cloud(burst=5, rate=2.0, jitter=False)
    mild, bad = CloudThrottle(factor=0.5), CloudThrottle(per_second=0.01)
    api.throttle(mild)
    api.throttle(bad)
    first = ask(api)
    clock.run(90 * SECOND)
    assert not first
    api.relent(bad)
    clock.run(120 * SECOND)
    assert first == [91 * SECOND]  # 0, 1, 3, 7, 15, 31, 51, 71, 91
    api.relent(mild)
    assert ask(api) == []
    clock.run(200 * SECOND)
    assert len(api.operations) == 2
    assert all(one.answered_us is not None for one in api.operations)


def test_a_throttle_of_one_call_leaves_the_others():
    clock, api = cloud(burst=5, rate=2.0)
    api.throttle(CloudThrottle(calls=("TerminateInstances",), factor=0.01))
    run, terminate = ask(api), ask(api, action=Action.TERMINATE)
    clock.run(30 * SECOND)
    assert run == [0]
    assert terminate == []


def test_a_share_of_errors_is_that_share():
    clock, api = cloud(burst=10_000, rate=100.0)
    api.throttle(CloudThrottle(share=0.4, draw=77))
    ask(api, 3_000)
    clock.run(3600 * SECOND)
    calls, refused = (sum(getattr(o, n) for o in api.operations) for n in ("calls", "refused"))
    assert calls - refused == 3_000
    assert refused / calls == pytest.approx(0.4, abs=0.03)
