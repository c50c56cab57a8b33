"""The StatefulSet controller against recording E3 of v1.36.2 and its own law."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simk8s.api.watch import Verb
from simk8s.controllers._revisions import revision_of
from simk8s.state.makers import REVISIONS
from simk8s.state.pods import Phase
from simk8s.state.statefulsets import CLAIMS, STATEFULSETS
from tests.controllers.owners import exists, named, pod_of, respec, statefulset, status, story
from tests.controllers.world import NEXT, SECOND, TEMPLATE, PodTimes, Times, World

HALF_A_SECOND = PodTimes((500_000, 500_001), (200_000, 200_001))
DATA = [{"metadata": {"name": "data"}, "spec": {"resources": {"requests": {"storage": "1Gi"}}}}]


def live(*more, kubelets=HALF_A_SECOND):
    made = World(["statefulset", *more], times=Times(), kubelets=kubelets)
    made.nodes(10)
    return made


def never_ready(world, names):
    """Pods of these names start and never become Ready."""
    set_phase = world.store.set_phase

    def phase(pod, phase, epoch, ready=True):
        return set_phase(pod, phase, epoch, ready and world.cluster.name_of(pod) not in names)

    phase.request = set_phase.request
    world.kubelets._report = world.kubelets._client.sender(phase)


def letters(world, name):
    return revision_of(world.cluster.template_of(pod_of(world, name)))


def test_pods_come_one_after_another_as_recorded():
    """Recording E3: 0.51 to 0.52 s apart."""
    world = live()
    key = statefulset(world, 5)
    world.run(10 * SECOND)
    made = story(world, Verb.ADDED)
    assert [name for _, name in made] == [f"web-{n}" for n in range(5)]
    assert all(0.5 <= (b - a) / SECOND < 0.54 for (a, _), (b, _) in pairwise(made))
    seen = status(world, STATEFULSETS, key)
    assert (seen.replicas, seen.ready, seen.available, seen.current, seen.updated) == (5,) * 5
    assert seen.current_revision == seen.update_revision == letters(world, "web-4")


def test_pods_go_in_reverse_one_after_another_as_recorded():
    """Recording E3: 0.22 s each."""
    world = live()
    key = statefulset(world, 5)
    world.run(10 * SECOND)
    respec(world, STATEFULSETS, key, replicas=1)
    world.run(20 * SECOND)
    went = story(world, Verb.DELETING)
    assert [name for _, name in went] == ["web-4", "web-3", "web-2", "web-1"]
    assert all(0.2 <= (b - a) / SECOND < 0.24 for (a, _), (b, _) in pairwise(went))
    assert named(world) == ["web-0"]


def test_an_update_rolls_from_the_highest_ordinal_down_as_recorded():
    """Recording E3: 0.74 to 0.77 s each, in reverse."""
    world = live()
    key = statefulset(world, 5)
    world.run(10 * SECOND)
    old = status(world, STATEFULSETS, key).update_revision
    respec(world, STATEFULSETS, key, template=NEXT)
    world.run(10 * SECOND + 1_800_000)
    seen = status(world, STATEFULSETS, key)
    assert seen.current_revision == old != seen.update_revision
    assert letters(world, "web-0") == old
    assert letters(world, "web-4") == seen.update_revision
    world.run(20 * SECOND)
    went = story(world, Verb.DELETING)
    assert [name for _, name in went] == [f"web-{n}" for n in (4, 3, 2, 1, 0)]
    assert all(0.7 <= (b - a) / SECOND < 0.8 for (a, _), (b, _) in pairwise(went))
    seen = status(world, STATEFULSETS, key)
    assert seen.current_revision == seen.update_revision != old
    assert (seen.current, seen.updated) == (5, 5)


def test_parallel_waits_for_nobody():
    world = live()
    key = statefulset(world, 20, podManagementPolicy="Parallel")
    world.run(5 * SECOND)
    made = story(world, Verb.ADDED)
    assert len(made) == 20
    assert made[-1][0] - made[0][0] < 400_000
    respec(world, STATEFULSETS, key, replicas=0)
    world.run(20 * SECOND)
    assert named(world) == []
    assert len({t // 100_000 for t, _ in story(world, Verb.DELETING)}) <= 3


def test_a_partition_keeps_low_ordinals_at_the_old_revision():
    world = live()
    key = statefulset(world, 4)
    world.run(10 * SECOND)
    old = letters(world, "web-0")
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}
    respec(world, STATEFULSETS, key, template=NEXT, updateStrategy=strategy)
    world.run(20 * SECOND)
    assert [letters(world, f"web-{n}") == old for n in range(4)] == [True, True, False, False]
    world.at(20 * SECOND, lambda: world.store.delete_pod(pod_of(world, "web-1")))
    world.at(20 * SECOND, lambda: world.store.delete_pod(pod_of(world, "web-3")))
    world.run(30 * SECOND)
    assert [letters(world, f"web-{n}") == old for n in range(4)] == [True, True, False, False]
    assert status(world, STATEFULSETS, key).current_revision == old
    respec(world, STATEFULSETS, key, updateStrategy={"rollingUpdate": {"partition": 0}})
    world.run(40 * SECOND)
    assert status(world, STATEFULSETS, key).updated == 4


def test_on_delete_updates_what_somebody_deletes():
    world = live()
    key = statefulset(world, 3, updateStrategy={"type": "OnDelete"})
    world.run(10 * SECOND)
    old = letters(world, "web-0")
    respec(world, STATEFULSETS, key, template=NEXT)
    world.run(20 * SECOND)
    assert story(world, Verb.DELETING) == []
    world.at(20 * SECOND, lambda: world.store.delete_pod(pod_of(world, "web-1")))
    world.run(30 * SECOND)
    assert [letters(world, f"web-{n}") == old for n in range(3)] == [True, False, True]


def test_a_broken_revision_stalls_until_its_pod_is_deleted_by_hand():
    world = live()
    key = statefulset(world, 3)
    world.run(10 * SECOND)
    old = letters(world, "web-2")
    never_ready(world, ["web-2"])
    respec(world, STATEFULSETS, key, template=NEXT)
    world.run(60 * SECOND)
    assert letters(world, "web-2") != old
    assert letters(world, "web-1") == old
    world.kubelets._report = world.kubelets._client.sender(world.store.set_phase)
    good = {"metadata": {"labels": {"fixed": "yes"}}, **NEXT}
    respec(world, STATEFULSETS, key, template=good)
    world.run(120 * SECOND)
    assert status(world, STATEFULSETS, key).updated == 0, "it waits for the broken pod"
    world.at(120 * SECOND, lambda: world.store.delete_pod(pod_of(world, "web-2")))
    world.run(180 * SECOND)
    seen = status(world, STATEFULSETS, key)
    assert (seen.updated, seen.ready) == (3, 3)


def test_a_pod_is_replaced_only_when_its_object_is_gone():
    slow = PodTimes((500_000, 500_001), (20 * SECOND, 20 * SECOND + 1))
    world = live(kubelets=slow)
    statefulset(world, 3)
    world.run(10 * SECOND)
    first = pod_of(world, "web-1")
    world.at(10 * SECOND, lambda: world.store.delete_pod(first))
    world.run(29 * SECOND)
    assert exists(world, first)
    assert named(world) == ["web-0", "web-2"]
    world.run(35 * SECOND)
    assert not exists(world, first)
    assert named(world) == ["web-0", "web-1", "web-2"]


def test_what_has_ended_is_deleted_and_comes_again():
    world = live()
    statefulset(world, 2)
    world.run(5 * SECOND)
    first = pod_of(world, "web-0")
    epoch = world.cluster.pods.epoch[first]
    world.at(5 * SECOND, lambda: world.store.set_phase(first, Phase.FAILED, epoch))
    world.run(10 * SECOND)
    assert not exists(world, first)
    assert named(world) == ["web-0", "web-1"]


def test_min_ready_seconds_pace_creation():
    world = live()
    key = statefulset(world, 3, minReadySeconds=10)
    world.run(15 * SECOND)
    assert named(world) == ["web-0", "web-1"]
    seen = status(world, STATEFULSETS, key)
    assert (seen.ready, seen.available) == (2, 1)
    world.run(60 * SECOND)
    assert status(world, STATEFULSETS, key).available == 3


def test_ordinals_may_start_higher():
    world = live()
    statefulset(world, 2, ordinals={"start": 5})
    world.run(10 * SECOND)
    assert named(world) == ["web-5", "web-6"]


def test_claims_come_before_their_pods_and_stay():
    world = live("garbage_collector")
    key = statefulset(world, 2, volumeClaimTemplates=DATA)
    world.run(10 * SECOND)
    claims = world.store.objects(CLAIMS)
    assert list(claims.keys()) == ["default/data-web-0", "default/data-web-1"]
    respec(world, STATEFULSETS, key, replicas=0)
    world.run(20 * SECOND)
    world.store.objects(STATEFULSETS).delete(key)
    world.run(30 * SECOND)
    assert len(claims) == 2


@pytest.mark.parametrize(
    ("policy", "scaled", "deleted"),
    [
        ({"whenScaled": "Delete"}, ["default/data-web-0"], ["default/data-web-0"]),
        ({"whenDeleted": "Delete"}, ["default/data-web-0", "default/data-web-1"], []),
    ],
)
def test_claims_go_as_the_policy_says(policy, scaled, deleted):
    world = live("garbage_collector")
    policy = {"persistentVolumeClaimRetentionPolicy": policy}
    key = statefulset(world, 2, volumeClaimTemplates=DATA, **policy)
    world.run(10 * SECOND)
    respec(world, STATEFULSETS, key, replicas=1)
    world.run(20 * SECOND)
    assert list(world.store.objects(CLAIMS).keys()) == scaled
    world.store.objects(STATEFULSETS).delete(key)
    world.run(30 * SECOND)
    assert list(world.store.objects(CLAIMS).keys()) == deleted
    assert world.alive() == []
    assert len(world.store.objects(REVISIONS)) == 0


def test_history_keeps_as_many_old_revisions_as_asked_for():
    world = live()
    key = statefulset(world, 1, revisionHistoryLimit=2)
    for number in range(5):
        labelled = {"metadata": {"labels": {"n": str(number)}}, **TEMPLATE}
        respec(world, STATEFULSETS, key, template=labelled)
        world.run(world.clock.now_us + 10 * SECOND)
    revisions = [stored.value for _, stored in world.store.objects(REVISIONS).items()]
    assert len(revisions) == 3
    respec(world, STATEFULSETS, key, template={"metadata": {"labels": {"n": "3"}}, **TEMPLATE})
    world.run(world.clock.now_us + 10 * SECOND)
    back = [stored.value for _, stored in world.store.objects(REVISIONS).items()]
    assert len(back) == 3, "an old template is its old revision"
    assert max(r.number for r in back) == max(r.number for r in revisions) + 1


def test_a_quota_holds_back_and_lets_go():
    world = live("resourcequota")
    quota = world.quota({"pods": 1})
    statefulset(world, 2)
    world.run(10 * SECOND)
    assert named(world) == ["web-0"]
    world.store.objects("resourcequotas").delete(quota)
    world.run(700 * SECOND)
    assert named(world) == ["web-0", "web-1"]


STEPS = st.one_of(
    st.tuples(st.just("scale"), st.integers(0, 6)),
    st.tuples(st.just("image"), st.integers(0, 3)),
    st.tuples(st.just("kill"), st.integers(0, 5)),
    st.tuples(st.just("crash"), st.integers(0, 9)),
    st.tuples(st.just("wait"), st.integers(1, 30)),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(STEPS, max_size=8),
    st.sampled_from(["OrderedReady", "Parallel"]),
    st.integers(0, 3),
)
def test_whatever_is_done_to_it_it_gets_there_with_one_pod_an_ordinal(steps, policy, start):
    world = live("garbage_collector", "taint_eviction", "node_lifecycle", "pod_gc")
    key = statefulset(world, 3, podManagementPolicy=policy, ordinals={"start": start})
    replicas, now_us = 3, SECOND
    for what, number in steps:
        world.run(now_us)
        if what == "scale":
            replicas = number
            respec(world, STATEFULSETS, key, replicas=number)
        elif what == "image":
            template = {"metadata": {"labels": {"n": str(number)}}, **TEMPLATE}
            respec(world, STATEFULSETS, key, template=template)
        elif what == "kill" and (pod := pod_of(world, f"web-{number}")) is not None:
            world.store.delete_pod(pod)
        elif what == "crash":
            world.machines.crash([number])
            world.at(now_us + 90 * SECOND, lambda n=number: world.machines.restore([n]))
        now_us += (number if what == "wait" else 1) * SECOND
    world.run(now_us + 3_000 * SECOND)
    assert named(world) == [f"web-{n}" for n in range(start, start + replicas)]
    seen = status(world, STATEFULSETS, key)
    assert (seen.replicas, seen.ready, seen.updated) == (replicas,) * 3
    alive = {}
    for _, kind, verb, pod in world.history:
        name = world.cluster.name_of(pod) if kind == "pods" else ""
        if kind == "pods" and verb is Verb.ADDED:
            assert name not in alive, "two pods of one name"
            alive[name] = pod
        elif kind == "pods" and verb is Verb.DELETED:
            assert alive.pop(name) == pod
