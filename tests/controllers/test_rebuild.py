"""What a new leader of kube-controller-manager knows, and what died with the one before."""

from __future__ import annotations

from dataclasses import replace

from simk8s.controllers import _owned as owned
from simk8s.controllers._listing import Listing
from simk8s.state.pods import Phase
from simk8s.state.workloads import JobCondition
from tests.controllers import owners
from tests.controllers.world import SECOND, Times, World


def crash(world, second, lasts=16):
    world.at(second * SECOND, world.manager.halt)
    world.at((second + lasts) * SECOND, world.manager.resume)


def settled(*setups, crashes=(), names=None):
    """A world in which something was set up in the first seconds, after ten minutes."""
    world = World(times=Times()) if names is None else World(names, times=Times())
    world.nodes(4, "a")
    for setup in setups:
        world.at(SECOND, lambda setup=setup: setup(world))
    for second in crashes:
        crash(world, second)
    world.run(600 * SECOND)
    return world


def everything(world):
    world.replicaset(12)
    world.deployment(6)
    world.job(completions=9, parallelism=3, lifetime_us=20 * SECOND)
    owners.statefulset(world, 4, name="db")
    owners.daemonset(world, name="agent")
    owners.controller(world, 2)
    world.quota({"pods": 100})
    world.budget("keep", {"app": "kept"}, minAvailable=1)


def test_a_crash_in_a_world_that_is_as_it_should_be_writes_nothing():
    world = settled(everything)
    before, writes = len(world.history), {n: r.client.writes for n, r in world.runners.items()}
    crash(world, 700)
    world.run(2_000 * SECOND)
    assert len(world.history) == before
    assert {n: r.client.writes for n, r in world.runners.items()} == writes


def test_caches_are_those_of_the_store_again():
    world = settled(everything, crashes=(300,))
    pods, sets = world.cluster.pods, world.runners["replicaset"].controller
    for mine in sets._by_owner.values():
        alive = [p for p in world.alive() if mine is sets._by_owner.get(pods.owner[p])]
        assert sorted(mine.active) == alive
        assert mine.ready == sum(pods.ready[p] for p in alive)
        assert sorted(mine.available) == alive
    health = world.runners["node_lifecycle"].controller._health
    assert [(zone.size, zone.not_ready) for zone in health.zones.values()] == [(4, 0)]
    (daemons,) = world.runners["daemonset"].controller._books.values()
    assert daemons.desired == 4


def test_expectations_die_with_the_leader():
    """It had asked for pods that it never saw come; the next one counts and asks again."""
    world = settled(lambda w: w.replicaset(3))
    (mine,) = world.runners["replicaset"].controller._by_owner.values()
    mine.creating = 5  # of which it will never hear
    table = world.store.objects("replicasets")
    stored = table.get("default/web")
    wanted = replace(stored.value, replicas=6, generation=2)
    assert table.update("default/web", wanted, stored.version)
    world.run(900 * SECOND)
    assert len(world.alive()) == 3
    crash(world, 901)
    world.run(1_200 * SECOND)
    assert len(world.alive()) == 6


def test_what_waits_for_a_token_dies_too():
    """20 a second and 30 at once: of 400 pods most were not yet sent when the leader died."""
    world = World(times=Times())
    world.nodes(4, "a")
    world.at(SECOND, lambda: world.replicaset(400))
    crash(world, 8)
    world.run(23 * SECOND)
    sent = len(world.alive())
    assert 100 < sent < 250  # about 30 + 20 · 7 and no more for the next 16 s
    world.run(600 * SECOND)
    assert len(world.alive()) == 400
    pods = world.cluster.pods
    assert sum(phase != Phase.UNBORN for phase in pods.phase) == 400  # none was made twice


def test_a_job_counts_each_pod_once():
    def work(world):
        world.job(completions=24, parallelism=3, lifetime_us=5 * SECOND)

    crashes = (4, 9, 33, 52, 71, 90)
    world = settled(work, crashes=crashes)
    status = world.progress("default/work")
    assert status.condition is JobCondition.COMPLETE
    pods = world.cluster.pods
    done = sum(phase == Phase.SUCCEEDED for phase in pods.phase)
    assert status.succeeded == done == 24
    assert status.failed == 0


def test_backoffs_are_forgotten():
    world = settled(lambda w: w.replicaset(2))
    queue = world.runners["replicaset"].queue
    for _ in range(12):
        queue.limiter.when(world.clock.now_us, "default/web")
    crash(world, 700)
    world.run(720 * SECOND)
    assert queue.limiter.backoff.failures("default/web") == 0


def test_a_sync_that_was_under_way_goes_no_further():
    world = World(["replicaset"], times=Times())
    world.nodes(2, "a")
    world.at(SECOND, lambda: world.replicaset(64))
    world.run(SECOND + 100_000)
    first = world.runners["replicaset"].controller
    world.manager.halt()
    made = len(world.alive())
    world.run(10 * SECOND)
    assert len(world.alive()) - made <= 4  # what was with the API server, and no later batch
    world.manager.resume()
    assert world.runners["replicaset"].controller is not first
    world.run(60 * SECOND)
    assert len(world.alive()) == 64


def test_a_descheduler_is_a_process_of_its_own():
    names = ["node_lifecycle", "replicaset", "descheduler"]
    world = World(names, times=Times())
    first = {name: runner.controller for name, runner in world.runners.items()}
    world.nodes(4, "a")
    world.at(SECOND, lambda: world.replicaset(4))
    crash(world, 300)
    world.run(600 * SECOND)
    kept = [name for name, runner in world.runners.items() if runner.controller is first[name]]
    assert kept == ["descheduler"]


def test_owned_pods_heard_from_a_list_are_counted_as_they_are():
    world = settled(lambda w: w.replicaset(5))
    pods = owned.OwnedPods("x")
    table = world.cluster.pods
    for _, verb, pod in Listing(world.store, world.clock.now_us).of(world.store.pods):
        pods.hear(verb, pod, table.phase[pod], bool(table.ready[pod]))
    assert len(pods.active) == pods.ready == 5
    assert pods.settled


def test_a_node_that_came_back_while_nobody_led_can_be_lost_again():
    """Seed 300367: it stayed Unknown for the next leader, which never noticed its next silence."""
    world = World(times=Times())
    first, *_ = world.nodes(3, "a")
    world.crash(100 * SECOND, first)
    crash(world, 200)
    world.restore(205 * SECOND, first)
    world.crash(400 * SECOND, first)
    world.run(300 * SECOND)
    assert world.store.ready[first]
    assert world.taints(first) == []
    world.run(470 * SECOND)
    assert not world.store.ready[first]
    assert "unreachable:NoExecute" in world.taints(first)
