"""Indexed Jobs, deadlines, suspension, failure and success policies, TTL."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simk8s.api.watch import Verb
from simk8s.state.jobrules import FailureRule, SuccessRule
from simk8s.state.pods import FAILED, RUNNING, SUCCEEDED, Loss
from simk8s.state.workloads import JOBS, Job, JobCondition
from tests.controllers.owners import respec, story
from tests.controllers.world import SECOND, TEMPLATE, PodTimes, Times, World

HALF_A_SECOND = PodTimes((500_000, 500_001), (200_000, 200_001))


def live(*more, kubelets=HALF_A_SECOND):
    made = World(["job", *more], times=Times(), kubelets=kubelets)
    made.nodes(3)
    return made


def indexes(world):
    """Index of every pod in order of creation."""
    return [int(name.split("-")[1]) for _, name in story(world, Verb.ADDED)]


def failing(world, *which, once=False):
    """Pods of these indexes end with an error."""
    left = list(which)

    def ended(now_us, timers):
        for pod, epoch in timers:
            index = int(world.cluster.name_of(pod).split("-")[1])
            bad = index in left
            if bad and once:
                left.remove(index)
            phase = FAILED if bad else SUCCEEDED
            if world.cluster.pods.epoch[pod] == epoch:
                world.kubelets._client.write(world.store.set_phase, pod, phase, epoch)

    world.kubelets._ends.handler = ended


def failing_with(code):
    notes = {"simk8s.io/exit-code": str(code)}
    return {
        "metadata": {"annotations": notes},
        "spec": {**TEMPLATE["spec"], "restartPolicy": "Never"},
    }


def test_every_index_runs_once_the_lowest_first():
    world = live()
    key = world.job(completions=5, parallelism=2, completionMode="Indexed")
    world.run(60 * SECOND)
    assert indexes(world) == [0, 1, 2, 3, 4]
    status = world.progress(key)
    assert status.condition is JobCondition.COMPLETE
    assert status.completed_indexes == (0, 1, 2, 3, 4)


def test_a_failed_index_runs_again_before_higher_ones():
    world = live()
    failing(world, 1, once=True)
    key = world.job(completions=4, parallelism=2, completionMode="Indexed")
    world.run(200 * SECOND)
    assert indexes(world) == [0, 1, 1, 2, 3]
    assert world.progress(key).failed == 1
    assert world.progress(key).succeeded == 4


def test_an_index_has_a_limit_and_a_backoff_of_its_own():
    world = live()
    failing(world, 1)
    key = world.job(completions=4, parallelism=4, completionMode="Indexed", backoffLimitPerIndex=2)
    world.run(20 * SECOND)
    assert world.progress(key).completed_indexes == (0, 2, 3), "others do not wait for it"
    world.run(300 * SECOND)
    status = world.progress(key)
    assert status.condition is JobCondition.FAILED
    assert (status.reason, status.failed_indexes) == ("FailedIndexes", (1,))
    ones = [t / SECOND for t, name in story(world, Verb.ADDED) if "-1-" in name]
    assert ones == pytest.approx([0, 11, 32], abs=0.1)


def test_too_many_failed_indexes_fail_the_job():
    world = live()
    failing(world, 0, 1)
    key = world.job(
        completions=6,
        parallelism=2,
        completionMode="Indexed",
        backoffLimitPerIndex=0,
        maxFailedIndexes=1,
    )
    world.run(100 * SECOND)
    status = world.progress(key)
    assert status.condition is JobCondition.FAILED
    assert status.reason == "MaxFailedIndexesExceeded"


def test_the_deadline_ends_everything():
    world = live()
    key = world.job(
        completions=3, parallelism=3, lifetime_us=500 * SECOND, activeDeadlineSeconds=30
    )
    world.run(100 * SECOND)
    status = world.progress(key)
    assert (status.condition, status.reason) == (JobCondition.FAILED, "DeadlineExceeded")
    went = [t / SECOND for t, _ in story(world, Verb.DELETING)]
    assert went == pytest.approx([30, 30, 30], abs=0.1)


def test_suspended_it_has_no_pods_and_its_clock_starts_anew():
    world = live()
    key = world.job(completions=2, parallelism=2, lifetime_us=20 * SECOND, activeDeadlineSeconds=60)
    world.run(10 * SECOND)
    respec(world, JOBS, key, suspend=True)
    world.run(80 * SECOND)
    assert world.alive() == []
    status = world.progress(key)
    assert (status.suspended, status.start_us, status.failed) == (True, None, 0)
    respec(world, JOBS, key, suspend=False)
    world.run(120 * SECOND)
    status = world.progress(key)
    assert status.condition is JobCondition.COMPLETE
    assert status.start_us >= 80 * SECOND


def test_an_exit_code_may_fail_the_job_at_once():
    world = live()
    world.pods_fail()
    rules = {"rules": [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}}]}
    key = world.job(template=failing_with(42), podFailurePolicy=rules)
    other = world.job(name="other", template=failing_with(7), podFailurePolicy=rules)
    world.run(15 * SECOND)
    status = world.progress(key)
    assert (status.condition, status.reason) == (JobCondition.FAILED, "PodFailurePolicy")
    assert world.progress(other).condition is JobCondition.ACTIVE


def test_a_disruption_may_be_ignored():
    world = live()
    conditions = [{"type": "DisruptionTarget"}]
    rules = {"rules": [{"action": "Ignore", "onPodConditions": conditions}]}
    key = world.job(lifetime_us=50 * SECOND, podFailurePolicy=rules, backoffLimit=0)
    world.at(10 * SECOND, lambda: world.store.delete_pod(0, loss=Loss.PREEMPTION))
    world.run(200 * SECOND)
    status = world.progress(key)
    assert (status.condition, status.failed) == (JobCondition.COMPLETE, 0)


@pytest.mark.parametrize(("policy", "waits"), [("TerminatingOrFailed", False), ("Failed", True)])
def test_what_is_leaving_is_replaced_at_once_or_when_it_is_gone(policy, waits):
    slow = PodTimes((500_000, 500_001), (25 * SECOND, 25 * SECOND + 1))
    world = live(kubelets=slow)
    world.job(lifetime_us=50 * SECOND, podReplacementPolicy=policy)
    world.at(5 * SECOND, lambda: world.store.delete_pod(0))
    world.run(200 * SECOND)
    made = [t / SECOND for t, _ in story(world, Verb.ADDED)]
    # Ten seconds of backoff after the failure: at 5 s, or when the pod is gone at 30 s.
    assert made == pytest.approx([0, 40 if waits else 15], abs=1.5)


def test_enough_indexes_may_be_success():
    world = live()
    failing(world, 2)
    key = world.job(
        completions=4,
        parallelism=4,
        completionMode="Indexed",
        successPolicy={"rules": [{"succeededIndexes": "0-1,3", "succeededCount": 2}]},
    )
    world.run(60 * SECOND)
    status = world.progress(key)
    assert (status.condition, status.reason) == (JobCondition.COMPLETE, "SuccessPolicy")
    assert world.alive() == []


def test_rules_of_policies():
    rule = FailureRule.parse(
        {"action": "Ignore", "onExitCodes": {"operator": "NotIn", "values": [1]}}
    )
    assert [rule.matches(code, False) for code in (0, 1, 2)] == [False, False, True]
    assert not rule.matches(2, True)
    success = SuccessRule.parse({"succeededIndexes": "0,2-3"})
    assert [success.met(some) for some in ((0, 2), (0, 2, 3), (0, 1, 2, 3))] == [False, True, True]
    assert Job.of({"podFailurePolicy": {"rules": []}}, pods=None).replaces_ended_only is False


def test_a_finished_job_goes_after_its_time():
    world = live("ttl_after_finished", "garbage_collector")
    key = world.job(ttlSecondsAfterFinished=60)
    world.run(20 * SECOND)
    finished_us = world.progress(key).finished_us
    world.run(finished_us + 58 * SECOND)
    assert world.store.objects(JOBS).get(key) is not None
    world.run(finished_us + 62 * SECOND)
    assert world.store.objects(JOBS).get(key) is None
    assert story(world, Verb.DELETED) != []


STEPS = st.one_of(
    st.tuples(st.just("suspend"), st.booleans()),
    st.tuples(st.just("kill"), st.integers(0, 5)),
    st.tuples(st.just("parallelism"), st.integers(1, 4)),
    st.tuples(st.just("wait"), st.integers(1, 20)),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(STEPS, max_size=7),
    st.sampled_from(["Indexed", "NonIndexed"]),
    st.sampled_from(["TerminatingOrFailed", "Failed"]),
)
def test_whatever_is_done_to_it_it_completes(steps, mode, policy):
    world = live()
    key = world.job(
        completions=5,
        parallelism=2,
        lifetime_us=7 * SECOND,
        completionMode=mode,
        podReplacementPolicy=policy,
        backoffLimit=100,
    )
    now_us = SECOND
    for what, value in steps:
        world.run(now_us)
        if what == "kill" and world.alive():
            world.store.delete_pod(world.alive()[value % len(world.alive())])
        elif what in ("suspend", "parallelism"):
            respec(world, JOBS, key, **{what: value})
        now_us += (value if what == "wait" else 1) * SECOND
    world.run(now_us)
    respec(world, JOBS, key, suspend=False)
    world.run(now_us + 5_000 * SECOND)
    status = world.progress(key)
    assert (status.condition, status.succeeded) == (JobCondition.COMPLETE, 5)
    if mode == "Indexed":
        assert status.completed_indexes == (0, 1, 2, 3, 4)
    phases = list(world.cluster.pods.phase)
    assert phases.count(SUCCEEDED) >= 5
    assert phases.count(RUNNING) == 0
