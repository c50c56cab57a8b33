"""The Deployment controller against recordings of v1.36.2 and its own law."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simk8s.api.watch import Verb
from simk8s.state.pods import NEVER, Phase
from tests.controllers.world import NEXT, SECOND, TEMPLATE, PodTimes, Times, World

HALF_A_SECOND = PodTimes((500_000, 500_001), (200_000, 200_001))
BOTH = ["deployment", "replicaset"]


def live(**world):
    made = World(BOTH, times=Times(), kubelets=HALF_A_SECOND, **world)
    made.nodes(10)
    return made


def rolling(surge, unavailable):
    return {"rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}


def sizes(world, key):
    return [one.replicas for one in world.sets(key)]


def counts(status):
    return status.replicas, status.updated, status.ready, status.available, status.unavailable


def follow(world, key):
    """Sizes of ReplicaSets at every change."""
    seen = []
    log = world.store.objects("replicasets").log

    def note(now_us):
        cursor.drain(now_us)
        now = tuple(sizes(world, key))
        if not seen or seen[-1] != now:
            seen.append(now)

    from simk8s.kernel.phase import Phase as Order

    bell = world.clock.bell("test/sizes", Order.DELIVER, note)
    cursor = log.subscribe(bell)
    return seen


def test_a_deployment_has_one_replicaset_named_after_its_template():
    world = live()
    key = world.deployment(3)
    world.run(10 * SECOND)
    ((name, stored),) = world.store.objects("replicasets").items()
    assert name == f"default/site-{stored.value.template_hash}"
    assert (stored.value.replicas, stored.value.revision) == (3, 1)
    assert (stored.value.desired, stored.value.most) == (3, 4)
    assert counts(world.rollout(key)) == (3, 3, 3, 3, 0)
    assert world.rollout(key).progress.reason == "NewReplicaSetAvailable"
    labels = world.cluster.template_of(world.alive()[0]).labels
    assert labels["pod-template-hash"] == stored.value.template_hash
    assert world.cluster.controller_of(world.alive()[0]) == ("ReplicaSet", name.split("/")[1])


def test_a_rolling_update_takes_the_recorded_steps():
    """Recording E2: new 25→50→71→91→100, old 75→54→34→25→7→0, in 11.6 s."""
    world = live()
    key = world.deployment(100, strategy=rolling("25%", "25%"))
    world.run(13 * SECOND)
    seen = follow(world, key)
    world.at(13 * SECOND, lambda: world.patch(key, template=NEXT))
    world.run(13 * SECOND + 11_600_000)
    assert list(dict.fromkeys(new for _, new in seen)) == [25, 50, 71, 91, 100]
    assert list(dict.fromkeys(old for old, _ in seen)) == [100, 75, 54, 34, 25, 7, 0]
    assert counts(world.rollout(key)) == (100, 100, 100, 100, 0)


def test_one_at_a_time_as_recorded():
    """Recording E2, maxSurge 1 and maxUnavailable 0: 0.55 s a pod."""
    world = live()
    key = world.deployment(20, strategy=rolling(1, 0))
    world.run(10 * SECOND)
    seen = follow(world, key)
    world.at(10 * SECOND, lambda: world.patch(key, template=NEXT))
    world.run(60 * SECOND)
    assert all(old + new in (20, 21) for old, new in seen)
    grown = [t for t in world.times("pods", Verb.ADDED) if t > 10 * SECOND]
    gaps = [(b - a) / SECOND for a, b in pairwise(grown)]
    assert sum(gaps) / len(gaps) == pytest.approx(0.55, abs=0.03)


def test_min_ready_seconds_hold_a_rollout_back():
    world = live()
    key = world.deployment(4, strategy=rolling(1, 0), minReadySeconds=5)
    world.run(20 * SECOND)
    assert counts(world.rollout(key)) == (4, 4, 4, 4, 0)
    world.at(20 * SECOND, lambda: world.patch(key, template=NEXT))
    world.run(20 * SECOND + 4 * 5 * SECOND)
    assert sizes(world, key) != [0, 4], "each of four pods has to be ready for 5 s first"
    world.run(60 * SECOND)
    assert sizes(world, key) == [0, 4]


def test_available_only_after_min_ready_seconds():
    world = live()
    key = world.deployment(2, minReadySeconds=5)
    world.run(3 * SECOND)
    assert counts(world.rollout(key))[2:4] == (2, 0)
    # Ready at 0.5 s, which the API writes as 0 s; available once 5 s have passed since.
    world.run(5 * SECOND + 100_000)
    assert counts(world.rollout(key))[2:4] == (2, 2)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    replicas=st.integers(1, 12),
    surge=st.one_of(st.integers(0, 4), st.sampled_from(["0%", "25%", "100%"])),
    unavailable=st.one_of(st.integers(0, 4), st.sampled_from(["0%", "25%", "60%"])),
    lost=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 11)), max_size=3),
)
def test_a_rollout_keeps_its_bounds(replicas, surge, unavailable, lost):
    world = live()
    key = world.deployment(replicas, strategy=rolling(surge, unavailable))
    world.run(30 * SECOND)
    most, fewest = world.store.objects("deployments").get(key).value.fenceposts
    most, fewest = replicas + most, replicas - fewest
    seen = follow(world, key)
    gone = []

    def lose(nth):
        alive = world.alive()
        if alive:
            gone.append(alive[nth % len(alive)])
            world.store.delete_pod(gone[-1])

    world.at(30 * SECOND, lambda: world.patch(key, template=NEXT))
    for tenths, nth in lost:
        world.at(30 * SECOND + tenths * 100_000 + 1, lambda nth=nth: lose(nth))
    lowest, highest = [], []

    def look(now_us):
        """After every change of a pod that the store has seen."""
        cursor.drain(now_us)
        pods, alive = world.cluster.pods, world.alive()
        highest.append(len(alive))
        lowest.append(sum(1 for pod in alive if pods.ready[pod]) + len(gone))

    from simk8s.kernel.phase import Phase as Order

    cursor = world.store.pods.subscribe(world.clock.bell("test/bounds", Order.DELIVER, look))
    world.run(120 * SECOND)
    assert len(highest) >= 2 * replicas, "every pod of both templates was looked at"
    # The bound is one of specs (`seen`). For a moment there may be more pods: one is created before
    # the one that made room is deleted, by another sync; one that is lost is replaced too late.
    assert max(highest) <= most + 2 + len(gone), "more pods at once than maxSurge allows"
    assert all(sum(step) <= most for step in seen), (most, seen)
    assert min(lowest) >= fewest, "the controller took a pod that was needed"
    assert sizes(world, key)[-1] == replicas
    assert sum(sizes(world, key)) == replicas
    assert counts(world.rollout(key)) == (replicas, replicas, replicas, replicas, 0)


def test_scaling_goes_through_the_replicaset():
    world = live()
    key = world.deployment(3)
    world.at(5 * SECOND, lambda: world.patch(key, replicas=9))
    world.run(20 * SECOND)
    assert (sizes(world, key), len(world.alive())) == ([9], 9)
    world.at(20 * SECOND, lambda: world.patch(key, replicas=2))
    world.run(40 * SECOND)
    assert (sizes(world, key), len(world.alive())) == ([2], 2)
    assert world.sets(key)[0].desired == 2


def test_a_scale_up_in_a_rollout_is_shared_out():
    """Rollout of 10 stuck at 8 old and 5 new, scaled to 20: 25 allowed, in proportion."""
    world = live()
    key = world.deployment(10)
    world.run(10 * SECOND)
    stuck = {"spec": {**NEXT["spec"], "nodeSelector": {"no": "such"}}}
    world.at(10 * SECOND, lambda: world.patch(key, template=stuck))
    world.scheduler.schedule = lambda now_us: None
    world.scheduler.bell.handler = lambda now_us: None
    world.run(40 * SECOND)
    assert sizes(world, key) == [8, 5]
    world.at(40 * SECOND, lambda: world.patch(key, replicas=20))
    world.run(41 * SECOND)
    assert sum(sizes(world, key)) == 25
    assert sizes(world, key) == [15, 10]


def test_a_rollback_uses_the_old_replicaset_again():
    world = live()
    key = world.deployment(4)
    world.at(10 * SECOND, lambda: world.patch(key, template=NEXT))
    world.run(40 * SECOND)
    assert [(one.replicas, one.revision) for one in world.sets(key)] == [(0, 1), (4, 2)]
    world.at(40 * SECOND, lambda: world.undo(key))
    world.run(80 * SECOND)
    assert [(one.replicas, one.revision) for one in world.sets(key)] == [(4, 3), (0, 2)]
    assert world.store.objects("deployments").get(key).value.rollback_to is None


def test_a_rollback_to_what_never_was_changes_nothing():
    world = live()
    key = world.deployment(4)
    world.at(10 * SECOND, lambda: world.undo(key, revision=7))
    world.run(30 * SECOND)
    assert sizes(world, key) == [4]
    assert world.store.objects("deployments").get(key).value.rollback_to is None


def test_a_paused_deployment_is_scaled_and_not_rolled_out():
    world = live()
    key = world.deployment(4)
    world.at(10 * SECOND, lambda: world.patch(key, paused=True))
    world.at(11 * SECOND, lambda: world.patch(key, paused=True, template=NEXT, replicas=6))
    world.run(30 * SECOND)
    assert sizes(world, key) == [6]
    assert world.rollout(key).progress.reason == "DeploymentPaused"
    world.at(30 * SECOND, lambda: world.patch(key, paused=False))
    world.run(60 * SECOND)
    assert sizes(world, key) == [0, 6]


def test_recreate_waits_for_the_last_old_pod():
    world = live()
    key = world.deployment(5, strategy={"type": "Recreate"})
    world.run(10 * SECOND)
    old = world.alive()
    world.at(10 * SECOND, lambda: world.patch(key, template=NEXT))
    world.run(40 * SECOND)
    gone = max(world.times("pods", Verb.DELETED, pod)[0] for pod in old)
    created = [t for t in world.times("pods", Verb.ADDED) if t > 10 * SECOND]
    assert len(created) == 5
    assert min(created) > gone
    assert sizes(world, key) == [0, 5]


def test_a_rollout_that_stands_still_passes_its_deadline_and_goes_on():
    world = World(["deployment", "replicaset"], times=Times(), kubelets=HALF_A_SECOND)
    key = world.deployment(2, progressDeadlineSeconds=30)
    world.run(29 * SECOND)
    assert world.rollout(key).progress.reason == "ReplicaSetUpdated"
    world.run(40 * SECOND)
    late = world.rollout(key).progress
    assert (late.status, late.reason) == ("False", "ProgressDeadlineExceeded")
    world.at(50 * SECOND, lambda: world.nodes(2))
    world.run(60 * SECOND)
    assert world.rollout(key).progress.reason == "NewReplicaSetAvailable"


def test_old_revisions_beyond_the_limit_are_deleted():
    world = live()
    key = world.deployment(2, revisionHistoryLimit=2)
    for number in range(1, 6):
        image = {"spec": {"containers": [{"image": f"v{number}", "name": "c"}]}}
        world.at(number * 20 * SECOND, lambda image=image: world.patch(key, template=image))
    world.run(200 * SECOND)
    assert [one.revision for one in world.sets(key)] == [4, 5, 6]


def test_pods_that_are_not_available_go_first():
    """A rollout from a template that never starts takes nothing from what is healthy."""
    world = live()
    key = world.deployment(4, strategy=rolling(1, 0))
    world.run(10 * SECOND)
    broken = {"spec": {"containers": [{"image": "broken", "name": "c"}]}}
    world.kubelets._starts.handler = lambda now_us, timers: None
    world.at(10 * SECOND, lambda: world.patch(key, template=broken))
    world.run(20 * SECOND)
    assert sizes(world, key) == [4, 1]
    world.at(20 * SECOND, lambda: world.patch(key, template=NEXT))
    world.run(30 * SECOND)
    assert sizes(world, key) == [4, 0, 1], "the broken pod makes room for the next"


def test_status_does_not_move_while_pods_are_created():
    world = live()
    key = world.deployment(200)
    seen = []
    for tenths in range(150):
        world.at(tenths * 100_000, lambda: seen.append(world.rollout(key).replicas))
    world.run(20 * SECOND)
    assert set(seen) == {0, 200}
    assert seen.count(0) > 80


def test_the_manager_creates_at_its_clients_pace_and_not_faster():
    """20 QPS with a burst of 30, shared by the pods and Events of all ReplicaSets."""
    world = live()
    for name in ("one", "two"):
        world.deployment(100, name=name)
    world.run(30 * SECOND)
    created = sorted(world.times("pods", Verb.ADDED))
    assert len(created) == 200
    for nth, t in enumerate(created):
        assert nth + 1 <= 30 + 20 * t / SECOND + 1, f"pod {nth} came too early"
    assert created[-1] > (200 - 30) / 20 * SECOND


def test_without_throttling_nothing_waits():
    world = live(throttled=False)
    key = world.deployment(200)
    world.run(5 * SECOND)
    assert counts(world.rollout(key)) == (200, 200, 200, 200, 0)


def test_unready_pods_count_against_availability():
    world = live()
    key = world.deployment(4)
    world.run(10 * SECOND)
    pods = world.cluster.pods
    world.at(10 * SECOND, lambda: world.store.set_pod_ready(0, False, pods.epoch[0]))
    world.run(11 * SECOND)
    assert counts(world.rollout(key)) == (4, 4, 3, 3, 1)
    world.at(11 * SECOND, lambda: world.store.set_pod_ready(0, True, pods.epoch[0]))
    world.run(12 * SECOND)
    assert counts(world.rollout(key)) == (4, 4, 4, 4, 0)
    assert pods.phase[0] == Phase.RUNNING
    assert pods.deletion_us[0] == NEVER


def test_templates_alike_are_one_revision():
    world = live()
    key = world.deployment(2)
    world.at(5 * SECOND, lambda: world.patch(key, template=dict(TEMPLATE)))
    world.run(10 * SECOND)
    assert len(world.sets(key)) == 1
